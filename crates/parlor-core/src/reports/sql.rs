use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{
    Line, Stretch,
    add::{Begun, Replied, Resolved},
};
use crate::{
    Result,
    db::{Row, Tx, Value},
    ids::{AccountId, AgentId, SessionId},
    params,
};

impl Stretch {
    /// `$1` to `$5`.
    fn params(&self) -> Vec<Value<'_>> {
        let (at, id) = self.after;
        vec![self.account_id.into(), at.into(), id.into(), self.ends.into(), self.channel_id.into()]
    }
}

/// The sessions that began in a stretch. The messages of an open one are counted in its conversation's row.
pub async fn begun(tx: &mut Tx, stretch: &Stretch, limit: i64) -> Result<Vec<Begun>> {
    let sql = "select s.id, s.first_message_at, s.assignee_id, s.tags, s.first_answer_at, s.first_reply_at, s.handed_over_at,
                 coalesce(v.messages_in, s.messages_in), coalesce(v.messages_out, s.messages_out),
                 s.input_tokens, s.output_tokens, s.rating
               from sessions s left join conversations v on s.status = 'open' and v.id = s.conversation_id
               where s.account_id = $1 and (s.first_message_at, s.id) > ($2, $3) and s.first_message_at < $4
                 and (cast($5 as uuid) is null or s.channel_id = $5)
               order by s.first_message_at, s.id limit $6";
    let mut params = stretch.params();
    params.push(limit.into());
    tx.all(sql, &params, |row| {
        Ok(Begun {
            id: row.get(0)?,
            at: row.get(1)?,
            assignee: row.get(2)?,
            tags: tags(&row.get(3)?),
            first_answer_at: row.get(4)?,
            first_reply_at: row.get(5)?,
            handed_over_at: row.get(6)?,
            messages_in: row.get(7)?,
            messages_out: row.get(8)?,
            input_tokens: row.get(9)?,
            output_tokens: row.get(10)?,
            rating: row.get(11)?,
        })
    })
    .await
}

fn tags(stored: &Json) -> Vec<String> {
    stored.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// What agents have written in the sessions of a stretch, up to `last`.
pub async fn replies(tx: &mut Tx, stretch: &Stretch, last: (Timestamp, SessionId)) -> Result<Vec<Replied>> {
    let sql = "select r.session_id, r.agent_id, r.replies, r.first_reply_at
               from sessions s join session_replies r on r.session_id = s.id
               where s.account_id = $1 and (s.first_message_at, s.id) > ($2, $3) and s.first_message_at < $4
                 and (cast($5 as uuid) is null or s.channel_id = $5) and (s.first_message_at, s.id) <= ($6, $7)
               order by r.session_id, r.agent_id";
    let mut params = stretch.params();
    params.extend([Value::from(last.0), last.1.into()]);
    tx.all(sql, &params, |row| {
        Ok(Replied {
            session_id: row.get(0)?,
            agent_id: row.get(1)?,
            replies: row.get(2)?,
            first_at: row.get(3)?,
        })
    })
    .await
}

/// The sessions that were resolved in a stretch.
pub async fn resolved(tx: &mut Tx, stretch: &Stretch, limit: i64) -> Result<Vec<Resolved>> {
    let sql = "select s.id, s.resolved_at, s.first_message_at, s.assignee_id from sessions s
               where s.account_id = $1 and (s.resolved_at, s.id) > ($2, $3) and s.resolved_at < $4
                 and (cast($5 as uuid) is null or s.channel_id = $5) and s.resolved_at is not null
               order by s.resolved_at, s.id limit $6";
    let mut params = stretch.params();
    params.push(limit.into());
    tx.all(sql, &params, |row| {
        Ok(Resolved { id: row.get(0)?, at: row.get(1)?, began_at: row.get(2)?, assignee: row.get(3)? })
    })
    .await
}

/// What everybody who works or has worked here is called.
pub async fn names(tx: &mut Tx, account_id: AccountId) -> Result<HashMap<AgentId, String>> {
    let sql = "select id, name from agents where account_id = $1";
    let names = tx.all(sql, params![account_id], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(names.into_iter().collect())
}

pub async fn lines(tx: &mut Tx, stretch: &Stretch, limit: i64) -> Result<Vec<Line>> {
    let sql = "select s.id, s.conversation_id, h.display_name, c.display_name, c.email, s.status, a.name, s.tags,
                 s.first_message_at, s.resolved_at,
                 case when s.status = 'open' then v.messages_in else s.messages_in end,
                 case when s.status = 'open' then v.messages_out else s.messages_out end,
                 s.first_answer_at, s.first_reply_at, s.handed_over_at, s.rating, s.rating_comment
               from sessions s join conversations v on v.id = s.conversation_id join contacts c on c.id = v.contact_id
                 join channels h on h.id = v.channel_id left join agents a on a.id = s.assignee_id
               where s.account_id = $1 and (s.first_message_at, s.id) > ($2, $3) and s.first_message_at < $4
                 and (cast($5 as uuid) is null or s.channel_id = $5)
               order by s.first_message_at, s.id limit $6";
    let mut params = stretch.params();
    params.push(limit.into());
    tx.all(sql, &params, line).await
}

fn line(row: &Row<'_>) -> Result<Line> {
    let (began_at, resolved_at): (Timestamp, Option<Timestamp>) = (row.get(8)?, row.get(9)?);
    let (answered, replied): (Option<Timestamp>, Option<Timestamp>) = (row.get(12)?, row.get(13)?);
    let handed_over: Option<Timestamp> = row.get(14)?;
    Ok(Line {
        id: row.get(0)?,
        conversation_id: row.get(1)?,
        channel: row.get(2)?,
        contact_name: row.get(3)?,
        contact_email: row.get(4)?,
        status: row.get(5)?,
        assignee: row.get(6)?,
        tags: tags(&row.get(7)?),
        began_at,
        resolved_at,
        messages_in: row.get(10)?,
        messages_out: row.get(11)?,
        first_response: super::add::first_response(began_at, handed_over, replied),
        resolution: resolved_at.map(|at| super::add::seconds(began_at, at)),
        by_assistant: answered.is_some() && replied.is_none() && handed_over.is_none(),
        handed_over: handed_over.is_some(),
        rating: row.get(15)?,
        rating_comment: row.get(16)?,
    })
}
