use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{
    Content, ContentType, Conversation, LastMessage, Message, Sender, SenderType, Session, Source, Tally,
};
use crate::{
    Error, Result,
    channels::Channel,
    contacts::{Contact, ExternalId},
    db::{Dialect, Row, Tx},
    ids::{AccountId, AgentId, ArticleId, AssistantId, ChannelId, ContactId, ConversationId, MessageId},
    params, search,
};

macro_rules! conversation_columns {
    () => {
        "v.id, v.account_id, v.channel_id, v.last_seq, v.version, v.last_message_at, v.created_at, v.updated_at,
           c.id, c.external_id, c.display_name, c.email, c.phone,
           s.id, s.status, s.assignee_id, s.assigned_at, s.tags, s.answering, s.first_message_at, s.resolved_at,
           s.assistant_id, c.verified_at, v.snoozed_until, v.unread, v.last_message, c.blocked_at,
           s.rating, s.rating_comment, s.rated_at,
           s.first_answer_at, s.first_reply_at, s.handed_over_at, v.messages_in, v.messages_out"
    };
}

macro_rules! select {
    ($($rest:expr),+) => {
        concat!(
            "select ",
            conversation_columns!(),
            " from conversations v join contacts c on c.id = v.contact_id join sessions s on s.id = v.session_id ",
            $($rest),+
        )
    };
}

const COLUMNS: usize = 35;

fn conversation(row: &Row<'_>) -> Result<Conversation> {
    let external_id: String = row.get(9)?;
    Ok(Conversation {
        id: row.get(0)?,
        account_id: row.get(1)?,
        channel_id: row.get(2)?,
        last_seq: row.get(3)?,
        version: row.get(4)?,
        last_message_at: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        contact: Contact {
            id: row.get(8)?,
            external_id: ExternalId::parse(&external_id)?,
            display_name: row.get(10)?,
            email: row.get(11)?,
            phone: row.get(12)?,
            verified_at: row.get(22)?,
            blocked_at: row.get(26)?,
        },
        session: Session {
            id: row.get(13)?,
            status: row.get(14)?,
            assignee: row.get(15)?,
            assigned_at: row.get(16)?,
            tags: tags(&row.get(17)?),
            answering: row.get(18)?,
            first_message_at: row.get(19)?,
            resolved_at: row.get(20)?,
            assistant: row.get(21)?,
            rating: rating(row, 27)?,
            tally: Tally {
                first_answer_at: row.get(30)?,
                first_reply_at: row.get(31)?,
                handed_over_at: row.get(32)?,
                messages_in: row.get(33)?,
                messages_out: row.get(34)?,
            },
        },
        snoozed_until: row.get(23)?,
        unread: row.get(24)?,
        last_message: row.get::<Option<Json>>(25)?.as_ref().map(last_message).transpose()?,
    })
}

fn last_message(stored: &Json) -> Result<LastMessage> {
    let text = |name: &str| stored[name].as_str();
    let read = || {
        Some(LastMessage {
            id: MessageId(text("id")?.parse().ok()?),
            sender: SenderType::parse(text("sender_type")?)?,
            sender_name: text("sender_name").map(str::to_owned),
            kind: ContentType::parse(text("content_type")?)?,
            preview: text("preview")?.to_owned(),
        })
    };
    read().ok_or_else(|| Error::database("a newest message that is none"))
}

pub fn last_message_json(last: &LastMessage) -> Json {
    json!({
        "id": last.id.0,
        "sender_type": last.sender.as_str(),
        "sender_name": last.sender_name,
        "content_type": last.kind.as_str(),
        "preview": last.preview,
    })
}

fn tags(stored: &Json) -> Vec<String> {
    let texts = stored.as_array().into_iter().flatten().filter_map(Json::as_str);
    texts.map(str::to_owned).collect()
}

const BY_VISITOR: &str = select!("where c.channel_id = $1 and c.external_id = $2");
const LOCK_BY_VISITOR: &str = "select 1 from conversations v join contacts c on c.id = v.contact_id
                               where c.channel_id = $1 and c.external_id = $2 for no key update of v";
const OF_VISITOR: &str = select!("where v.id = $1 and c.external_id = $2");
const LOCK_OF_VISITOR: &str = "select 1 from conversations v join contacts c on c.id = v.contact_id
                               where v.id = $1 and c.external_id = $2 for no key update of v";
