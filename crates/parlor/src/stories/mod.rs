//! Believable conversations of a plant shop, told from a seed: the same seed tells the same stories, reckoned from the present.

mod chance;
mod phrases;

use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use parlor_core::{
    contacts::ExternalId,
    conversations::{Answering, Content, ContentType, Rating, Score},
    ids::{AgentId, AssistantId, ChannelId},
    import::{PastConversation, PastMessage, PastSender, PastSession},
};
use serde_json::json;

use chance::Chance;
use phrases::{Language, Subject};

/// How far back the stories go.
const DAYS: i64 = 180;
/// About so many messages make a session.
const SESSION: i64 = 14;
const MOST_SESSIONS: i64 = 5;

/// Where the stories take place.
pub struct Shop {
    pub channels: Vec<Place>,
    pub agents: Vec<(AgentId, String)>,
}

/// A channel and who answers on it.
pub struct Place {
    pub channel_id: ChannelId,
    pub assistant: (AssistantId, String),
}

/// Tells so many conversations with so many messages in all, roughly in the order in which they began.
pub struct Teller {
    shop: Shop,
    languages: Vec<Language>,
    plants: Vec<&'static str>,
    cities: Vec<&'static str>,
    chance: Chance,
    now: Timestamp,
    /// What makes the contacts of this telling others than those of an earlier one.
    telling: u32,
    told: u64,
    conversations: u64,
    messages: u64,
}

/// Who is talking about what.
struct Talk<'a> {
    language: &'a Language,
    subject: &'a Subject,
    plant: &'static str,
    city: &'static str,
    order: String,
}

impl Teller {
    /// `messages` is at least `conversations`: everybody says something.
    pub fn new(shop: Shop, now: Timestamp, seed: u64, conversations: u64, messages: u64) -> Teller {
        Teller {
            shop,
            languages: phrases::languages(),
            plants: phrases::words("plants"),
            cities: phrases::words("cities"),
            chance: Chance::new(seed),
            now,
            telling: u32::try_from(now.as_millisecond() & 0xffff_ffff).unwrap_or_default(),
            told: 0,
            conversations,
            messages,
        }
    }

    /// How many messages the next conversation gets, so that in the end there are exactly as many as there should be.
    fn length(&mut self) -> i64 {
        let left = self.conversations - self.told;
        if left == 1 {
            return i64::try_from(self.messages).unwrap_or(i64::MAX);
        }
        let mean = self.messages as f64 / left as f64;
        let drawn = 1.0 + self.chance.around(mean - 1.0).min(mean * 6.0).round();
        i64::try_from((drawn as u64).min(self.messages - (left - 1))).unwrap_or(1).max(1)
    }

    /// Business grows, and at night and on Sundays less happens.
    fn begins(&mut self) -> Timestamp {
        let part = (self.told as f64 + self.chance.fraction()) / self.conversations as f64;
        let back = (DAYS as f64 * (1.0 - part.powf(0.8))).floor() as i64;
        let day = self.now.to_zoned(TimeZone::UTC).date();
        let mut day = day.saturating_sub(SignedDuration::from_hours(24 * back));
        if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && self.chance.percent(60) {
            day = day.saturating_sub(SignedDuration::from_hours(48));
        }
        // The sum of three draws lies mostly in the middle of the day.
        let minute = (0..3).map(|_| self.chance.between(0, 479)).sum::<i64>();
        let second = SignedDuration::from_secs(60 * minute + self.chance.between(0, 59));
        let midnight = day.to_zoned(TimeZone::UTC).map_or(self.now, |midnight| midnight.timestamp());
        midnight.saturating_add(second).unwrap_or(self.now).min(self.past(60))
    }

    fn past(&self, seconds: i64) -> Timestamp {
        self.now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(self.now)
    }

    fn conversation(&mut self) -> parlor_core::Result<PastConversation> {
        let length = self.length();
        let begins = self.begins();
        let languages = std::mem::take(&mut self.languages);
        let language = self.language(&languages);
        let (first, last) =
            (*self.chance.pick(&language.first_names), *self.chance.pick(&language.last_names));
        let contact = self.contact(first, last);
        // Most come by the first channel.
        let place =
            if self.chance.percent(80) { 0 } else { self.chance.below(self.shop.channels.len() as u64) };
        let place = usize::try_from(place).unwrap_or_default();
        let sessions = self.sessions(language, place, length, begins);
        self.languages = languages;
        let (external_id, display_name, email, phone) = contact;
        Ok(PastConversation {
            channel_id: self.shop.channels[place].channel_id,
            external_id: ExternalId::parse(&external_id)?,
            display_name,
            email,
            phone,
            sessions: sessions?,
        })
    }

