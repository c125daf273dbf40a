//! What the inbox keeps beside the messages: notes, mentions, drafts, what is known of a contact; and what it counts.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{conversation, lock, rating, tags};
use crate::{
    Error, Result,
    conversations::{Conversation, Count, Counts, Draft, Note, PastSession},
    db::{Row, Tx},
    ids::{AccountId, AgentId, ContactId, ConversationId, NoteId},
    params,
};

macro_rules! note_columns {
    () => {
        "id, conversation_id, author_id, author_name, content, mentions, after_seq, client_id, created_at"
    };
}

fn note(row: &Row<'_>) -> Result<Note> {
    let mentions: Json = row.get(5)?;
    let agent = |id: &Json| id.as_str().and_then(|id| id.parse().ok()).map(AgentId);
    Ok(Note {
        id: row.get(0)?,
        conversation_id: row.get(1)?,
        author_id: row.get(2)?,
        author_name: row.get(3)?,
        content: row.get(4)?,
        mentions: mentions.as_array().into_iter().flatten().filter_map(agent).collect(),
        after_seq: row.get(6)?,
        client_id: row.get(7)?,
        created_at: row.get(8)?,
    })
}

pub async fn insert_note(tx: &mut Tx, account_id: AccountId, note: &Note) -> Result<u64> {
    let sql = "insert into notes (id, account_id, conversation_id, author_id, author_name, content, mentions, after_seq,
                 client_id, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let mentions: Json = note.mentions.iter().map(|agent| agent.0.to_string()).collect();
    tx.exec(
        sql,
        params![
            note.id,
            account_id,
            note.conversation_id,
            note.author_id,
            &note.author_name,
            &note.content,
            &mentions,
            note.after_seq,
            note.client_id.as_ref(),
            note.created_at
        ],
    )
    .await
}

pub async fn insert_mention(
    tx: &mut Tx,
    account_id: AccountId,
    note: &Note,
    mentioned: AgentId,
) -> Result<u64> {
    let sql = "insert into mentions (account_id, agent_id, conversation_id, note_id) values ($1, $2, $3, $4)";
    tx.exec(sql, params![account_id, mentioned, note.conversation_id, note.id]).await
}

/// Answers how many there were.
pub async fn forget_mentions(tx: &mut Tx, agent_id: AgentId, id: ConversationId) -> Result<u64> {
    let sql = "delete from mentions where agent_id = $1 and conversation_id = $2";
    tx.exec(sql, params![agent_id, id]).await
}

pub async fn count_notes(tx: &mut Tx, id: ConversationId) -> Result<i64> {
    tx.one("select count(*) from notes where conversation_id = $1", params![id], |row| row.get(0)).await
}

pub async fn note_by_client_id(
    tx: &mut Tx,
    id: ConversationId,
    author: AgentId,
    client_id: &str,
) -> Result<Option<Note>> {
    let sql = concat!(
        "select ",
        note_columns!(),
        " from notes where conversation_id = $1 and author_id = $2 and client_id = $3"
    );
    tx.opt(sql, params![id, author, client_id], note).await
}

pub async fn author_of_note(tx: &mut Tx, id: ConversationId, note_id: NoteId) -> Result<Option<AgentId>> {
    let sql = "select author_id from notes where id = $1 and conversation_id = $2";
    tx.opt(sql, params![note_id, id], |row| row.get(0)).await
}

pub async fn delete_note(tx: &mut Tx, note_id: NoteId) -> Result<()> {
    tx.exec("delete from mentions where note_id = $1", params![note_id]).await?;
    tx.exec("delete from notes where id = $1", params![note_id]).await.map(drop)
}

/// Those behind the message at `since` and before the one at `until`, in order.
pub async fn notes(tx: &mut Tx, id: ConversationId, since: i64, until: i64) -> Result<Vec<Note>> {
    let sql = concat!(
        "select ",
        note_columns!(),
        " from notes where conversation_id = $1 and after_seq >= $2 and after_seq < $3 order by after_seq, id"
    );
    tx.all(sql, params![id, since, until], note).await
}

/// Touches no row when it says the same already.
pub async fn save_draft(
    tx: &mut Tx,
    account_id: AccountId,
    agent_id: AgentId,
    id: ConversationId,
    content: &str,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into drafts (agent_id, conversation_id, account_id, content, updated_at) values ($1, $2, $3, $4, $5)
               on conflict (agent_id, conversation_id) do update
                 set content = excluded.content, updated_at = excluded.updated_at
                 where drafts.content <> excluded.content";
    tx.exec(sql, params![agent_id, id, account_id, content, now]).await
}

/// Keeps so many of an agent's newest drafts.
pub async fn forget_drafts(tx: &mut Tx, agent_id: AgentId, kept: i64) -> Result<u64> {
    let sql = "delete from drafts where agent_id = $1 and conversation_id in (
                 select conversation_id from drafts where agent_id = $1
                 order by updated_at desc, conversation_id desc limit 10 offset $2)";
    tx.exec(sql, params![agent_id, kept]).await
}