/// Without a message it is the visitor's alone.
const BY_ID: &str = select!("where v.account_id = $1 and v.id = $2 and v.last_seq > 0");
const LOCK_BY_ID: &str = "select 1 from conversations where account_id = $1 and id = $2 for no key update";

pub async fn by_visitor(
    tx: &mut Tx,
    channel_id: ChannelId,
    external_id: &ExternalId,
) -> Result<Option<Conversation>> {
    tx.opt(BY_VISITOR, params![channel_id, external_id.as_str()], conversation).await
}

/// Holds the conversation until the end of the transaction. SQLite has one writer, which is lock enough.
pub async fn lock_by_visitor(
    tx: &mut Tx,
    channel_id: ChannelId,
    external_id: &ExternalId,
) -> Result<Option<Conversation>> {
    let params = params![channel_id, external_id.as_str()];
    match tx.dialect() {
        Dialect::Sqlite => tx.opt(BY_VISITOR, params, conversation).await,
        // A row that had to be waited for is joined to others as they were before the wait: so lock it by what never changes, then read.
        Dialect::Postgres => {
            // One that appears only now is not locked: for this transaction it is not there yet.
            let Some(()) = tx.opt(LOCK_BY_VISITOR, params, |_| Ok(())).await? else { return Ok(None) };
            tx.opt(BY_VISITOR, params, conversation).await
        }
    }
}

/// A conversation of which the visitor knows the id, if it is the visitor's.
pub async fn of_visitor(
    tx: &mut Tx,
    id: ConversationId,
    external_id: &ExternalId,
) -> Result<Option<Conversation>> {
    tx.opt(OF_VISITOR, params![id, external_id.as_str()], conversation).await
}

/// As [`lock_by_visitor`].
pub async fn lock_of_visitor(
    tx: &mut Tx,
    id: ConversationId,
    external_id: &ExternalId,
) -> Result<Option<Conversation>> {
    if tx.dialect() == Dialect::Postgres {
        tx.opt(LOCK_OF_VISITOR, params![id, external_id.as_str()], |_| Ok(())).await?;
    }
    of_visitor(tx, id, external_id).await
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: ConversationId) -> Result<Option<Conversation>> {
    tx.opt(BY_ID, params![account_id, id], conversation).await
}

/// As [`lock_by_visitor`], for staff.
pub async fn lock(tx: &mut Tx, account_id: AccountId, id: ConversationId) -> Result<Conversation> {
    if tx.dialect() == Dialect::Postgres {
        tx.opt(LOCK_BY_ID, params![account_id, id], |_| Ok(())).await?;
    }
    get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))
}

/// Whether the agent is in the team, and stays so until the end of the transaction.
pub async fn has_agent(tx: &mut Tx, account_id: AccountId, id: AgentId) -> Result<bool> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "select 1 from agents where account_id = $1 and id = $2 and disabled_at is null",
        Dialect::Postgres => {
            "select 1 from agents where account_id = $1 and id = $2 and disabled_at is null for share"
        }
    };
    Ok(tx.opt(sql, params![account_id, id], |_| Ok(())).await?.is_some())
}

/// Some of the open conversations that an agent is assigned to, in the order of their ids.
pub async fn open_of(
    tx: &mut Tx,
    account_id: AccountId,
    id: AgentId,
    limit: i64,
) -> Result<Vec<ConversationId>> {
    let sql = "select id from conversations
               where account_id = $1 and assignee_id = $2 and status = 'open' order by id limit $3";
    tx.all(sql, params![account_id, id, limit], |row| row.get(0)).await
}