    fn language<'a>(&mut self, languages: &'a [Language]) -> &'a Language {
        let mut drawn = u32::try_from(self.chance.below(100)).unwrap_or_default();
        for language in languages {
            if drawn < language.share {
                return language;
            }
            drawn -= language.share;
        }
        &languages[0]
    }

    /// External id, name, address and number. Many stay without a name.
    fn contact(
        &mut self,
        first: &str,
        last: &str,
    ) -> (String, Option<String>, Option<String>, Option<String>) {
        let external_id =
            format!("{:08x}{:06x}{:018x}", self.telling, self.told, self.chance.below(u64::MAX));
        if self.chance.percent(25) {
            return (external_id, None, None, None);
        }
        let letters = |name: &str| -> String { name.chars().filter(char::is_ascii_alphabetic).collect() };
        let local =
            format!("{}.{}{}", letters(first), letters(last), self.chance.below(9000) + 1000).to_lowercase();
        let host = *self.chance.pick(&["mail.example", "post.example", "inbox.example", "office.example"]);
        let email = self.chance.percent(80).then(|| format!("{}@{host}", local.trim_start_matches('.')));
        let phone =
            self.chance.percent(25).then(|| format!("+49{}", 1_500_000_000 + self.chance.below(99_999_999)));
        (external_id, Some(format!("{first} {last}")), email, phone)
    }

    fn sessions(
        &mut self,
        language: &Language,
        place: usize,
        length: i64,
        begins: Timestamp,
    ) -> parlor_core::Result<Vec<PastSession>> {
        let mut sessions: Vec<PastSession> = Vec::new();
        let (mut at, mut left) = (begins, length);
        let most = (length / SESSION).clamp(1, MOST_SESSIONS);
        for number in 1..=most {
            let last = number == most;
            let share = if last { left } else { (left / (most - number + 1)).max(1) };
            // Whoever comes back does so before the present; what is left is said now.
            let back = SignedDuration::from_secs(self.chance.between(2 * 86_400, 30 * 86_400));
            let next = at.saturating_add(back).unwrap_or(self.now);
            let last = last || next > self.past(3600);
            let session = self.session(language, place, if last { left } else { share }, at, last)?;
            sessions.push(session);
            if last {
                break;
            }
            left -= share;
            at = next;
        }
        Ok(sessions)
    }

    fn session(
        &mut self,
        language: &Language,
        place: usize,
        length: i64,
        begins: Timestamp,
        newest: bool,
    ) -> parlor_core::Result<PastSession> {
        let talk = Talk {
            language,
            subject: self.chance.pick(&language.subjects),
            plant: self.chance.pick::<&str>(&self.plants),
            city: self.chance.pick::<&str>(&self.cities),
            order: format!("FP-{}", 100_000 + self.chance.below(900_000)),
        };
        let (id, name) = self.chance.pick(&self.shop.agents).clone();
        let (assistant_id, assistant_name) = self.shop.channels[place].assistant.clone();
        let assistant = PastSender::Assistant { id: assistant_id, name: assistant_name };
        let agent = PastSender::Agent { id, name };
        // From this message on it is a person who answers, if one does.
        let alone = self.chance.percent(40);
        let handed_over = if alone { i64::MAX } else { self.chance.between(1, 4) };
        let mut messages = Vec::new();
        let mut assigned_at = None;
        let mut at = begins;
        // Long ones are squeezed in before the present.
        let room = self.now.duration_since(begins).as_secs().max(60);
        let pace = (room as f64 / (length.max(1) as f64 * 240.0)).min(1.0);
        for number in 0..length {
            let (sender, text, pause) = if number % 2 == 0 {
                let ends = number + 2 >= length && number > 0 && self.chance.percent(60);
                let role = if number == 0 {
                    "opens"
                } else if ends {
                    "ends"
                } else {
                    "asks"
                };
                (PastSender::Contact, self.says(&talk, role), self.chance.between(12, 200))
            } else if number >= handed_over {
                assigned_at.get_or_insert(at);
                (agent.clone(), self.says(&talk, "agent"), self.chance.between(25, 900))
            } else {
                (assistant.clone(), self.says(&talk, "assistant"), self.chance.between(1, 4))
            };
            if number > 0 {
                let pause = ((pause as f64 * pace * 1000.0) as i64).max(1);
                at = at.saturating_add(SignedDuration::from_millis(pause)).unwrap_or(at).min(self.now);
            }
            let content = self.content(&sender, &text)?;
            messages.push(PastMessage { sender, content, at });
        }
        let recent = self.now.duration_since(at).as_hours() < 72;
        let open = newest && self.chance.percent(if recent { 60 } else { 2 });
        let resolved =
            at.saturating_add(SignedDuration::from_secs(self.chance.between(30, 7200))).unwrap_or(at);
        let waits = handed_over <= length && assigned_at.is_none();
        Ok(PastSession {
            assignee: assigned_at.map(|_| id),
            assigned_at,
            answering: if assigned_at.is_some() { Answering::Person } else { Answering::Assistant },
            tags: self.tags(talk.subject.name, waits),
            resolved_at: (!open).then(|| resolved.min(self.now)),
            // With the question that the assistant left to a person; where none of its answers came before, it handed over nothing.
            handed_over_at: assigned_at.filter(|_| handed_over > 1),
            rating: if open { None } else { self.rating(resolved.min(self.now))? },
            messages,
        })
    }

    fn says(&mut self, talk: &Talk<'_>, role: &str) -> String {
        let own = talk.subject.phrases(role);
        let any = talk.language.small_talk.phrases(role);
        let phrases = if own.is_empty() || (!any.is_empty() && self.chance.percent(40)) { any } else { own };
        let phrase = self.chance.pick(phrases);
        phrase.replace("{order}", &talk.order).replace("{plant}", talk.plant).replace("{city}", talk.city)
    }

    /// Plain text, but for some of the assistant's, which offer a choice.
    fn content(&mut self, sender: &PastSender, text: &str) -> parlor_core::Result<Content> {
        if !matches!(sender, PastSender::Assistant { .. }) || !self.chance.percent(4) {
            return Content::text(text);
        }
        let choice =
            json!({ "buttons": [{ "label": "👍", "value": "yes" }, { "label": "👎", "value": "no" }] });
        Content::new(ContentType::QuickButton, text, Some(choice))
    }

    /// One of three rates what was resolved, mostly well.
    fn rating(&mut self, at: Timestamp) -> parlor_core::Result<Option<Rating>> {
        if !self.chance.percent(30) {
            return Ok(None);
        }
        let score = *self.chance.pick(&[5, 5, 5, 5, 4, 4, 4, 3, 2, 1]);
        let comment = self.chance.percent(20).then(|| String::from(if score > 3 { "🙂" } else { "🙁" }));
        Ok(Some(Rating { score: Score::new(score)?, comment, at }))
    }

    fn tags(&mut self, subject: &str, waits: bool) -> Vec<String> {
        let mut tags = Vec::new();
        if self.chance.percent(75) {
            tags.push(subject.to_owned());
        }
        if waits {
            tags.push(parlor_core::assistants::NEEDS_PERSON.to_owned());
        }
        for (tag, percent) in [("refund", 8), ("vip", 2), ("feedback", 1)] {
            if self.chance.percent(percent) {
                tags.push(tag.to_owned());
            }
        }
        tags
    }
}