pub async fn delete_draft(tx: &mut Tx, agent_id: AgentId, id: ConversationId) -> Result<u64> {
    let sql = "delete from drafts where agent_id = $1 and conversation_id = $2";
    tx.exec(sql, params![agent_id, id]).await
}

pub async fn draft(tx: &mut Tx, agent_id: AgentId, id: ConversationId) -> Result<Option<Draft>> {
    let sql = "select content, updated_at from drafts where agent_id = $1 and conversation_id = $2";
    let draft = |row: &Row<'_>| Ok(Draft { content: row.get(0)?, updated_at: row.get(1)? });
    tx.opt(sql, params![agent_id, id], draft).await
}

/// A contact's conversation, held until the end of the transaction.
pub async fn lock_of_contact(tx: &mut Tx, account_id: AccountId, id: ContactId) -> Result<Conversation> {
    let sql = "select id from conversations where account_id = $1 and contact_id = $2 and last_seq > 0";
    let found = tx.opt(sql, params![account_id, id], |row| row.get(0)).await?;
    lock(tx, account_id, found.ok_or(Error::NotFound("Contact"))?).await
}

pub async fn attributes(tx: &mut Tx, id: ContactId) -> Result<Map<String, Json>> {
    contact_details(tx, id).await.map(|(attributes, _)| attributes)
}

/// What is known of a contact beside the conversation, and since when.
pub async fn contact_details(tx: &mut Tx, id: ContactId) -> Result<(Map<String, Json>, Timestamp)> {
    let sql = "select attributes, created_at from contacts where id = $1";
    let details = |row: &Row<'_>| {
        let attributes = match row.get(0)? {
            Json::Object(attributes) => attributes,
            _ => Map::new(),
        };
        Ok((attributes, row.get(1)?))
    };
    tx.one(sql, params![id], details).await
}

pub async fn save_attributes(tx: &mut Tx, id: ContactId, attributes: &Map<String, Json>) -> Result<u64> {
    let attributes = Json::Object(attributes.clone());
    tx.exec("update contacts set attributes = $2 where id = $1", params![id, &attributes]).await
}

/// The newest sessions, the newest first.
pub async fn sessions(tx: &mut Tx, id: ConversationId) -> Result<Vec<PastSession>> {
    let sql = "select id, status, assignee_id, tags, created_at, resolved_at, rating, rating_comment, rated_at from sessions
               where conversation_id = $1 order by id desc limit 20";
    let session = |row: &Row<'_>| {
        Ok(PastSession {
            id: row.get(0)?,
            status: row.get(1)?,
            assignee: row.get(2)?,
            tags: tags(&row.get(3)?),
            created_at: row.get(4)?,
            resolved_at: row.get(5)?,
            rating: rating(row, 6)?,
        })
    };
    tx.all(sql, params![id], session).await
}

/// The newest other conversations of contacts with this address.
pub async fn of_same_email(tx: &mut Tx, known: &Conversation, email: &str) -> Result<Vec<Conversation>> {
    let sql = select!(
        "where c.account_id = $1 and c.email = $2 and v.id <> $3 and v.last_seq > 0
         order by v.last_message_at desc, v.id desc limit 5"
    );
    tx.all(sql, params![known.account_id, email, known.id], conversation).await
}

/// The labels of the newest sessions that have some.
pub async fn tags_lately(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Vec<String>>> {
    let sql = "select tags from sessions where account_id = $1 and cast(tags as text) <> '[]'
               order by id desc limit 2000";
    tx.all(sql, params![account_id], |row| Ok(tags(&row.get(0)?))).await
}

/// Numbers beside the lists. Each stops at 1,000.
pub async fn counts(tx: &mut Tx, account_id: AccountId, agent_id: Option<AgentId>) -> Result<Counts> {
    let sql = "select
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and last_seq > 0 and assignee_id is null limit 1000) a),
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and unread > 0 and assignee_id is null limit 1000) b),
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and last_seq > 0 and assignee_id = $2 limit 1000) c),
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and unread > 0 and assignee_id = $2 limit 1000) d),
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and last_seq > 0 limit 1000) e),
        (select count(*) from (select 1 from conversations where account_id = $1 and status = 'open'
           and snoozed_until is null and unread > 0 limit 1000) f),
        (select count(*) from (select distinct conversation_id from mentions
           where account_id = $1 and agent_id = $2 limit 1000) g),
        (select count(*) from (select 1 from conversations where account_id = $1 and snoozed_until is not null limit 1000) h)";
    let counts = |row: &Row<'_>| {
        Ok(Counts {
            unassigned: Count { open: row.get(0)?, unread: row.get(1)? },
            mine: Count { open: row.get(2)?, unread: row.get(3)? },
            all: Count { open: row.get(4)?, unread: row.get(5)? },
            mentions: row.get(6)?,
            snoozed: row.get(7)?,
        })
    };
    tx.one(sql, params![account_id, agent_id], counts).await
}