/// Touches no row when the contact is known already.
pub async fn insert_contact(
    tx: &mut Tx,
    channel: &Channel,
    contact: &Contact,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into contacts (id, account_id, channel_id, external_id, display_name, email, phone, verified_at,
                 attributes, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
               on conflict (channel_id, external_id) do nothing";
    let Contact { id, external_id, display_name, email, phone, verified_at, blocked_at: _ } = contact;
    let none = json!({});
    let params = params![
        *id,
        channel.account_id,
        channel.id,
        external_id.as_str(),
        display_name.as_ref(),
        email.as_ref(),
        phone.as_ref(),
        *verified_at,
        &none,
        now
    ];
    let inserted = tx.exec(sql, params).await?;
    if inserted > 0 {
        search::add_contact(tx, channel.account_id, contact).await?;
    }
    Ok(inserted)
}

pub async fn save_contact(
    tx: &mut Tx,
    account_id: AccountId,
    contact: &Contact,
    now: Timestamp,
) -> Result<()> {
    let sql =
        "update contacts set display_name = $2, email = $3, phone = $4, verified_at = $5, updated_at = $6, blocked_at = $7
               where id = $1";
    let Contact { id, display_name, email, phone, verified_at, blocked_at, .. } = contact;
    let params =
        params![*id, display_name.as_ref(), email.as_ref(), phone.as_ref(), *verified_at, now, *blocked_at];
    tx.exec(sql, params).await?;
    search::change_contact(tx, account_id, contact).await
}

pub async fn insert(tx: &mut Tx, conversation: &Conversation) -> Result<u64> {
    let sql = "insert into conversations (id, account_id, channel_id, contact_id, session_id, status, last_seq, version,
                 last_message_at, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9)";
    tx.exec(
        sql,
        params![
            conversation.id,
            conversation.account_id,
            conversation.channel_id,
            conversation.contact.id,
            conversation.session.id,
            conversation.session.status,
            conversation.last_seq,
            conversation.version,
            conversation.created_at
        ],
    )
    .await
}

pub async fn save(tx: &mut Tx, conversation: &Conversation) -> Result<u64> {
    let sql = "update conversations set session_id = $2, status = $3, assignee_id = $4, last_seq = $5, version = $6,
                 last_message_at = $7, updated_at = $8, snoozed_until = $9, unread = $10, last_message = $11,
                 messages_in = $12, messages_out = $13
               where id = $1";
    let last_message = conversation.last_message.as_ref().map(last_message_json);
    tx.exec(
        sql,
        params![
            conversation.id,
            conversation.session.id,
            conversation.session.status,
            conversation.session.assignee,
            conversation.last_seq,
            conversation.version,
            conversation.last_message_at,
            conversation.updated_at,
            conversation.snoozed_until,
            conversation.unread,
            last_message.as_ref(),
            conversation.session.tally.messages_in,
            conversation.session.tally.messages_out
        ],
    )
    .await
}

pub async fn insert_session(tx: &mut Tx, conversation: &Conversation, now: Timestamp) -> Result<u64> {
    let sql = "insert into sessions (id, account_id, conversation_id, status, tags, answering, first_message_at, created_at,
                 assistant_id, channel_id)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let session = &conversation.session;
    tx.exec(
        sql,
        params![
            session.id,
            conversation.account_id,
            conversation.id,
            session.status,
            &json!(session.tags),
            session.answering,
            session.first_message_at,
            now,
            session.assistant,
            conversation.channel_id
        ],
    )
    .await
}

/// Keeps by which labels the conversation is found: those of its newest session.
pub async fn save_tags(tx: &mut Tx, conversation: &Conversation) -> Result<()> {
    tx.exec("delete from conversation_tags where conversation_id = $1", params![conversation.id]).await?;
    let sql = "insert into conversation_tags (account_id, tag, conversation_id) values ($1, $2, $3) on conflict do nothing";
    for tag in &conversation.session.tags {
        tx.exec(sql, params![conversation.account_id, &tag.to_lowercase(), conversation.id]).await?;
    }
    Ok(())
}

pub async fn save_first_message(tx: &mut Tx, conversation: &Conversation) -> Result<u64> {
    let sql = "update sessions set first_message_at = $2 where id = $1";
    tx.exec(sql, params![conversation.session.id, conversation.session.first_message_at]).await
}

pub async fn save_session(tx: &mut Tx, conversation: &Conversation) -> Result<()> {
    let sql =
        "update sessions set status = $2, assignee_id = $3, assigned_at = $4, tags = $5, answering = $6,
                 resolved_at = $7, first_answer_at = $8, first_reply_at = $9, handed_over_at = $10, messages_in = $11, messages_out = $12
               where id = $1";
    let session = &conversation.session;
    tx.exec(
        sql,
        params![
            session.id,
            session.status,
            session.assignee,
            session.assigned_at,
            &json!(session.tags),
            session.answering,
            session.resolved_at,
            session.tally.first_answer_at,
            session.tally.first_reply_at,
            session.tally.handed_over_at,
            session.tally.messages_in,
            session.tally.messages_out
        ],
    )
    .await?;
    save_tags(tx, conversation).await
}

