//! How a conversation grows and is read as a whole. Called inside the transactions of others.

use jiff::Timestamp;

use super::{
    Answering, Conversation, LastMessage, Message, NewMessage, Sender, SenderType, Sent, Session, Source,
    Status, Tally, sql,
};
use crate::{
    Error, Event, Result,
    app::App,
    channels::Channel,
    contacts::{Contact, ExternalId},
    db::Tx,
    identity::Person,
    ids::{ContactId, ConversationId, MessageId, SessionId},
    jobs,
    presence::Place,
    push, search, uploads,
};

/// Makes the contact and an empty conversation. Nobody but the visitor sees it before its first message.
pub(super) async fn open(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    external_id: &ExternalId,
    person: Option<&Person>,
    now: Timestamp,
) -> Result<Conversation> {
    let mut contact = Contact {
        id: ContactId(app.new_id()),
        external_id: external_id.clone(),
        display_name: None,
        email: None,
        phone: None,
        verified_at: None,
        blocked_at: None,
    };
    if let Some(person) = person {
        person.describe(&mut contact, now);
    }
    if sql::insert_contact(tx, channel, &contact, now).await? == 0 {
        // Another connection of the same visitor was faster; its conversation is there by now.
        let known = sql::lock_by_visitor(tx, channel.id, external_id).await?;
        return known.ok_or_else(|| Error::database("a contact without a conversation"));
    }
    let conversation = Conversation {
        id: ConversationId(app.new_id()),
        account_id: channel.account_id,
        channel_id: channel.id,
        contact,
        session: new_session(app, channel),
        last_seq: 0,
        version: 1,
        last_message_at: now,
        created_at: now,
        updated_at: now,
        snoozed_until: None,
        unread: 0,
        last_message: None,
    };
    sql::insert(tx, &conversation).await?;
    sql::insert_session(tx, &conversation, now).await?;
    Ok(conversation)
}

pub(super) async fn open_session(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    conversation: &mut Conversation,
    now: Timestamp,
) -> Result<()> {
    conversation.session = new_session(app, channel);
    conversation.version += 1;
    sql::insert_session(tx, conversation, now).await?;
    sql::save_tags(tx, conversation).await?;
    tx.tell(Event::ConversationChanged { conversation: conversation.clone() });
    Ok(())
}

fn new_session(app: &App, channel: &Channel) -> Session {
    Session {
        id: SessionId(app.new_id()),
        status: Status::Open,
        assignee: None,
        assigned_at: None,
        tags: Vec::new(),
        answering: Answering::Assistant,
        first_message_at: None,
        resolved_at: None,
        assistant: channel.other_assistant(),
        rating: None,
        tally: Tally::default(),
    }
}

/// Takes what was proved of a contact; tells it, if that is new.
pub(super) async fn verify(
    tx: &mut Tx,
    conversation: &mut Conversation,
    person: &Person,
    now: Timestamp,
) -> Result<()> {
    if !person.is_news_of(&conversation.contact) {
        return Ok(());
    }
    let first = conversation.contact.verified_at.is_none();
    person.describe(&mut conversation.contact, now);
    sql::save_contact(tx, conversation.account_id, &conversation.contact, now).await?;
    if first {
        tx.tell(Event::ContactVerified { place: Place::from(&*conversation) });
    }
    changed(tx, conversation, now).await
}

pub(super) async fn set_name(
    tx: &mut Tx,
    conversation: &mut Conversation,
    name: Option<String>,
    now: Timestamp,
) -> Result<()> {
    conversation.contact.display_name = name;
    sql::save_contact(tx, conversation.account_id, &conversation.contact, now).await
}

/// Keeps what has changed in a conversation without a message, and tells it. The caller holds it locked.
pub(crate) async fn changed(tx: &mut Tx, conversation: &mut Conversation, now: Timestamp) -> Result<()> {
    conversation.version += 1;
    conversation.updated_at = now;
    sql::save_session(tx, conversation).await?;
    sql::save(tx, conversation).await?;
    // Before its first message nobody else knows of it.
    if conversation.last_seq > 0 {
        tx.tell(Event::ConversationChanged { conversation: conversation.clone() });
    }
    Ok(())
}

/// Keeps what is the staff's alone, and tells it. The caller holds the conversation locked.
pub(super) async fn inbox_changed(
    tx: &mut Tx,
    conversation: &mut Conversation,
    now: Timestamp,
) -> Result<()> {
    touched(tx, conversation, now).await?;
    tx.tell(Event::InboxChanged { conversation: conversation.clone() });
    Ok(())
}

