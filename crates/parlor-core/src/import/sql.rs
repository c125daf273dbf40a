//! Many rows a statement: on PostgreSQL each statement is a round trip.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Numbered, PastMessage, PastSender, PastSession};
use crate::{
    Result,
    conversations::{SenderType, Status, sql::last_message_json},
    db::{Tx, Value},
    ids::{AccountId, AgentId, MessageId, SessionId},
    search,
};

/// How many rows the longer statement takes.
const MANY: usize = 50;

/// An `insert` of many rows, and one of a single row for what is left over.
struct Insert {
    columns: usize,
    many: LazyLock<String>,
    one: LazyLock<String>,
}

macro_rules! insert {
    ($columns:literal, $head:literal) => {
        Insert {
            columns: $columns,
            many: LazyLock::new(|| text($head, $columns, MANY)),
            one: LazyLock::new(|| text($head, $columns, 1)),
        }
    };
}

fn text(head: &str, columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("insert into {head} values {}", rows.join(", "))
}

impl Insert {
    async fn run(&'static self, tx: &mut Tx, values: &[Value<'_>]) -> Result<()> {
        let many = values.chunks_exact(self.columns * MANY);
        let rest = many.remainder();
        for values in many {
            tx.exec(&self.many, values).await?;
        }
        for values in rest.chunks_exact(self.columns) {
            tx.exec(&self.one, values).await?;
        }
        Ok(())
    }
}

static CONTACTS: Insert = insert!(
    10,
    "contacts (id, account_id, channel_id, external_id, display_name, email, phone, attributes, created_at, updated_at)"
);
static CONVERSATIONS: Insert = insert!(
    16,
    "conversations (id, account_id, channel_id, contact_id, session_id, status, assignee_id, last_seq, version,
       last_message_at, created_at, updated_at, last_message, unread, messages_in, messages_out)"
);
static TAGS: Insert = insert!(3, "conversation_tags (account_id, tag, conversation_id)");
static SESSIONS: Insert = insert!(
    20,
    "sessions (id, account_id, conversation_id, status, assignee_id, assigned_at, tags, answering, first_message_at,
       resolved_at, created_at, channel_id, first_answer_at, first_reply_at, handed_over_at, messages_in, messages_out,
       rating, rating_comment, rated_at)"
);
static REPLIES: Insert =
    insert!(5, "session_replies (session_id, agent_id, account_id, replies, first_reply_at)");
static MESSAGES: Insert = insert!(
    12,
    "messages (id, account_id, conversation_id, session_id, seq, sender_type, sender_id, sender_name, content_type, content, rich_media, created_at)"
);

impl Numbered {
    fn messages(&self) -> impl Iterator<Item = (SessionId, MessageId, &PastMessage)> {
        self.past.sessions.iter().zip(&self.sessions).flat_map(|(session, (session_id, ids))| {
            ids.iter().zip(&session.messages).map(|(id, message)| (*session_id, *id, message))
        })
    }
}

/// Which way messages go.
#[derive(Clone, Copy)]
enum Side {
    In,
    Out,
}

impl PastSession {
    fn status(&self) -> Status {
        if self.resolved_at.is_some() { Status::Resolved } else { Status::Open }
    }

    fn first_of(&self, kind: SenderType) -> Option<Timestamp> {
        self.messages.iter().find(|message| message.sender.kind() == kind).map(|message| message.at)
    }

    fn count(&self, side: Side) -> i64 {
        let of_contact = |message: &&PastMessage| message.sender.kind() == SenderType::EndUser;
        let written = self.messages.iter().filter(of_contact).count();
        match side {
            Side::In => written as i64,
            Side::Out => (self.messages.len() - written) as i64,
        }
    }

    /// How many messages each agent has written, and when the first.
    fn replies(&self) -> BTreeMap<AgentId, (i64, Timestamp)> {
        let mut replies = BTreeMap::new();
        for message in &self.messages {
            if let PastSender::Agent { id, .. } = message.sender {
                replies.entry(id).or_insert((0, message.at)).0 += 1;
            }
        }
        replies
    }
}

pub async fn insert(tx: &mut Tx, account_id: AccountId, conversations: &[Numbered]) -> Result<()> {
    contacts(tx, account_id, conversations).await?;
    let previews: Vec<Json> = conversations.iter().map(|one| last_message_json(&one.last_message)).collect();
    let mut values = Vec::new();
    for (one, preview) in conversations.iter().zip(&previews) {
        let Some((newest, (session_id, _))) = one.past.sessions.last().zip(one.sessions.last()) else {
            continue;
        };
        let last_seq = one.messages().count() as i64;
        values.extend([
            one.id.into(),
            account_id.into(),
            one.past.channel_id.into(),
            one.contact.id.into(),
            Value::from(*session_id),
            newest.status().into(),
            newest.assignee.into(),
            last_seq.into(),
            last_seq.into(),
            one.last_message_at.into(),
            one.created_at.into(),
            one.updated_at.into(),
            preview.into(),
            one.unread.into(),
            newest.count(Side::In).into(),
            newest.count(Side::Out).into(),
        ]);
    }
    CONVERSATIONS.run(tx, &values).await?;
    tags(tx, account_id, conversations).await?;
    sessions(tx, account_id, conversations).await?;
    messages(tx, account_id, conversations).await?;
    let said: Vec<_> = conversations
        .iter()
        .flat_map(|one| one.messages().map(|(_, _, message)| (one.id, &message.content)))
        .collect();
    search::add_messages(tx, account_id, &said).await
}