impl Iterator for Teller {
    type Item = parlor_core::Result<PastConversation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.told == self.conversations {
            return None;
        }
        let told = self.conversation();
        self.told += 1;
        if let Ok(told) = &told {
            self.messages -= told.sessions.iter().map(|session| session.messages.len() as u64).sum::<u64>();
        }
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn told(seed: u64) -> Vec<PastConversation> {
        let place = |number| Place {
            channel_id: ChannelId(Uuid::from_u128(number)),
            assistant: (AssistantId(Uuid::from_u128(9)), "Fern".into()),
        };
        let agents = vec![(AgentId(Uuid::from_u128(3)), "Olga".into())];
        let shop = Shop { channels: vec![place(1), place(2)], agents };
        let now = "2026-03-29T12:00:00Z".parse().expect("a time");
        Teller::new(shop, now, seed, 200, 3000).collect::<Result<_, _>>().expect("stories")
    }

    #[test]
    fn a_seed_decides_all_of_it_and_every_message_is_told() {
        let (one, again, other) = (told(1), told(1), told(2));
        assert_eq!(format!("{one:?}"), format!("{again:?}"));
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
        let messages = one.iter().flat_map(|told| &told.sessions).map(|session| session.messages.len());
        assert_eq!((one.len(), messages.sum::<usize>()), (200, 3000));
    }

    #[test]
    fn everything_happens_in_its_order_and_before_the_present() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().expect("a time");
        for conversation in told(3) {
            let sessions = &conversation.sessions;
            let times: Vec<Timestamp> =
                sessions.iter().flat_map(|session| &session.messages).map(|message| message.at).collect();
            assert!(times.is_sorted() && times.iter().all(|at| *at <= now), "{times:?}");
            let (_, earlier) = sessions.split_last().expect("a session");
            assert!(earlier.iter().all(|session| session.resolved_at.is_some()));
        }
    }
}
