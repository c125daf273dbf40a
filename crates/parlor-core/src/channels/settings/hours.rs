//! When somebody is there to answer.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Map, Value as Json, json};

use crate::{Result, given::Given};

/// The most stretches of a day.
const MOST_STRETCHES: usize = 10;
/// The most characters of the message that is shown meanwhile.
const LONGEST_MESSAGE: usize = 500;
/// The minutes of a day on the clock.
const DAY: u16 = 24 * 60;

/// The days of a week, as they are called in a document.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// When somebody is there to answer, week by week, by the clocks of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Whether they are told to visitors.
    pub enabled: bool,
    /// An IANA time zone.
    zone: TimeZone,
    /// From Monday, in order; they do not overlap.
    week: [Vec<Stretch>; 7],
    /// Shown while nobody is there; may be empty.
    pub away_message: String,
}

/// From one time of a day until another, in minutes on the clock; 24 × 60 is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: u16,
    until: u16,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Open,
    Closed {
        /// `None` for a week without a single hour.
        opens_at: Option<Timestamp>,
    },
}

impl Hours {
    /// Whether somebody is there at `now`, and when again if not.
    ///
    /// The clocks of the place count, whatever they do that day: a time that they skip is the moment they skip to, and of a time that they
    /// show twice the first counts.
    pub fn opening(&self, now: Timestamp) -> Opening {
        let today = now.to_zoned(self.zone.clone()).date();
        let mut opens_at = None;
        // Of today a week later the hours may be all that is left.
        for ahead in 0..=7_i64 {
            let Ok(date) = today.checked_add(ahead.days()) else { break };
            for stretch in &self.week[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())] {
                let (Some(from), Some(until)) =
                    (self.moment(date, stretch.from), self.moment(date, stretch.until))
                else {
                    continue;
                };
                if from <= now && now < until {
                    return Opening::Open;
                }
                // A stretch may lie in the hour that the clocks skip, and then it is none.
                if now < from && from < until {
                    opens_at = opens_at.or(Some(from));
                }
            }
            if opens_at.is_some() {
                break;
            }
        }
        Opening::Closed { opens_at }
    }

    /// When the clocks show this time of this day. `None` at the end of all time.
    fn moment(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (date, minute) = if minute == DAY { (date.tomorrow().ok()?, 0) } else { (date, minute) };
        let hour = i8::try_from(minute / 60).ok()?;
        let minute = i8::try_from(minute % 60).ok()?;
        let shown = date.at(hour, minute, 0, 0);
        Some(shown.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    pub(super) fn parse(given: &Given<'_>) -> Result<Hours> {
        let members = given.members(&["enabled", "timezone", "week", "away_message"])?;
        let named = members.required("timezone")?;
        let zone = TimeZone::get(named.text()?)
            .map_err(|_| named.wrong("must be a time zone such as Europe/Berlin"))?;
        let week = members.required("week")?.members(&DAYS)?;
        let mut days: [Vec<Stretch>; 7] = Default::default();
        for (day, name) in days.iter_mut().zip(DAYS) {
            if let Some(given) = week.optional(name) {
                *day = stretches(&given)?;
            }
        }
        let away_message = members.optional("away_message").map(|given| given.words(LONGEST_MESSAGE));
        Ok(Hours {
            enabled: members.required("enabled")?.truth()?,
            zone,
            week: days,
            away_message: away_message.transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn document(&self) -> Json {
        let day = |day: &Vec<Stretch>| -> Json {
            day.iter().map(|stretch| json!([shown(stretch.from), shown(stretch.until)])).collect()
        };
        let week: Map<String, Json> = DAYS
            .iter()
            .zip(&self.week)
            .map(|(name, stretches)| ((*name).to_owned(), day(stretches)))
            .collect();
        json!({
            "enabled": self.enabled,
            "timezone": self.zone.iana_name(),
            "week": week,
            "away_message": self.away_message,
        })
    }
}

fn stretches(given: &Given<'_>) -> Result<Vec<Stretch>> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for item in given.items(MOST_STRETCHES)? {
        let ends = item.items(2)?;
        let [from, until] = ends.as_slice() else {
            return Err(item.wrong("must be two times such as [\"09:00\", \"17:00\"]"));
        };
        let stretch = Stretch { from: minute(from)?, until: minute(until)? };
        if stretch.until <= stretch.from {
            return Err(
                item.wrong("must end after it begins; a night ends at 24:00 and goes on the next day")
            );
        }
        if stretches.last().is_some_and(|last| stretch.from < last.until) {
            return Err(item.wrong("must begin when the one before it has ended"));
        }
        stretches.push(stretch);
    }
    Ok(stretches)
}

/// `HH:MM`, from 00:00 to 24:00.
fn minute(given: &Given<'_>) -> Result<u16> {
    let text = given.text()?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let minute = text.split_once(':').and_then(|(hour, minute)| {
        let minute = two(minute).filter(|&minute| minute < 60)?;
        Some(two(hour)? * 60 + minute)
    });
    minute.filter(|&minute| minute <= DAY).ok_or_else(|| given.wrong("must be a time from 00:00 to 24:00"))
}

fn shown(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