async fn contacts(tx: &mut Tx, account_id: AccountId, conversations: &[Numbered]) -> Result<()> {
    let none = json!({});
    let mut values = Vec::new();
    for one in conversations {
        values.extend([
            one.contact.id.into(),
            account_id.into(),
            one.past.channel_id.into(),
            Value::from(one.contact.external_id.as_str()),
            one.contact.display_name.as_ref().into(),
            one.contact.email.as_ref().into(),
            one.contact.phone.as_ref().into(),
            (&none).into(),
            one.created_at.into(),
            one.created_at.into(),
        ]);
    }
    CONTACTS.run(tx, &values).await?;
    for one in conversations {
        search::add_contact(tx, account_id, &one.contact).await?;
    }
    Ok(())
}

/// By which labels the conversations are found.
async fn tags(tx: &mut Tx, account_id: AccountId, conversations: &[Numbered]) -> Result<()> {
    let labels = |one: &Numbered| {
        let newest = one.past.sessions.last().map_or(&[][..], |session| &session.tags);
        let labels: BTreeSet<String> = newest.iter().map(|tag| tag.to_lowercase()).collect();
        labels.into_iter().map(|label| (one.id, label)).collect::<Vec<_>>()
    };
    let tagged: Vec<_> = conversations.iter().flat_map(labels).collect();
    let values: Vec<Value<'_>> =
        tagged.iter().flat_map(|(id, tag)| [account_id.into(), tag.into(), Value::from(*id)]).collect();
    TAGS.run(tx, &values).await
}

async fn sessions(tx: &mut Tx, account_id: AccountId, conversations: &[Numbered]) -> Result<()> {
    let all = || {
        conversations.iter().flat_map(|one| {
            let sessions = one.past.sessions.iter().zip(&one.sessions);
            sessions.map(move |(session, (id, _))| (one.id, one.past.channel_id, *id, session))
        })
    };
    let tags: Vec<Json> = all().map(|(.., session)| json!(session.tags)).collect();
    let mut values = Vec::new();
    for ((conversation_id, channel_id, id, session), tags) in all().zip(&tags) {
        let first = session.messages[0].at;
        values.extend([
            Value::from(id),
            account_id.into(),
            conversation_id.into(),
            session.status().into(),
            session.assignee.into(),
            session.assigned_at.into(),
            tags.into(),
            session.answering.into(),
            first.into(),
            session.resolved_at.into(),
            first.into(),
            channel_id.into(),
            session.first_of(SenderType::Bot).into(),
            session.first_of(SenderType::Agent).into(),
            session.handed_over_at.into(),
            session.count(Side::In).into(),
            session.count(Side::Out).into(),
            session.rating.as_ref().map(|rating| i64::from(rating.score.get())).into(),
            session.rating.as_ref().and_then(|rating| rating.comment.as_ref()).into(),
            session.rating.as_ref().map(|rating| rating.at).into(),
        ]);
    }
    SESSIONS.run(tx, &values).await?;
    let mut values = Vec::new();
    for (_, _, id, session) in all() {
        for (agent_id, (replies, first)) in session.replies() {
            values.extend([
                Value::from(id),
                agent_id.into(),
                account_id.into(),
                replies.into(),
                first.into(),
            ]);
        }
    }
    REPLIES.run(tx, &values).await
}

async fn messages(tx: &mut Tx, account_id: AccountId, conversations: &[Numbered]) -> Result<()> {
    let mut values = Vec::new();
    for one in conversations {
        for ((session_id, id, message), seq) in one.messages().zip(1_i64..) {
            let sender_id = match &message.sender {
                PastSender::Contact => one.contact.id.0,
                PastSender::Agent { id, .. } => id.0,
                PastSender::Assistant { id, .. } => id.0,
            };
            values.extend([
                Value::from(id),
                account_id.into(),
                one.id.into(),
                session_id.into(),
                seq.into(),
                message.sender.kind().into(),
                sender_id.into(),
                message.sender.name().into(),
                message.content.kind.into(),
                (&message.content.text).into(),
                message.content.rich_media.as_ref().into(),
                message.at.into(),
            ]);
        }
    }
    MESSAGES.run(tx, &values).await
}