/// Keeps what reports need to know of the newest session.
pub async fn save_tally(tx: &mut Tx, session: &Session) -> Result<u64> {
    let sql = "update sessions set first_answer_at = $2, first_reply_at = $3, messages_in = $4, messages_out = $5 where id = $1";
    let Tally { first_answer_at, first_reply_at, messages_in, messages_out, .. } = session.tally;
    tx.exec(sql, params![session.id, first_answer_at, first_reply_at, messages_in, messages_out]).await
}

/// Counts a message that an agent has written in the newest session.
pub async fn count_reply(
    tx: &mut Tx,
    conversation: &Conversation,
    id: AgentId,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into session_replies (session_id, agent_id, account_id, replies, first_reply_at) values ($1, $2, $3, 1, $4)
               on conflict (session_id, agent_id) do update set replies = session_replies.replies + 1";
    tx.exec(sql, params![conversation.session.id, id, conversation.account_id, now]).await
}

/// Adds what an answer in the newest session has cost.
pub async fn count_tokens(tx: &mut Tx, conversation: &Conversation, input: i64, output: i64) -> Result<u64> {
    let sql = "update sessions set input_tokens = input_tokens + $2, output_tokens = output_tokens + $3 where id = $1";
    tx.exec(sql, params![conversation.session.id, input, output]).await
}

pub async fn insert_message(tx: &mut Tx, account_id: AccountId, message: &Message) -> Result<u64> {
    let sql = "insert into messages (id, account_id, conversation_id, session_id, seq, sender_type, sender_id, sender_name,
                 content_type, content, rich_media, sources, client_id, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let sources = sources_json(&message.sources);
    tx.exec(
        sql,
        params![
            message.id,
            account_id,
            message.conversation_id,
            message.session_id,
            message.seq,
            message.sender.kind(),
            sender_id(&message.sender),
            message.sender.name(),
            message.content.kind,
            &message.content.text,
            message.content.rich_media.as_ref(),
            sources.as_ref(),
            message.client_id.as_ref(),
            message.created_at
        ],
    )
    .await
}

fn sender_id(sender: &Sender) -> Uuid {
    match sender {
        Sender::EndUser(id) => id.0,
        Sender::Agent { id, .. } => id.0,
        Sender::Bot { id, .. } => id.0,
    }
}

macro_rules! message_columns {
    () => {
        "m.id, m.conversation_id, m.session_id, m.seq, m.sender_type, m.sender_id, m.sender_name, m.content_type, m.content,
         m.rich_media, m.sources, m.client_id, m.created_at, m.read_by"
    };
}

mod desk;
mod listing;
mod marks;
mod ratings;

use marks::read_by;
use ratings::rating;

pub use desk::{
    attributes, author_of_note, contact_details, count_notes, counts, delete_draft, delete_note, draft,
    forget_drafts, forget_mentions, insert_mention, insert_note, lock_of_contact, note_by_client_id, notes,
    of_same_email, save_attributes, save_draft, sessions, tags_lately,
};
pub use listing::{AT_ONCE as SAID_AT_ONCE, count, count_found, found, has_more_tagged, page, said_in};
pub use marks::{AT_ONCE, read_by_of, save_read_by};
pub use ratings::{newest_resolved, save_rating};

fn message(row: &Row<'_>) -> Result<Message> {
    message_at(row, 0)
}

fn message_at(row: &Row<'_>, at: usize) -> Result<Message> {
    let (kind, sender_id): (SenderType, Uuid) = (row.get(at + 4)?, row.get(at + 5)?);
    let name = |row: &Row<'_>| row.get::<Option<String>>(at + 6).map(Option::unwrap_or_default);
    let sender = match kind {
        SenderType::EndUser => Sender::EndUser(ContactId(sender_id)),
        SenderType::Agent => Sender::Agent { id: AgentId(sender_id), name: name(row)? },
        SenderType::Bot => Sender::Bot { id: AssistantId(sender_id), name: name(row)? },
    };
    Ok(Message {
        id: row.get(at)?,
        conversation_id: row.get(at + 1)?,
        session_id: row.get(at + 2)?,
        seq: row.get(at + 3)?,
        sender,
        content: Content { kind: row.get(at + 7)?, text: row.get(at + 8)?, rich_media: row.get(at + 9)? },
        sources: sources(row.get(at + 10)?),
        client_id: row.get(at + 11)?,
        created_at: row.get(at + 12)?,
        read_by: read_by(kind, row.get(at + 13)?)?,
    })
}

fn sources_json(sources: &[Source]) -> Option<Json> {
    let one = |source: &Source| json!({"article_id": source.article_id.0, "title": source.title, "url": source.url});
    (!sources.is_empty()).then(|| sources.iter().map(one).collect())
}

