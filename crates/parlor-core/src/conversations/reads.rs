//! Read marks: who of the other side has seen a message, and when.
//!
//! A mark lies in the message's own row: most messages have one reader or two, and whoever shows a message shows its marks.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Conversation, SenderType, seen, sql, staff, visitor};
use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    contacts::Visitor,
    db::Tx,
    ids::{AgentId, ContactId, ConversationId, MessageId},
    limits::{self, Action},
};

/// The most messages that can be marked at once.
pub const MOST_READ: usize = 500;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Contact(ContactId),
    Agent(AgentId),
}

/// That somebody has read a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    pub reader: Reader,
    pub at: Timestamp,
}

impl Reader {
    /// The kind of sender this reader is.
    pub fn kind(self) -> SenderType {
        match self {
            Reader::Contact(_) => SenderType::EndUser,
            Reader::Agent(_) => SenderType::Agent,
        }
    }

    pub fn id(self) -> Uuid {
        match self {
            Reader::Contact(id) => id.0,
            Reader::Agent(id) => id.0,
        }
    }

    /// Whether a message of this sender is one from the other side: visitors read what agents and assistants write, agents what visitors write.
    pub(super) fn reads(self, sender: SenderType) -> bool {
        match self {
            Reader::Contact(_) => sender != SenderType::EndUser,
            Reader::Agent(_) => sender == SenderType::EndUser,
        }
    }
}

/// Notes that the agent has read these messages of the visitor; other messages of the conversation are passed over, and so are those that the
/// agent has read before. Answers which ones are newly read.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] unless there are 1 to 500 ids; [`Error::NotFound`] for the conversation, and for an id that is no message of it.
pub async fn mark_read(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    message_ids: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    actor.require(Permission::ManageConversations)?;
    check_count(&message_ids)?;
    let (agent_id, _) = staff::agent_of(actor)?;
    let reader = Reader::Agent(agent_id);
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let conversation = sql::lock(tx, account_id, id).await?;
                mark(&inner, tx, conversation, reader, message_ids).await
            })
        })
        .await
}

/// The same for a visitor and what agents and assistants have written.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::TooMany`]; otherwise as [`mark_read`].
pub async fn mark_read_by_visitor(
    app: &App,
    visitor: &Visitor,
    message_ids: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    app.limits.check(Action::AddressReads, limits::network(visitor.address))?;
    check_count(&message_ids)?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let reading = visitor::Reading::AndWriting;
                let identified = visitor::identify(&inner, tx, &visitor, reading).await?;
                let conversation = identified.known.ok_or(Error::NotFound("Message"))?;
                let reader = Reader::Contact(conversation.contact.id);
                mark(&inner, tx, conversation, reader, message_ids).await
            })
        })
        .await
}

fn check_count(message_ids: &[MessageId]) -> Result<()> {
    if (1..=MOST_READ).contains(&message_ids.len()) {
        return Ok(());
    }
    Err(Error::invalid("message_ids", "must be a list of 1 to 500"))
}

/// The conversation is held, so that two readers of a message do not undo each other.
async fn mark(
    app: &App,
    tx: &mut Tx,
    mut conversation: Conversation,
    reader: Reader,
    mut message_ids: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    message_ids.sort_unstable();
    message_ids.dedup();
    let read = Read { reader, at: app.now() };
    let mut fresh = Vec::new();
    for some in message_ids.chunks(sql::AT_ONCE) {
        let found = sql::read_by_of(tx, conversation.id, some).await?;
        if found.len() < some.len() {
            return Err(Error::NotFound("Message"));
        }
        for marked in found {
            if reader.reads(marked.sender) && !marked.read_by.iter().any(|known| known.reader == reader) {
                fresh.push(marked);
            }
        }
    }
    if let (Reader::Agent(_), Some(seq)) = (reader, fresh.iter().map(|marked| marked.seq).max()) {
        seen::up_to(tx, &mut conversation, seq, read.at).await?;
    }
    // Mostly nobody has read any of them, and one statement writes them all.
    fresh.sort_by_key(|marked| {
        marked.read_by.iter().map(|read| (read.at, read.reader.id())).collect::<Vec<_>>()
    });
    for alike in fresh.chunk_by(|one, other| one.read_by == other.read_by) {
        let mut read_by = alike[0].read_by.clone();
        read_by.push(read);
        for some in alike.chunks(sql::AT_ONCE) {
            let ids: Vec<MessageId> = some.iter().map(|marked| marked.id).collect();
            sql::save_read_by(tx, conversation.id, &ids, &read_by).await?;
        }
    }
    let mut message_ids: Vec<MessageId> = fresh.iter().map(|marked| marked.id).collect();
    message_ids.sort_unstable();
    if !message_ids.is_empty() {
        tx.tell(Event::MessagesRead { conversation, read, message_ids: message_ids.clone() });
    }
    Ok(message_ids)
}
