//! Conversations: everything between one contact and one channel, in sessions, message by message.

pub(crate) mod sql;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    channels::{self, AutoReply, Channel},
    contacts::{self, Contact, ExternalId, Visitor},
    db::Tx,
    ids::{AccountId, AgentId, ArticleId, ChannelId, ContactId, ConversationId, MessageId, SessionId},
    jobs,
    limits::{self, Action},
    text_enum, usage,
};

/// The most characters a text may have.
pub const LONGEST_TEXT: usize = 10_000;
/// The most characters a client's id of a message may have.
pub const LONGEST_CLIENT_ID: usize = 64;

text_enum! {
    /// Where a session stands.
    Status { Open = "open", Resolved = "resolved" }
}

text_enum! {
    /// Who answers in this session.
    Answering {
        /// The assistant, if the channel lets it.
        Assistant = "assistant",
        /// A person has stepped in: the assistant is silent until staff resume it.
        Person = "person",
    }
}

text_enum! {
    /// Who wrote a message.
    SenderType { EndUser = "end_user", Agent = "agent", Bot = "bot" }
}

text_enum! {
    /// What a message is made of.
    ContentType {
        Text = "text",
        Image = "image",
        File = "file",
        QuickButton = "quick_button",
        Carousel = "carousel",
        Dropdown = "dropdown",
    }
}

/// Everything between one contact and one channel.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub id: ConversationId,
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub contact: Contact,
    /// The newest session; its status is the conversation's.
    pub session: Session,
    /// The place of the newest message.
    pub last_seq: i64,
    /// Grows with every change: whoever holds a newer version ignores an older one.
    pub version: i64,
    pub last_message_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One support interaction.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub status: Status,
    pub assignee: Option<AgentId>,
    pub assigned_at: Option<Timestamp>,
    pub tags: Vec<String>,
    pub answering: Answering,
    pub first_message_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
}

/// One entry of a conversation.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub session_id: SessionId,
    /// Its place in the conversation, from 1, without gaps.
    pub seq: i64,
    pub sender: Sender,
    pub content: Content,
    /// What an assistant's answer rests on.
    pub sources: Vec<Source>,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    EndUser(ContactId),
    Agent { id: AgentId, name: String },
    Bot { id: crate::ids::AssistantId, name: String },
}

impl Sender {
    /// The kind of sender.
    pub fn kind(&self) -> SenderType {
        match self {
            Sender::EndUser(_) => SenderType::EndUser,
            Sender::Agent { .. } => SenderType::Agent,
            Sender::Bot { .. } => SenderType::Bot,
        }
    }

    /// The name shown to the other side.
    pub fn name(&self) -> Option<&str> {
        match self {
            Sender::EndUser(_) => None,
            Sender::Agent { name, .. } | Sender::Bot { name, .. } => Some(name),
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub kind: ContentType,
    pub text: String,
    /// The structured part of everything but plain text.
    pub rich_media: Option<Json>,
}

impl Content {
    /// Plain text.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it has 1 to 10,000 characters after trimming.
    pub fn text(text: &str) -> Result<Content> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid("text", "must not be empty"));
        }
        if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
            return Err(Error::invalid("text", "must have at most 10,000 characters"));
        }
        if text.contains('\0') {
            return Err(Error::invalid("text", "must not hold a NUL character"));
        }
        Ok(Content { kind: ContentType::Text, text: text.to_owned(), rich_media: None })
    }
}

/// An article that an answer quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub article_id: ArticleId,
    pub title: String,
    pub url: Option<String>,
}

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub content: Content,
    /// The sender's own id of it: the same one again stores nothing.
    pub client_id: Option<String>,
}

impl NewMessage {
    /// # Errors
    /// [`Error::Invalid`] for a text or a client's id that does not do.
    pub fn text(text: &str, client_id: Option<String>) -> Result<NewMessage> {
        let fits = |id: &String| {
            (1..=LONGEST_CLIENT_ID).contains(&id.chars().count()) && !id.contains(char::is_control)
        };
        if !client_id.as_ref().is_none_or(fits) {
            return Err(Error::invalid("clientMessageId", "must have 1 to 64 printable characters"));
        }
        Ok(NewMessage { content: Content::text(text)?, client_id })
    }
}

/// A message and the conversation as it was right after it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub conversation: Conversation,
    pub message: Message,
}

