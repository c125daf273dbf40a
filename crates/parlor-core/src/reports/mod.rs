//! Reports: what became of the conversations of some days, in numbers.
//!
//! A report is about sessions: it reads one row for each, some at a time, and never a message. A session belongs to the day on which its
//! first message came; what was resolved, to the day on which that happened.

mod add;
mod sql;

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels,
    ids::{AccountId, AgentId, ChannelId, ConversationId, SessionId},
};

use add::Sums;

/// The most days of a report.
const MOST_DAYS: i32 = 366;
/// The most sessions that a report adds up, with those of the period before.
const MOST_SESSIONS: usize = 1_000_000;
/// The most labels that a report counts.
const MOST_TAGS: usize = 20;
/// So many sessions are read at once; between two readings others have their turn.
const AT_ONCE: i64 = 2000;

/// Which days, and where a day begins.
#[derive(Clone, Debug)]
pub struct Asked {
    from: Date,
    to: Date,
    zone: TimeZone,
    channel_id: Option<ChannelId>,
}

impl Asked {
    /// The days from `from` to `to`, both included, as they are in `timezone` (a name like `Europe/Berlin`; UTC without one).
    ///
    /// # Errors
    /// [`Error::Invalid`] for a date or a zone that is none, and for no day or more than 366.
    pub fn new(from: &str, to: &str, timezone: Option<&str>, channel_id: Option<ChannelId>) -> Result<Asked> {
        let day = |field: &'static str, text: &str| {
            let day: Option<Date> = if text.len() == 10 { text.parse().ok() } else { None };
            day.filter(|day| (date(2000, 1, 1)..date(2200, 1, 1)).contains(day))
                .ok_or_else(|| Error::invalid(field, "must be a date like 2026-05-31"))
        };
        let (from, to) = (day("from", from)?, day("to", to)?);
        let zone = match timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                Error::invalid("timezone", "must be the name of a time zone like Europe/Berlin")
            })?,
        };
        let asked = Asked { from, to, zone, channel_id };
        match asked.length() {
            1..=MOST_DAYS => Ok(asked),
            ..=0 => Err(Error::invalid("to", "must not be before from")),
            _ => Err(Error::invalid("to", "must be at most 366 days after from")),
        }
    }

    pub fn from(&self) -> Date {
        self.from
    }

    pub fn to(&self) -> Date {
        self.to
    }

    fn length(&self) -> i32 {
        self.to.since(self.from).map_or(0, |span| span.get_days()).saturating_add(1)
    }

    /// As it is in the zone of the report.
    pub fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn begins(&self) -> Result<Timestamp> {
        self.midnight(self.from)
    }

    fn ends(&self) -> Result<Timestamp> {
        self.midnight(self.to.tomorrow().map_err(Error::internal)?)
    }

    /// When a day begins: where the clocks are set forward at midnight, an hour later.
    fn midnight(&self, day: Date) -> Result<Timestamp> {
        day.to_zoned(self.zone.clone()).map(|midnight| midnight.timestamp()).map_err(Error::internal)
    }

    /// As many days right before.
    fn before(&self) -> Result<Asked> {
        let to = self.from.yesterday().map_err(Error::internal)?;
        let days = jiff::Span::new().days(i64::from(self.length()));
        let from = self.from.checked_sub(days).map_err(Error::internal)?;
        Ok(Asked { from, to, ..self.clone() })
    }
}

/// What became of the conversations of some days.
#[derive(Clone, Debug)]
pub struct Report {
    pub totals: Totals,
    /// The same of as many days right before.
    pub previous: Totals,
    pub days: Vec<Day>,
    /// How many conversations began in each hour of each day of the week, Monday first.
    pub hours: [[i64; 24]; 7],
    /// The commonest first.
    pub tags: Vec<(String, i64)>,
    /// The busiest first.
    pub agents: Vec<AgentNumbers>,
}

/// Sums and middles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many began.
    pub conversations: i64,
    /// How many were resolved and are so still, whenever they began.
    pub resolved: i64,
    pub messages_in: i64,
    pub messages_out: i64,
    /// In seconds, until a person first replied: from the first message on, or from when the assistant handed over.
    pub first_response: Spread,
    /// In seconds, from the first message until it was resolved.
    pub resolution: Spread,
    /// How many the assistant answered, and neither handed over nor a person replied in.
    pub answered_by_assistant: i64,
    pub handed_over: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// How many visitors gave 1 to 5.
    pub ratings: [i64; 5],
}

impl Totals {
    /// How many visitors have rated, and what they gave on average.
    pub fn rating(&self) -> (i64, Option<f64>) {
        average(&self.ratings)
    }
}

/// How many ratings there are, and their average.
#[expect(clippy::cast_precision_loss, reason = "not that many people rate")]
fn average(ratings: &[i64; 5]) -> (i64, Option<f64>) {
    let count: i64 = ratings.iter().sum();
    let sum: i64 = ratings.iter().zip(1..).map(|(count, score)| count * score).sum();
    (count, (count > 0).then(|| sum as f64 / count as f64))
}

/// Of some numbers the smallest that half of them, or nine tenths, do not exceed. `None` where there is no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    pub median: Option<i64>,
    pub p90: Option<i64>,
}