/// The same, where the caller tells what has happened.
pub(super) async fn touched(tx: &mut Tx, conversation: &mut Conversation, now: Timestamp) -> Result<()> {
    conversation.version += 1;
    conversation.updated_at = now;
    sql::save(tx, conversation).await.map(drop)
}

/// Stores a message as the newest of a conversation that the caller holds locked.
pub(crate) async fn message(
    app: &App,
    tx: &mut Tx,
    mut conversation: Conversation,
    sender: Sender,
    mut new: NewMessage,
    sources: Vec<Source>,
    now: Timestamp,
) -> Result<Sent> {
    uploads::attach(app, tx, &conversation, &sender, &mut new.content).await?;
    if conversation.session.first_message_at.is_none() {
        conversation.session.first_message_at = Some(now);
        sql::save_first_message(tx, &conversation).await?;
    }
    if conversation.last_seq == 0 {
        tx.tell(Event::ConversationOpened { conversation: conversation.clone() });
    }
    conversation.last_seq += 1;
    conversation.version += 1;
    // Two messages at the same instant of a clock that was set back must still sort as they came.
    conversation.last_message_at = now.max(conversation.last_message_at);
    conversation.updated_at = now;
    let mut message = Message {
        id: MessageId(app.new_id()),
        conversation_id: conversation.id,
        session_id: conversation.session.id,
        seq: conversation.last_seq,
        sender,
        content: new.content,
        sources,
        client_id: new.client_id,
        read_by: Vec::new(),
        created_at: conversation.last_message_at,
    };
    match message.sender.kind() {
        SenderType::EndUser => {
            conversation.unread += 1;
            conversation.snoozed_until = None;
        }
        SenderType::Agent => conversation.unread = 0,
        SenderType::Bot => {}
    }
    tally(tx, &mut conversation, &message.sender, now).await?;
    conversation.last_message = Some(LastMessage::from(&message));
    sql::save(tx, &conversation).await?;
    sql::insert_message(tx, conversation.account_id, &message).await?;
    if message.sender.kind() != SenderType::EndUser && push::has_devices(tx, &conversation.contact).await? {
        jobs::order_push(app, tx, &conversation, now).await?;
    }
    search::add_message(tx, &conversation, &message);
    uploads::links::sign(app, &mut message);
    tx.tell(Event::MessageSent { conversation: conversation.clone(), message: message.clone() });
    Ok(Sent { conversation, message })
}

/// Counts a message for the reports. The counts themselves go with the conversation's row, which is written anyway.
async fn tally(tx: &mut Tx, conversation: &mut Conversation, sender: &Sender, now: Timestamp) -> Result<()> {
    let tally = &mut conversation.session.tally;
    let first = match sender {
        Sender::EndUser(_) => {
            tally.messages_in += 1;
            return Ok(());
        }
        Sender::Agent { .. } => &mut tally.first_reply_at,
        Sender::Bot { .. } => &mut tally.first_answer_at,
    };
    let is_first = first.is_none();
    first.get_or_insert(now);
    tally.messages_out += 1;
    // What is resolved has been counted; staff may write behind it.
    if is_first || conversation.session.status == Status::Resolved {
        sql::save_tally(tx, &conversation.session).await?;
    }
    if let Sender::Agent { id, .. } = sender {
        sql::count_reply(tx, conversation, *id, now).await?;
    }
    Ok(())
}

/// The most messages that are read at once: one stranger's history must not fill the memory.
const WHOLE: i64 = 1000;

/// The messages after `after`, or without it the newest ones, in order.
///
/// # Errors
/// [`Error::NotFound`] for a message that is not of this conversation; [`Error::Conflict`] when too many came after it: never a part.
pub(super) async fn history(
    tx: &mut Tx,
    conversation: &Conversation,
    after: Option<MessageId>,
) -> Result<Vec<Message>> {
    let Some(after) = after else { return sql::before(tx, conversation.id, i64::MAX, WHOLE).await };
    let seq = sql::seq_of(tx, conversation.id, after).await?;
    if conversation.last_seq - seq > WHOLE {
        return Err(Error::Conflict("More than 1000 messages came after this one. Start without it."));
    }
    sql::after(tx, conversation.id, seq, WHOLE).await
}