/// Takes a visitor's message in. The first one opens the conversation, the first after a resolve a new session.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::TooMany`]; [`Error::Usage`]; [`Error::Invalid`].
pub async fn receive(
    app: &App,
    visitor: &Visitor,
    new: NewMessage,
    display_name: Option<String>,
) -> Result<Sent> {
    let display_name = contacts::display_name(display_name)?;
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.channel_token, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let channel = channels::sql::open_by_token(tx, &visitor.channel_token).await?;
                let now = inner.now();
                let known = sql::lock_by_visitor(tx, channel.id, &visitor.external_id).await?;
                let mut conversation = match known {
                    Some(conversation) => conversation,
                    None => open(&inner, tx, &channel, &visitor.external_id, now).await?,
                };
                if let Some(client_id) = &new.client_id
                    && let Some(message) =
                        sql::by_client_id(tx, conversation.id, SenderType::EndUser, client_id).await?
                {
                    return Ok(Sent { conversation, message });
                }
                let reopens = conversation.session.status == Status::Resolved;
                if reopens {
                    open_session(&inner, tx, &mut conversation, now).await?;
                }
                if conversation.contact.display_name.is_none() && display_name.is_some() {
                    set_name(tx, &mut conversation, display_name, now).await?;
                }
                let sender = Sender::EndUser(conversation.contact.id);
                let sent = store(&inner, tx, conversation, sender, new, Vec::new(), now).await?;
                if reopens {
                    tx.tell(Event::ConversationChanged { conversation: sent.conversation.clone() });
                }
                let limit = channel.plan.max_monthly_messages;
                usage::count_message(tx, channel.account_id, channel.assistant.id, limit, now).await?;
                let answering = sent.conversation.session.answering;
                if channel.auto_reply == AutoReply::On && answering == Answering::Assistant {
                    jobs::order_reply(&inner, tx, &sent.conversation, now).await?;
                }
                Ok(sent)
            })
        })
        .await
}

/// Stores an agent's reply. It silences the assistant for this session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Disabled`]; [`Error::Invalid`].
pub async fn reply(app: &App, actor: &Actor, id: ConversationId, new: NewMessage) -> Result<Sent> {
    actor.require(Permission::ManageConversations)?;
    let sender = match actor {
        Actor::Agent(agent) => Sender::Agent { id: agent.id, name: agent.name.clone() },
        Actor::Operator(_) => return Err(Error::Forbidden(Permission::ManageConversations)),
    };
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                channels::sql::of_conversation(tx, conversation.channel_id).await?.check_open()?;
                if let Some(client_id) = &new.client_id
                    && let Some(message) =
                        sql::by_client_id(tx, conversation.id, SenderType::Agent, client_id).await?
                {
                    return Ok(Sent { conversation, message });
                }
                if conversation.session.answering == Answering::Assistant {
                    conversation.session.answering = Answering::Person;
                    sql::save_session(tx, &conversation).await?;
                }
                let now = inner.now();
                store(&inner, tx, conversation, sender, new, Vec::new(), now).await
            })
        })
        .await
}

/// Gives the open session to an agent, or to nobody. An assignment silences the assistant.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the agent; [`Error::Conflict`] when it is resolved.
pub async fn assign(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    assignee: Option<AgentId>,
) -> Result<Conversation> {
    change(app, actor, id, move |inner, tx, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Resolved {
                return Err(Error::Conflict("The conversation is resolved."));
            }
            if let Some(assignee) = assignee
                && !sql::has_agent(tx, conversation.account_id, assignee).await?
            {
                return Err(Error::NotFound("Agent"));
            }
            conversation.session.assignee = assignee;
            conversation.session.assigned_at = assignee.map(|_| inner.now());
            if assignee.is_some() {
                conversation.session.answering = Answering::Person;
            }
            Ok(())
        })
    })
    .await
}

/// Lets the assistant answer again in this session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn resume_assistant(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |_, _, conversation| {
        Box::pin(async move {
            conversation.session.answering = Answering::Assistant;
            Ok(())
        })
    })
    .await
}

/// Closes the open session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved already.
pub async fn resolve(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |inner, _, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Resolved {
                return Err(Error::Conflict("The conversation is already resolved."));
            }
            conversation.session.status = Status::Resolved;
            conversation.session.resolved_at = Some(inner.now());
            Ok(())
        })
    })
    .await
}

/// Opens the newest session again.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is open.
pub async fn reopen(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |_, _, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Open {
                return Err(Error::Conflict("The conversation is already open."));
            }
            conversation.session.status = Status::Open;
            conversation.session.resolved_at = None;
            Ok(())
        })
    })
    .await
}

type Change<'a> = crate::db::TxFuture<'a, ()>;

