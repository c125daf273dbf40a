//! Ratings, in the rows of their sessions.

use jiff::Timestamp;

use crate::{
    Result,
    conversations::{Rating, Score},
    db::{Row, Tx},
    ids::{ConversationId, SessionId},
    params,
};

/// A session that has come to its end.
pub struct Resolved {
    pub id: SessionId,
    pub resolved_at: Timestamp,
    pub rated_at: Option<Timestamp>,
}

/// What stands in the three columns from `at` on.
pub fn rating(row: &Row<'_>, at: usize) -> Result<Option<Rating>> {
    let Some(score) = row.get::<Option<i64>>(at)? else { return Ok(None) };
    Ok(Some(Rating { score: Score::new(score)?, comment: row.get(at + 1)?, at: row.get(at + 2)? }))
}

/// The newest session of a conversation that is resolved.
pub async fn newest_resolved(tx: &mut Tx, id: ConversationId) -> Result<Option<Resolved>> {
    let sql = "select id, resolved_at, rated_at from sessions
               where conversation_id = $1 and status = 'resolved' order by id desc limit 1";
    tx.opt(sql, params![id], |row| {
        Ok(Resolved { id: row.get(0)?, resolved_at: row.get(1)?, rated_at: row.get(2)? })
    })
    .await
}

pub async fn save_rating(tx: &mut Tx, id: SessionId, rating: &Rating) -> Result<u64> {
    let sql = "update sessions set rating = $2, rating_comment = $3, rated_at = $4 where id = $1";
    let score = i64::from(rating.score.get());
    tx.exec(sql, params![id, score, rating.comment.as_ref(), rating.at]).await
}
