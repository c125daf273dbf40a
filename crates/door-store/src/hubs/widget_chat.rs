//! The visitors' hub: anonymous, on foreign pages. The contract's two methods, and our own widget's (`widget.md`).

use std::collections::BTreeMap;

use door_kit::Address;
use parlor_core::{
    Error,
    contacts::{self, ExternalId, Proof, Visitor, WayIn},
    conversations::{self, Message, NewMessage, NewRating, Rating, View},
    ids::{ChannelId, MessageId},
    presence::{self, Place, Typist},
};
use serde::{Serialize, Serializer};
use signalr::{Caller, Hub, HubError};
use uuid::Uuid;

use crate::{
    Door,
    error::hub_error,
    push::{SESSION_GROUPS, own_group, unproved_group, unproved_visitor_group, widget_group},
    visitors::Rated,
    widget::{self, Page},
    wire::{OwnMessage, WidgetMessage},
};

pub fn hub(door: Door) -> Hub<Door> {
    Hub::builder(door)
        .method_with_optional("JoinSession", 1, join_session)
        .method_with_optional("SendMessage", 2, send_message)
        .method_with_optional("Join", 1, join)
        .method_with_optional("Send", 1, send)
        .method_with_optional("GetEarlier", 1, get_earlier)
        .method_with_optional("GetMessages", 2, get_messages)
        .method_with_optional("MarkRead", 1, mark_read)
        .method_with_optional("Typing", 1, typing)
        .method_with_optional("Rate", 2, rate)
        .method_with_optional("SeePage", 2, see_page)
        .method_with_optional("Introduce", 1, introduce)
        .build()
}

/// How many sessions one connection may listen to. A page has one.
const MOST_SESSIONS: usize = 16;

fn visitor(
    caller: &Caller<Door>,
    channel_token: String,
    session_id: &str,
    proof: Option<Proof>,
) -> Result<Visitor, HubError> {
    let external_id = ExternalId::parse(session_id).map_err(hub_error)?;
    Ok(Visitor {
        way_in: WayIn::Token(channel_token),
        external_id,
        proof,
        address: Address::of(caller.extensions()).0,
    })
}

/// Lets a visitor listen in one of the groups of the session, which is the answer. Who has no proof is also in groups that end when one is
/// needed; as that may have happened just now, the caller asks the core once more.
async fn listen(
    caller: &Caller<Door>,
    visitor: &Visitor,
    group: fn(ChannelId, &str) -> String,
) -> Result<String, HubError> {
    let app = &caller.state().app;
    let (channel, _) = conversations::enter(app, visitor).await.map_err(hub_error)?;
    let session = visitor.external_id.as_str();
    let sessions: usize = SESSION_GROUPS.iter().map(|prefix| caller.groups_beginning(prefix)).sum();
    if sessions >= MOST_SESSIONS {
        return Err(HubError::new("This connection has joined too many sessions."));
    }
    let group = group(channel.id, session);
    if visitor.proof.is_none() {
        caller.join(unproved_group(channel.id));
        caller.join(unproved_visitor_group(channel.id, session));
    }
    caller.join(group.clone());
    Ok(group)
}

/// Takes back a right to listen that has ended meanwhile.
fn no_longer(caller: &Caller<Door>, group: &str, refused: Error) -> HubError {
    caller.leave(group);
    hub_error(refused)
}

/// `JoinSession(channelToken, sessionId, identityHash?)`: hears `MessageReceived` from now on. Unknown or disabled channel → HubException.
async fn join_session(
    caller: Caller<Door>,
    (token, session, proof): (String, String, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let group = listen(&caller, &visitor, widget_group).await?;
    if visitor.proof.is_none() {
        let still = conversations::may_listen(&caller.state().app, &visitor).await;
        still.map_err(|refused| no_longer(&caller, &group, refused))?;
    }
    Ok(())
}

/// `SendMessage(channelToken, sessionId, text, contactDisplayName, clientMessageId?, identityHash?)`: stores the message, then it is pushed.
async fn send_message(
    caller: Caller<Door>,
    (token, session, text, name, client_id, proof): (
        String,
        String,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
    ),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let new = NewMessage::text(&text, client_id).map_err(hub_error)?;
    conversations::receive(&caller.state().app, &visitor, new, name).await.map_err(hub_error)?;
    Ok(())
}

/// W3. `Join(channelToken, sessionId, lastSeq, identity?)`: subscribes first and reads then, so nothing falls between.
async fn join(
    caller: Caller<Door>,
    (token, session, last_seq, proof): (String, String, Option<i64>, Option<String>),
) -> Result<Joined, HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let group = listen(&caller, &visitor, own_group).await?;
    let view = conversations::view(&caller.state().app, &visitor, last_seq).await;
    view.map(Joined).map_err(|refused| no_longer(&caller, &group, refused))
}