/// The one way a session changes without a message.
async fn change<F>(app: &App, actor: &Actor, id: ConversationId, edit: F) -> Result<Conversation>
where
    F: for<'a> FnOnce(&'a App, &'a mut Tx, &'a mut Conversation) -> Change<'a> + Send + 'static,
{
    actor.require(Permission::ManageConversations)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                edit(&inner, tx, &mut conversation).await?;
                conversation.version += 1;
                conversation.updated_at = inner.now();
                sql::save_session(tx, &conversation).await?;
                sql::save(tx, &conversation).await?;
                tx.tell(Event::ConversationChanged { conversation: conversation.clone() });
                Ok(conversation)
            })
        })
        .await
}

/// What a list of conversations is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub channel_id: Option<ChannelId>,
    /// A part of the contact's name, e-mail address, phone number or external id.
    pub contact: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// From 1.
    pub number: i64,
    pub size: i64,
}

/// A conversation in a list, with its newest message.
#[derive(Clone, Debug)]
pub struct Listed {
    pub conversation: Conversation,
    pub last_message: Message,
}

/// One page of the account's conversations, the one with the newest message first, and how many there are in all.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor, filter: Filter, page: Page) -> Result<(Vec<Listed>, i64)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let total = sql::count(tx, account_id, &filter).await?;
                Ok((sql::list(tx, account_id, &filter, page).await?, total))
            })
        })
        .await
}

/// One conversation with all its messages, or those after `after`.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the message.
pub async fn get(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    after: Option<MessageId>,
) -> Result<(Conversation, Vec<Message>)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let conversation =
                    sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                let after = sql::seq_of(tx, id, after).await?;
                let messages = sql::after(tx, id, after).await?;
                Ok((conversation, messages))
            })
        })
        .await
}

/// What a visitor sees of the own conversation.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// `None` before the first message.
    pub conversation: Option<Conversation>,
    /// In order.
    pub messages: Vec<Message>,
    /// Whether there are messages before these.
    pub earlier: Earlier,
    /// Whether these continue what the visitor has.
    pub continuity: Continuity,
}

/// Whether there are messages before those at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Earlier {
    #[default]
    None,
    Some,
}

/// Whether a catch-up is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    #[default]
    Complete,
    /// Too much has been missed: these are the newest messages, and the visitor starts afresh.
    Refused,
}

/// How many messages a visitor gets to begin with, or at a time going back.
const VIEW: i64 = 50;
/// The most messages that a catch-up brings.
const CATCH_UP: i64 = 500;

/// What the visitor has missed since `last_seq`, or the newest messages. Creates nothing.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::TooMany`].
pub async fn view(app: &App, visitor: &Visitor, last_seq: Option<i64>) -> Result<View> {
    read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let id = conversation.id;
            if let Some(last_seq) = last_seq {
                let missed = conversation.last_seq.saturating_sub(last_seq.max(0));
                if (0..=CATCH_UP).contains(&missed) {
                    let messages = sql::after(tx, id, last_seq.max(0)).await?;
                    let earlier = Earlier::before(messages.first().map_or(last_seq + 1, |first| first.seq));
                    return Ok((messages, earlier, Continuity::Complete));
                }
            }
            let messages = sql::before(tx, id, i64::MAX, VIEW).await?;
            let earlier = Earlier::before(messages.first().map_or(1, |first| first.seq));
            let continuity = if last_seq.is_some() { Continuity::Refused } else { Continuity::Complete };
            Ok((messages, earlier, continuity))
        })
    })
    .await
}

/// The messages before `seq`.
///
/// # Errors
/// As [`view`].
pub async fn earlier(app: &App, visitor: &Visitor, seq: i64) -> Result<View> {
    read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let messages = sql::before(tx, conversation.id, seq, VIEW).await?;
            let earlier = Earlier::before(messages.first().map_or(1, |first| first.seq));
            Ok((messages, earlier, Continuity::Complete))
        })
    })
    .await
}

/// Lets a visitor in to listen: the channel, if it is open. Creates nothing.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::TooMany`].
pub async fn enter(app: &App, visitor: &Visitor) -> Result<Channel> {
    app.limits.check(Action::AddressReads, limits::network(visitor.address))?;
    channels::by_token(app, &visitor.channel_token).await
}

/// All messages of the conversation that was just written into, or those after `after`: what a client without a connection shows next.
///
/// # Errors
/// [`Error::NotFound`] for a message that is not of this conversation.
pub async fn history_with(app: &App, sent: &Sent, after: Option<MessageId>) -> Result<Vec<Message>> {
    let id = sent.conversation.id;
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let after = sql::seq_of(tx, id, after).await?;
                sql::after(tx, id, after).await
            })
        })
        .await
}

