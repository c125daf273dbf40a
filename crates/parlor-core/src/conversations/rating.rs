//! How a visitor rates what was resolved.

use jiff::{SignedDuration, Timestamp};

use super::{sql, store, visitor};
use crate::{
    Error, Result,
    app::App,
    contacts::Visitor,
    limits::{self, Action},
};

/// How a visitor has rated a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    pub score: Score,
    pub comment: Option<String>,
    pub at: Timestamp,
}

/// From 1, the worst, to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u8);

impl Score {
    /// # Errors
    /// [`Error::Invalid`] unless it is 1 to 5.
    pub fn new(given: i64) -> Result<Score> {
        match u8::try_from(given) {
            Ok(score @ 1..=5) => Ok(Score(score)),
            _ => Err(Error::invalid("rating", "must be 1 to 5")),
        }
    }

    pub fn get(self) -> u8 {
        self.0
    }
}

/// What a visitor says of a session.
#[derive(Clone, Debug)]
pub struct NewRating {
    score: Score,
    comment: Option<String>,
}

/// The most characters of a comment.
const LONGEST_COMMENT: usize = 1000;

impl NewRating {
    /// # Errors
    /// [`Error::Invalid`] unless the score is 1 to 5, and for a comment that does not do.
    pub fn new(score: i64, comment: Option<String>) -> Result<NewRating> {
        let score = Score::new(score)?;
        let comment = comment.map(|comment| comment.trim().to_owned()).filter(|comment| !comment.is_empty());
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let fits = |text: &String| text.chars().count() <= LONGEST_COMMENT && !text.contains(odd);
        if !comment.as_ref().is_none_or(fits) {
            return Err(Error::invalid("comment", "must have at most 1000 printable characters"));
        }
        Ok(NewRating { score, comment })
    }
}

/// How long a session can be rated after the visitor has begun another.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Rates the newest session that was resolved. As long as it is the newest of all, another rating takes the place of the first; once the
/// visitor has begun another, it can be rated for a week, and only once.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::NotFound`] where there is no conversation; [`Error::Unverified`];
/// [`Error::TooMany`]; [`Error::Conflict`] when there is nothing to rate, or not any more.
pub async fn rate(app: &App, visitor: &Visitor, new: NewRating) -> Result<Rating> {
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.way_in, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (channel, mut conversation) = visitor::hold(&inner, tx, &visitor).await?;
                if !channel.settings.asks_for_rating {
                    return Err(Error::Conflict("This channel asks for no ratings."));
                }
                let now = inner.now();
                let Some(resolved) = sql::newest_resolved(tx, conversation.id).await? else {
                    return Err(Error::Conflict("Nothing was resolved yet."));
                };
                let rating = Rating { score: new.score, comment: new.comment, at: now };
                if resolved.id == conversation.session.id {
                    conversation.session.rating = Some(rating.clone());
                } else if resolved.rated_at.is_some() {
                    return Err(Error::Conflict("It was rated already."));
                } else if now.duration_since(resolved.resolved_at) > AFTERWARDS {
                    return Err(Error::Conflict("It was resolved too long ago."));
                }
                sql::save_rating(tx, resolved.id, &rating).await?;
                store::changed(tx, &mut conversation, now).await?;
                Ok(rating)
            })
        })
        .await
}