/// A day in the zone of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    pub date: Date,
    pub conversations: i64,
    pub resolved: i64,
    pub messages_in: i64,
    pub first_response_median: Option<i64>,
}

/// What one of the team has done, also of those who have left it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentNumbers {
    pub id: AgentId,
    pub name: String,
    /// How many that began in these days they replied in or have.
    pub conversations: i64,
    pub replies: i64,
    /// How many were resolved that they had.
    pub resolved: i64,
    /// Where they were the first person to reply.
    pub first_response_median: Option<i64>,
    /// Of what they had.
    pub rating_average: Option<f64>,
}

/// Adds up the conversations of some days. One report is made at a time; meanwhile others read and write.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel; [`Error::Invalid`] where these are too many.
pub async fn report(app: &App, actor: &Actor, asked: &Asked) -> Result<Report> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    check_channel(app, account_id, asked).await?;
    let _place = app.reporting.acquire().await.map_err(Error::internal)?;
    let mut left = MOST_SESSIONS;
    let sums = add_up(app, account_id, asked, &mut left).await?;
    let previous = add_up(app, account_id, &asked.before()?, &mut left).await?;
    let names = app.db.read(move |tx| Box::pin(async move { sql::names(tx, account_id).await })).await?;
    Ok(sums.report(asked, &previous, &names))
}

async fn check_channel(app: &App, account_id: AccountId, asked: &Asked) -> Result<()> {
    let Some(id) = asked.channel_id else { return Ok(()) };
    let read = app.db.read(move |tx| Box::pin(async move { channels::sql::get(tx, account_id, id).await }));
    read.await?.map(drop).ok_or(Error::NotFound("Channel"))
}

async fn add_up(app: &App, account_id: AccountId, asked: &Asked, left: &mut usize) -> Result<Sums> {
    let mut sums = Sums::default();
    let mut stretch = Stretch::new(account_id, asked)?;
    loop {
        let some = stretch.clone();
        let (begun, replies) = app
            .db
            .read(move |tx| {
                Box::pin(async move {
                    let begun = sql::begun(tx, &some, AT_ONCE).await?;
                    let Some(last) = begun.last() else { return Ok((begun, Vec::new())) };
                    let replies = sql::replies(tx, &some, (last.at, last.id)).await?;
                    Ok((begun, replies))
                })
            })
            .await?;
        let last = begun.last().map(|last| (last.at, last.id));
        let goes_on = take(left, begun.len())?;
        sums.add_begun(asked, begun, &replies);
        match last {
            Some(last) if goes_on => stretch.after = last,
            _ => break,
        }
    }
    let mut stretch = Stretch::new(account_id, asked)?;
    loop {
        let some = stretch.clone();
        let read = app.db.read(move |tx| Box::pin(async move { sql::resolved(tx, &some, AT_ONCE).await }));
        let resolved = read.await?;
        let last = resolved.last().map(|last| (last.at, last.id));
        let goes_on = take(left, resolved.len())?;
        sums.add_resolved(asked, &resolved);
        match last {
            Some(last) if goes_on => stretch.after = last,
            _ => break,
        }
    }
    Ok(sums)
}

/// Whether there may be more after so many.
fn take(left: &mut usize, read: usize) -> Result<bool> {
    *left = left.checked_sub(read).ok_or_else(|| Error::invalid("to", "covers too many conversations"))?;
    Ok(read as i64 == AT_ONCE)
}

/// Sessions of a time, in its order, from a place on.
#[derive(Clone)]
struct Stretch {
    account_id: AccountId,
    channel_id: Option<ChannelId>,
    after: (Timestamp, SessionId),
    ends: Timestamp,
}

impl Stretch {
    fn new(account_id: AccountId, asked: &Asked) -> Result<Stretch> {
        let first = (asked.begins()?, SessionId(uuid::Uuid::nil()));
        Ok(Stretch { account_id, channel_id: asked.channel_id, after: first, ends: asked.ends()? })
    }
}

/// A session in a table of all of them.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: SessionId,
    pub conversation_id: ConversationId,
    pub channel: String,
    pub contact_name: Option<String>,
    pub contact_email: Option<String>,
    pub status: crate::conversations::Status,
    pub assignee: Option<String>,
    pub tags: Vec<String>,
    pub began_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub messages_in: i64,
    pub messages_out: i64,
    pub first_response: Option<i64>,
    pub resolution: Option<i64>,
    pub by_assistant: bool,
    pub handed_over: bool,
    pub rating: Option<i64>,
    pub rating_comment: Option<String>,
}

/// The sessions that began in these days, in that order: the first thousand, or those after a line. Fewer than that are the last ones.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel.
pub async fn lines(app: &App, actor: &Actor, asked: &Asked, after: Option<&Line>) -> Result<Vec<Line>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    check_channel(app, account_id, asked).await?;
    let mut stretch = Stretch::new(account_id, asked)?;
    if let Some(line) = after {
        stretch.after = (line.began_at, line.id);
    }
    app.db.read(move |tx| Box::pin(async move { sql::lines(tx, &stretch, MOST_LINES).await })).await
}

/// The most lines that are read at once.
pub const MOST_LINES: i64 = 1000;