/// W4. `Send(channelToken, sessionId, clientMessageId, text, contactDisplayName, identity?)` → the stored message.
async fn send(
    caller: Caller<Door>,
    (token, session, client_id, text, name, proof): (
        String,
        String,
        String,
        String,
        Option<String>,
        Option<String>,
    ),
) -> Result<Stored, HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let new = NewMessage::text(&text, Some(client_id)).map_err(hub_error)?;
    let sent = conversations::receive(&caller.state().app, &visitor, new, name).await.map_err(hub_error)?;
    Ok(Stored(sent.message))
}

/// W6. `GetEarlier(channelToken, sessionId, beforeSeq, identity?)`.
async fn get_earlier(
    caller: Caller<Door>,
    (token, session, seq, proof): (String, String, i64, Option<String>),
) -> Result<Older, HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let view = conversations::earlier(&caller.state().app, &visitor, seq).await.map_err(hub_error)?;
    Ok(Older(view))
}

/// W6. `GetMessages(channelToken, sessionId, afterMessageId?, identity?)`: the seed's payloads in order.
async fn get_messages(
    caller: Caller<Door>,
    (token, session, after, proof): (String, String, Option<Uuid>, Option<String>),
) -> Result<History, HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let view = conversations::history(&caller.state().app, &visitor, after.map(MessageId))
        .await
        .map_err(hub_error)?;
    Ok(History(view))
}

/// W4. `MarkRead(channelToken, sessionId, messageIds, identity?)`: what the visitor has seen of the others' messages.
async fn mark_read(
    caller: Caller<Door>,
    (token, session, messages, proof): (String, String, Vec<Uuid>, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let messages = messages.into_iter().map(MessageId).collect();
    conversations::mark_read_by_visitor(&caller.state().app, &visitor, messages).await.map_err(hub_error)?;
    Ok(())
}

/// W4. `Typing(channelToken, sessionId)`: the visitor is writing. Before the first message there is nobody to tell.
async fn typing(
    caller: Caller<Door>,
    (token, session, proof): (String, String, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let app = &caller.state().app;
    let view = conversations::newest(app, &visitor, 1).await.map_err(hub_error)?;
    if let Some(conversation) = &view.conversation {
        presence::typing(app, Place::from(conversation), Typist::EndUser);
    }
    Ok(())
}

/// W12. `Rate(channelToken, sessionId, rating, comment?, identity?)` → the stored rating.
async fn rate(
    caller: Caller<Door>,
    (token, session, rating, comment, proof): (String, String, i64, Option<String>, Option<String>),
) -> Result<Scored, HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let new = NewRating::new(rating, comment).map_err(hub_error)?;
    conversations::rate(&caller.state().app, &visitor, new).await.map(Scored).map_err(hub_error)
}

/// W13. `SeePage(channelToken, sessionId, url, title?, identity?)`: the visitor is on this page of the shop.
async fn see_page(
    caller: Caller<Door>,
    (token, session, url, title, proof): (String, String, String, Option<String>, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    let page = contacts::Page::parse(&url, title.as_deref()).map_err(hub_error)?;
    contacts::see_page(&caller.state().app, &visitor, page).await.map_err(hub_error)
}

/// W14. `Introduce(channelToken, sessionId, answers, identity?)`: what the channel asks before the first message.
async fn introduce(
    caller: Caller<Door>,
    (token, session, answers, proof): (String, String, BTreeMap<String, String>, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session, proof.map(Proof::parse))?;
    conversations::introduce(&caller.state().app, &visitor, answers).await.map_err(hub_error)
}

/// Results own what the core has answered and are spelled when they are written, in whichever protocol the client speaks.
macro_rules! results {
    ($($name:ident($held:ty) as $spelled:expr;)*) => {$(
        struct $name($held);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $spelled(&self.0).serialize(serializer)
            }
        }
    )*};
}

results! {
    Joined(View) as widget::Synced::from;
    Older(View) as Page::from;
    Stored(Message) as OwnMessage::from;
    History(View) as history;
    Scored(Rating) as Rated::from;
}

fn history(view: &View) -> Vec<WidgetMessage<'_>> {
    view.messages.iter().map(WidgetMessage::from).collect()
}
