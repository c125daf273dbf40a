//! What a visitor does: write, listen, read the own conversation.

use super::{Answering, Conversation, Message, NewMessage, Sender, Sent, Status, sql, store};
use crate::{
    Error, Result,
    app::App,
    channels::{self, AutoReply, Channel},
    contacts::{self, Visitor, WayIn},
    db::Tx,
    identity::{self, Person},
    ids::MessageId,
    jobs,
    limits::{self, Action},
    uploads::links,
    usage,
};

/// Whether a conversation has just been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Now,
    Before,
}

/// Opens the visitor's conversation before there is a message, or finds it where it is. Staff see it from its first message on.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::TooMany`]; [`Error::Invalid`] for the name.
pub async fn open(
    app: &App,
    visitor: &Visitor,
    display_name: Option<String>,
) -> Result<(Conversation, Opened)> {
    let display_name = contacts::display_name(display_name)?;
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.way_in, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (_, mut conversation, opened) = hold_open(&inner, tx, &visitor).await?;
                if conversation.contact.display_name.is_none() && display_name.is_some() {
                    store::set_name(tx, &mut conversation, display_name, inner.now()).await?;
                }
                Ok((conversation, opened))
            })
        })
        .await
}

/// Takes a visitor's message in. The first one opens the conversation, the first after a resolve a new session.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::TooMany`]; [`Error::Usage`];
/// [`Error::Invalid`].
pub async fn receive(
    app: &App,
    visitor: &Visitor,
    new: NewMessage,
    display_name: Option<String>,
) -> Result<Sent> {
    let display_name = contacts::display_name(display_name)?;
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.way_in, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (channel, mut conversation, _) = hold_open(&inner, tx, &visitor).await?;
                let now = inner.now();
                let sender = Sender::EndUser(conversation.contact.id);
                if let Some(client_id) = &new.client_id
                    && let Some(mut message) =
                        sql::by_client_id(tx, conversation.id, &sender, client_id).await?
                {
                    links::sign(&inner, &mut message);
                    return Ok(Sent { conversation, message });
                }
                if conversation.session.status == Status::Resolved {
                    store::open_session(&inner, tx, &channel, &mut conversation, now).await?;
                }
                if conversation.contact.display_name.is_none() && display_name.is_some() {
                    store::set_name(tx, &mut conversation, display_name, now).await?;
                }
                let sent = store::message(&inner, tx, conversation, sender, new, Vec::new(), now).await?;
                let answering = sent.conversation.session.answering;
                if channel.auto_reply == AutoReply::On && answering == Answering::Assistant {
                    jobs::order_reply(&inner, tx, &sent.conversation, now).await?;
                }
                // Last, because all of the account's visitors meet in this row.
                let limit = channel.plan.max_monthly_messages;
                let assistant = sent.conversation.session.assistant.unwrap_or(channel.own_assistant);
                usage::count_message(tx, channel.account_id, assistant, limit, now).await?;
                Ok(sent)
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
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::TooMany`].
pub async fn view(app: &App, visitor: &Visitor, last_seq: Option<i64>) -> Result<View> {
    read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let id = conversation.id;
            if let Some(last_seq) = last_seq {
                let missed = conversation.last_seq.saturating_sub(last_seq.max(0));
                if (0..=CATCH_UP).contains(&missed) {
                    let messages = sql::after(tx, id, last_seq.max(0), CATCH_UP).await?;
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

/// The newest messages, `count` at most.
///
/// # Errors
/// As [`view`].
pub async fn newest(app: &App, visitor: &Visitor, count: i64) -> Result<View> {
    read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let messages = sql::before(tx, conversation.id, i64::MAX, count).await?;
            let earlier = Earlier::before(messages.first().map_or(1, |first| first.seq));
            Ok((messages, earlier, Continuity::Complete))
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

/// Lets a visitor in to listen: the channel, if it is open, and the conversation, if there is one. Creates nothing.
///
/// # Errors
/// As [`view`].
pub async fn enter(app: &App, visitor: &Visitor) -> Result<(Channel, Option<Conversation>)> {
    app.limits.check(Action::AddressReads, limits::network(visitor.address))?;
    let Identified { channel, known, person } = look(app, visitor).await?;
    let verified = verify(app, visitor, known.as_ref(), person.as_ref()).await?;
    Ok((channel, verified.or(known)))
}

/// Whether a visitor may listen still. A door asks once more after it has subscribed somebody without a proof: what was true before may
/// have changed meanwhile, and from now on an event says so.
///
/// # Errors
/// As [`view`].
pub async fn may_listen(app: &App, visitor: &Visitor) -> Result<()> {
    look(app, visitor).await.map(drop)
}

async fn look(app: &App, visitor: &Visitor) -> Result<Identified> {
    let (inner, visitor) = (app.clone(), visitor.clone());
    let look =
        app.db.read(move |tx| Box::pin(async move { identify(&inner, tx, &visitor, Reading::Only).await }));
    look.await
}

/// Remembers what a reader has proved, if it is new. From then on the id is not believed without a proof.
async fn verify(
    app: &App,
    visitor: &Visitor,
    known: Option<&Conversation>,
    person: Option<&Person>,
) -> Result<Option<Conversation>> {
    let (Some(known), Some(person)) = (known, person) else { return Ok(None) };
    if !person.is_news_of(&known.contact) || known.contact.blocked_at.is_some() {
        return Ok(None);
    }
    let (inner, visitor) = (app.clone(), visitor.clone());
    let write = app.db.write(move |tx| {
        Box::pin(async move {
            let Identified { known, person, .. } =
                identify(&inner, tx, &visitor, Reading::AndWriting).await?;
            let (Some(mut conversation), Some(person)) = (known, person) else { return Ok(None) };
            store::verify(tx, &mut conversation, &person, inner.now()).await?;
            Ok(Some(conversation))
        })
    });
    write.await
}

/// The messages of the conversation that was just written into (the newest 1,000 at most), or those after `after`: what a client without a connection shows next.
///
/// # Errors
/// [`Error::NotFound`] for a message that is not of this conversation; [`Error::Conflict`] when more than 1,000 came after it.
pub async fn history_with(app: &App, sent: &Sent, after: Option<MessageId>) -> Result<Vec<Message>> {
    let conversation = sent.conversation.clone();
    let read = app.db.read(move |tx| Box::pin(async move { store::history(tx, &conversation, after).await }));
    let mut messages = read.await?;
    links::sign_all(app, &mut messages);
    Ok(messages)
}

/// The messages of the visitor (the newest 1,000 at most), or those after `after`.
///
/// # Errors
/// As [`view`], and [`Error::NotFound`] for a message that is not of this conversation.
pub async fn history(app: &App, visitor: &Visitor, after: Option<MessageId>) -> Result<View> {
    let view = read_as_visitor(app, visitor, move |tx, conversation| {
        Box::pin(async move {
            let messages = store::history(tx, conversation, after).await?;
            Ok((messages, Earlier::None, Continuity::Complete))
        })
    })
    .await?;
    match (after, &view.conversation) {
        (Some(_), None) => Err(Error::NotFound("Message")),
        _ => Ok(view),
    }
}

/// Holds a visitor's conversation for a verb of another slice, until the end of the transaction.
///
/// # Errors
/// As [`identify`]; [`Error::NotFound`] where there is no conversation yet.
pub(crate) async fn hold(app: &App, tx: &mut Tx, visitor: &Visitor) -> Result<(Channel, Conversation)> {
    let Identified { channel, known, person } = identify(app, tx, visitor, Reading::AndWriting).await?;
    let mut conversation = known.ok_or(Error::NotFound("Conversation"))?;
    if let Some(person) = &person {
        store::verify(tx, &mut conversation, person, app.now()).await?;
    }
    Ok((channel, conversation))
}

/// The same, where the conversation is opened if there is none yet.
///
/// # Errors
/// As [`identify`].
pub(super) async fn hold_open(
    app: &App,
    tx: &mut Tx,
    visitor: &Visitor,
) -> Result<(Channel, Conversation, Opened)> {
    let Identified { channel, known, person } = identify(app, tx, visitor, Reading::AndWriting).await?;
    let (now, person) = (app.now(), person.as_ref());
    let opened = if known.is_some() { Opened::Before } else { Opened::Now };
    let mut conversation = match known {
        Some(conversation) => conversation,
        None => store::open(app, tx, &channel, &visitor.external_id, person, now).await?,
    };
    match person {
        Some(person) => store::verify(tx, &mut conversation, person, now).await?,
        // It may have been opened by a faster connection of somebody verified.
        None => check_unproved(&conversation)?,
    }
    Ok((channel, conversation, opened))
}

/// What a visitor is let in for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Only,
    /// The conversation is held until the end of the transaction.
    AndWriting,
}

/// Where a visitor stands.
pub(super) struct Identified {
    pub channel: Channel,
    pub known: Option<Conversation>,
    /// What was proved; `None` without a proof.
    pub person: Option<Person>,
}

/// The one place that says where a visitor stands: the channel, if it is open, and the conversation, if there is one. Every verb of a
/// visitor goes through here. A proof is checked before anything is looked up by the id, so that answer and work are the same whether
/// there is such an id or not.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::NotFound`] for a conversation that is not the
/// visitor's; [`Error::Disabled`] for a blocked contact who writes.
pub(super) async fn identify(
    app: &App,
    tx: &mut Tx,
    visitor: &Visitor,
    reading: Reading,
) -> Result<Identified> {
    let external_id = &visitor.external_id;
    let found = match &visitor.way_in {
        WayIn::Token(token) => Some(channels::sql::open_by_token(tx, token).await?),
        WayIn::MobileChannel(id) => Some(channels::sql::open_mobile(tx, *id).await?),
        WayIn::Conversation(id) => channels::sql::by_conversation(tx, *id).await?,
    };
    let channel = found.ok_or(Error::NotFound("Conversation"))?;
    let person = identity::check(app, tx, &channel, visitor).await?;
    let known = match (&visitor.way_in, reading) {
        (WayIn::Token(_) | WayIn::MobileChannel(_), Reading::Only) => {
            sql::by_visitor(tx, channel.id, external_id).await?
        }
        (WayIn::Token(_) | WayIn::MobileChannel(_), Reading::AndWriting) => {
            sql::lock_by_visitor(tx, channel.id, external_id).await?
        }
        (WayIn::Conversation(id), Reading::Only) => sql::of_visitor(tx, *id, external_id).await?,
        (WayIn::Conversation(id), Reading::AndWriting) => sql::lock_of_visitor(tx, *id, external_id).await?,
    };
    if let WayIn::Conversation(_) = visitor.way_in {
        known.as_ref().ok_or(Error::NotFound("Conversation"))?;
        channel.check_open()?;
    }
    if let (Some(conversation), None) = (&known, &person) {
        check_unproved(conversation)?;
    }
    if let (Some(conversation), Reading::AndWriting) = (&known, reading)
        && conversation.contact.blocked_at.is_some()
    {
        return Err(Error::Disabled);
    }
    Ok(Identified { channel, known, person })
}

/// An id that was once verified is not believed without a proof, on an open channel either.
fn check_unproved(conversation: &Conversation) -> Result<()> {
    match conversation.contact.verified_at {
        None => Ok(()),
        Some(_) => Err(Error::Unverified),
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
    let (inner, asking) = (app.clone(), visitor.clone());
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            let Identified { known, person, .. } = identify(&inner, tx, &asking, Reading::Only).await?;
            let Some(conversation) = known else {
                return Ok((View::default(), person));
            };
            let (messages, earlier, continuity) = see(tx, &conversation).await?;
            Ok((View { conversation: Some(conversation), messages, earlier, continuity }, person))
        })
    });
    let (mut view, person) = read.await?;
    if let Some(verified) = verify(app, visitor, view.conversation.as_ref(), person.as_ref()).await? {
        view.conversation = Some(verified);
    }
    links::sign_all(app, &mut view.messages);
    Ok(view)
}