fn sources(stored: Option<Json>) -> Vec<Source> {
    let one = |source: &Json| {
        Some(Source {
            article_id: ArticleId(source["article_id"].as_str()?.parse().ok()?),
            title: source["title"].as_str()?.to_owned(),
            url: source["url"].as_str().map(str::to_owned),
        })
    };
    stored.as_ref().and_then(Json::as_array).into_iter().flatten().filter_map(one).collect()
}

pub async fn by_client_id(
    tx: &mut Tx,
    id: ConversationId,
    sender: &Sender,
    client_id: &str,
) -> Result<Option<Message>> {
    let sql = concat!(
        "select ",
        message_columns!(),
        " from messages m where m.conversation_id = $1 and m.sender_type = $2 and m.sender_id = $3 and m.client_id = $4"
    );
    tx.opt(sql, params![id, sender.kind(), sender_id(sender), client_id], message).await
}

/// The place of a message.
pub async fn seq_of(tx: &mut Tx, id: ConversationId, message: MessageId) -> Result<i64> {
    let sql = "select seq from messages where id = $1 and conversation_id = $2";
    tx.opt(sql, params![message, id], |row| row.get(0)).await?.ok_or(Error::NotFound("Message"))
}

/// The first messages after `seq`.
pub async fn after(tx: &mut Tx, id: ConversationId, seq: i64, limit: i64) -> Result<Vec<Message>> {
    let sql = concat!(
        "select ",
        message_columns!(),
        " from messages m where m.conversation_id = $1 and m.seq > $2 order by m.seq limit $3"
    );
    tx.all(sql, params![id, seq, limit], message).await
}

/// The newest messages before `seq`, in ascending order.
pub async fn before(tx: &mut Tx, id: ConversationId, seq: i64, limit: i64) -> Result<Vec<Message>> {
    let sql = concat!(
        "select ",
        message_columns!(),
        " from messages m where m.conversation_id = $1 and m.seq < $2 order by m.seq desc limit $3"
    );
    let mut messages = tx.all(sql, params![id, seq, limit], message).await?;
    messages.reverse();
    Ok(messages)
}

/// The visitor's messages of the newest session after `seq`, in ascending order.
pub async fn heard_since(
    tx: &mut Tx,
    conversation: &Conversation,
    seq: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    let sql = concat!(
        "select ",
        message_columns!(),
        " from messages m
          where m.conversation_id = $1 and m.session_id = $2 and m.sender_type = 'end_user' and m.seq > $3
          order by m.seq limit $4"
    );
    tx.all(sql, params![conversation.id, conversation.session.id, seq, limit], message).await
}

/// The place of the newest message in the newest session that is not the visitor's, 0 for none.
pub async fn newest_answer(tx: &mut Tx, conversation: &Conversation) -> Result<i64> {
    let sql = "select seq from messages
               where conversation_id = $1 and session_id = $2 and sender_type <> 'end_user'
               order by seq desc limit 1";
    let newest = tx.opt(sql, params![conversation.id, conversation.session.id], |row| row.get(0)).await?;
    Ok(newest.unwrap_or(0))
}

/// The place of the newest message of a kind of sender, 0 for none.
pub async fn newest_of(tx: &mut Tx, id: ConversationId, sender: SenderType) -> Result<i64> {
    let sql =
        "select seq from messages where conversation_id = $1 and sender_type = $2 order by seq desc limit 1";
    Ok(tx.opt(sql, params![id, sender], |row| row.get(0)).await?.unwrap_or(0))
}

/// How many of the contact's messages stand after `seq`, counted up to `most`.
pub async fn written_after(tx: &mut Tx, id: ConversationId, seq: i64, most: i64) -> Result<i64> {
    let sql = "select count(*) from (
                 select 1 from messages where conversation_id = $1 and seq > $2 and sender_type = 'end_user' limit $3) w";
    tx.one(sql, params![id, seq, most], |row| row.get(0)).await
}

/// How many messages have come to the contact since the own last one, and are not marked as read.
pub async fn unread_by_contact(tx: &mut Tx, id: ConversationId) -> Result<i64> {
    let seen = newest_of(tx, id, SenderType::EndUser).await?;
    let sql = "select count(*) from messages where conversation_id = $1 and seq > $2 and read_by is null";
    tx.one(sql, params![id, seen], |row| row.get(0)).await
}
