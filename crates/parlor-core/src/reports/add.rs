//! Adds up sessions. Knows nothing of where they come from.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use jiff::{Timestamp, civil::Date};

use super::{AgentNumbers, Asked, Day, MOST_TAGS, Report, Spread, Totals, average};
use crate::ids::{AgentId, SessionId};

/// A session that began.
pub struct Begun {
    pub id: SessionId,
    pub at: Timestamp,
    pub assignee: Option<AgentId>,
    pub tags: Vec<String>,
    pub first_answer_at: Option<Timestamp>,
    pub first_reply_at: Option<Timestamp>,
    pub handed_over_at: Option<Timestamp>,
    pub messages_in: i64,
    pub messages_out: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub rating: Option<i64>,
}

/// What an agent has written in a session.
pub struct Replied {
    pub session_id: SessionId,
    pub agent_id: AgentId,
    pub replies: i64,
    pub first_at: Timestamp,
}

/// A session that was resolved.
pub struct Resolved {
    pub id: SessionId,
    pub at: Timestamp,
    pub began_at: Option<Timestamp>,
    pub assignee: Option<AgentId>,
}

/// What has been added up so far.
#[derive(Default)]
pub struct Sums {
    totals: Totals,
    first_responses: Vec<i64>,
    resolutions: Vec<i64>,
    days: BTreeMap<Date, DaySums>,
    hours: [[i64; 24]; 7],
    tags: HashMap<String, i64>,
    agents: HashMap<AgentId, AgentSums>,
}

#[derive(Default)]
struct DaySums {
    conversations: i64,
    resolved: i64,
    messages_in: i64,
    first_responses: Vec<i64>,
}

#[derive(Default)]
struct AgentSums {
    conversations: i64,
    replies: i64,
    resolved: i64,
    first_responses: Vec<i64>,
    ratings: [i64; 5],
}

/// In whole seconds; a clock that was set back counts as none.
pub fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().max(0)
}

/// How long a person took to reply: from the hand-over, if that came before.
pub fn first_response(
    began_at: Timestamp,
    handed_over_at: Option<Timestamp>,
    replied_at: Option<Timestamp>,
) -> Option<i64> {
    let replied_at = replied_at?;
    let since = handed_over_at.filter(|at| *at <= replied_at).unwrap_or(began_at);
    Some(seconds(since, replied_at))
}

/// The place of a rating from 1 to 5.
fn place(rating: i64) -> usize {
    usize::try_from(rating - 1).unwrap_or_default().min(4)
}

impl Sums {
    /// `replies` are those of these sessions.
    pub fn add_begun(&mut self, asked: &Asked, begun: Vec<Begun>, replies: &[Replied]) {
        let mut by_session: HashMap<SessionId, Vec<&Replied>> = HashMap::new();
        for replied in replies {
            by_session.entry(replied.session_id).or_default().push(replied);
        }
        for session in begun {
            let replies = by_session.get(&session.id).map_or(&[][..], Vec::as_slice);
            self.add(asked, session, replies);
        }
    }

    fn add(&mut self, asked: &Asked, session: Begun, replies: &[&Replied]) {
        let totals = &mut self.totals;
        totals.conversations += 1;
        totals.messages_in += session.messages_in;
        totals.messages_out += session.messages_out;
        totals.input_tokens += session.input_tokens;
        totals.output_tokens += session.output_tokens;
        totals.handed_over += i64::from(session.handed_over_at.is_some());
        let alone = session.first_reply_at.is_none() && session.handed_over_at.is_none();
        totals.answered_by_assistant += i64::from(session.first_answer_at.is_some() && alone);
        let response = first_response(session.at, session.handed_over_at, session.first_reply_at);
        self.first_responses.extend(response);
        if let Some(rating) = session.rating {
            totals.ratings[place(rating)] += 1;
        }

        let local = session.at.to_zoned(asked.zone().clone());
        let day = self.days.entry(local.date()).or_default();
        day.conversations += 1;
        day.messages_in += session.messages_in;
        day.first_responses.extend(response);
        let (weekday, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
        let place_of = |number: i8| usize::try_from(number).unwrap_or_default();
        self.hours[place_of(weekday)][place_of(hour)] += 1;

        for tag in session.tags {
            *self.tags.entry(tag).or_default() += 1;
        }
        for replied in replies {
            let agent = self.agents.entry(replied.agent_id).or_default();
            agent.conversations += 1;
            agent.replies += replied.replies;
            if session.first_reply_at == Some(replied.first_at) {
                agent.first_responses.extend(response);
            }
        }
        if let Some(assignee) = session.assignee {
            let agent = self.agents.entry(assignee).or_default();
            let counted = replies.iter().any(|replied| replied.agent_id == assignee);
            agent.conversations += i64::from(!counted);
            if let Some(rating) = session.rating {
                agent.ratings[place(rating)] += 1;
            }
        }
    }

    pub fn add_resolved(&mut self, asked: &Asked, resolved: &[Resolved]) {
        for session in resolved {
            self.totals.resolved += 1;
            self.resolutions.extend(session.began_at.map(|began_at| seconds(began_at, session.at)));
            self.days.entry(asked.day_of(session.at)).or_default().resolved += 1;
            if let Some(assignee) = session.assignee {
                self.agents.entry(assignee).or_default().resolved += 1;
            }
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            first_response: spread(&self.first_responses),
            resolution: spread(&self.resolutions),
            ..self.totals.clone()
        }
    }

    pub fn report(mut self, asked: &Asked, previous: &Sums, names: &HashMap<AgentId, String>) -> Report {
        let days = asked.from().series(jiff::Span::new().days(1)).take_while(|date| *date <= asked.to());
        let days = days.map(|date| {
            let sums = self.days.remove(&date).unwrap_or_default();
            Day {
                date,
                conversations: sums.conversations,
                resolved: sums.resolved,
                messages_in: sums.messages_in,
                first_response_median: spread(&sums.first_responses).median,
            }
        });
        let days = days.collect();
        let mut tags: Vec<(String, i64)> = self.tags.drain().collect();
        tags.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        tags.truncate(MOST_TAGS);
        let mut agents: Vec<AgentNumbers> = self
            .agents
            .drain()
            .map(|(id, sums)| AgentNumbers {
                id,
                name: names.get(&id).cloned().unwrap_or_default(),
                conversations: sums.conversations,
                replies: sums.replies,
                resolved: sums.resolved,
                first_response_median: spread(&sums.first_responses).median,
                rating_average: average(&sums.ratings).1,
            })
            .collect();
        agents.sort_by_key(|agent| (Reverse(agent.conversations), Reverse(agent.replies), agent.id));
        Report { totals: self.totals(), previous: previous.totals(), days, hours: self.hours, tags, agents }
    }
}

fn spread(numbers: &[i64]) -> Spread {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let at = |tenths: usize| sorted.get((sorted.len() * tenths).div_ceil(10).saturating_sub(1)).copied();
    Spread { median: at(5), p90: at(9) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_are_numbers_that_occur() {
        assert_eq!(spread(&[]), Spread::default());
        assert_eq!(spread(&[7]), Spread { median: Some(7), p90: Some(7) });
        assert_eq!(spread(&[4, 1]), Spread { median: Some(1), p90: Some(4) });
        assert_eq!(spread(&[9, 1, 5]), Spread { median: Some(5), p90: Some(9) });
        let ten: Vec<i64> = (1..=10).rev().collect();
        assert_eq!(spread(&ten), Spread { median: Some(5), p90: Some(9) });
    }
}