/// All messages of the visitor, or those after `after`.
///
/// # Errors
/// As [`view`], and [`Error::NotFound`] for a message that is not of this conversation.
pub async fn history(app: &App, visitor: &Visitor, after: Option<MessageId>) -> Result<View> {
    let view = read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let after = sql::seq_of(tx, conversation.id, after).await?;
            Ok((sql::after(tx, conversation.id, after).await?, Earlier::None, Continuity::Complete))
        })
    })
    .await?;
    match (after, &view.conversation) {
        (Some(_), None) => Err(Error::NotFound("Message")),
        _ => Ok(view),
    }
}

impl Earlier {
    fn before(seq: i64) -> Earlier {
        if seq > 1 { Earlier::Some } else { Earlier::None }
    }
}

type Seen<'a> = crate::db::TxFuture<'a, (Vec<Message>, Earlier, Continuity)>;

async fn read_as_visitor<F>(app: &App, visitor: &Visitor, see: F) -> Result<View>
where
    F: for<'a> FnOnce(&'a mut Tx, &'a Conversation) -> Seen<'a> + Send + 'static,
{
    app.limits.check(Action::AddressReads, limits::network(visitor.address))?;
    let visitor = visitor.clone();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let channel = channels::sql::open_by_token(tx, &visitor.channel_token).await?;
                let Some(conversation) = sql::by_visitor(tx, channel.id, &visitor.external_id).await? else {
                    return Ok(View::default());
                };
                let (messages, earlier, continuity) = see(tx, &conversation).await?;
                Ok(View { conversation: Some(conversation), messages, earlier, continuity })
            })
        })
        .await
}

async fn open(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    external_id: &ExternalId,
    now: Timestamp,
) -> Result<Conversation> {
    let contact = Contact {
        id: ContactId(app.new_id()),
        external_id: external_id.clone(),
        display_name: None,
        email: None,
        phone: None,
    };
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
        session: new_session(app, now),
        last_seq: 0,
        version: 1,
        last_message_at: now,
        created_at: now,
        updated_at: now,
    };
    sql::insert(tx, &conversation).await?;
    sql::insert_session(tx, &conversation, now).await?;
    tx.tell(Event::ConversationOpened { conversation: conversation.clone() });
    Ok(conversation)
}

async fn open_session(app: &App, tx: &mut Tx, conversation: &mut Conversation, now: Timestamp) -> Result<()> {
    conversation.session = new_session(app, now);
    conversation.version += 1;
    sql::insert_session(tx, conversation, now).await?;
    tx.tell(Event::ConversationChanged { conversation: conversation.clone() });
    Ok(())
}

fn new_session(app: &App, now: Timestamp) -> Session {
    Session {
        id: SessionId(app.new_id()),
        status: Status::Open,
        assignee: None,
        assigned_at: None,
        tags: Vec::new(),
        answering: Answering::Assistant,
        first_message_at: Some(now),
        resolved_at: None,
    }
}

async fn set_name(
    tx: &mut Tx,
    conversation: &mut Conversation,
    name: Option<String>,
    now: Timestamp,
) -> Result<()> {
    conversation.contact.display_name = name;
    sql::save_contact(tx, &conversation.contact, now).await.map(drop)
}

/// Stores a message as the newest of a conversation that the caller holds locked.
pub(crate) async fn store(
    app: &App,
    tx: &mut Tx,
    mut conversation: Conversation,
    sender: Sender,
    new: NewMessage,
    sources: Vec<Source>,
    now: Timestamp,
) -> Result<Sent> {
    conversation.last_seq += 1;
    conversation.version += 1;
    // Two messages at the same instant of a clock that was set back must still sort as they came.
    conversation.last_message_at = now.max(conversation.last_message_at);
    conversation.updated_at = now;
    let message = Message {
        id: MessageId(app.new_id()),
        conversation_id: conversation.id,
        session_id: conversation.session.id,
        seq: conversation.last_seq,
        sender,
        content: new.content,
        sources,
        client_id: new.client_id,
        created_at: conversation.last_message_at,
    };
    sql::save(tx, &conversation).await?;
    sql::insert_message(tx, conversation.account_id, &message).await?;
    tx.tell(Event::MessageSent { conversation: conversation.clone(), message: message.clone() });
    Ok(Sent { conversation, message })
}
