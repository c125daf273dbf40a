//! The visitors' hub: anonymous, on foreign pages. The contract's two methods, and our own widget's (`widget.md`).

use door_kit::Address;
use parlor_core::{
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Message, NewMessage, View},
    ids::MessageId,
};
use serde::{Serialize, Serializer};
use signalr::{Caller, Hub, HubError};
use uuid::Uuid;

use crate::{
    Door,
    error::hub_error,
    push::{own_group, widget_group},
    widget::{self, Page},
    wire::{OwnMessage, WidgetMessage},
};

pub fn hub(door: Door) -> Hub<Door> {
    Hub::builder(door)
        .method("JoinSession", join_session)
        .method_with_optional("SendMessage", 1, send_message)
        .method("Join", join)
        .method("Send", send)
        .method("GetEarlier", get_earlier)
        .method_with_optional("GetMessages", 1, get_messages)
        .method("MarkRead", mark_read)
        .build()
}

/// How many sessions one connection may listen to. A page has one.
const MOST_SESSIONS: usize = 16;

fn enter(caller: &Caller<Door>, group: String) -> Result<(), HubError> {
    if caller.groups() >= MOST_SESSIONS {
        return Err(HubError::new("This connection has joined too many sessions."));
    }
    caller.join(group);
    Ok(())
}

fn visitor(caller: &Caller<Door>, channel_token: String, session_id: &str) -> Result<Visitor, HubError> {
    let external_id = ExternalId::parse(session_id).map_err(hub_error)?;
    Ok(Visitor {
        way_in: WayIn::Token(channel_token),
        external_id,
        address: Address::of(caller.extensions()).0,
    })
}

/// `JoinSession(channelToken, sessionId)`: hears `MessageReceived` from now on. Unknown or disabled channel → HubException.
async fn join_session(caller: Caller<Door>, (token, session): (String, String)) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let channel = conversations::enter(&caller.state().app, &visitor).await.map_err(hub_error)?;
    enter(&caller, widget_group(channel.id, &session))?;
    Ok(())
}

/// `SendMessage(channelToken, sessionId, text, contactDisplayName, clientMessageId?)`: stores the message, then it is pushed.
async fn send_message(
    caller: Caller<Door>,
    (token, session, text, name, client_id): (String, String, String, Option<String>, Option<String>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let new = NewMessage::text(&text, client_id).map_err(hub_error)?;
    conversations::receive(&caller.state().app, &visitor, new, name).await.map_err(hub_error)?;
    Ok(())
}

/// W3. `Join(channelToken, sessionId, lastSeq)`: subscribes first and reads then, so nothing falls between.
async fn join(
    caller: Caller<Door>,
    (token, session, last_seq): (String, String, Option<i64>),
) -> Result<Joined, HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let app = &caller.state().app;
    let channel = conversations::enter(app, &visitor).await.map_err(hub_error)?;
    enter(&caller, own_group(channel.id, &session))?;
    let view = conversations::view(app, &visitor, last_seq).await.map_err(hub_error)?;
    Ok(Joined(view))
}

/// W4. `Send(channelToken, sessionId, clientMessageId, text, contactDisplayName)` → the stored message.
async fn send(
    caller: Caller<Door>,
    (token, session, client_id, text, name): (String, String, String, String, Option<String>),
) -> Result<Stored, HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let new = NewMessage::text(&text, Some(client_id)).map_err(hub_error)?;
    let sent = conversations::receive(&caller.state().app, &visitor, new, name).await.map_err(hub_error)?;
    Ok(Stored(sent.message))
}

/// W6. `GetEarlier(channelToken, sessionId, beforeSeq)`.
async fn get_earlier(
    caller: Caller<Door>,
    (token, session, seq): (String, String, i64),
) -> Result<Older, HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let view = conversations::earlier(&caller.state().app, &visitor, seq).await.map_err(hub_error)?;
    Ok(Older(view))
}

/// W6. `GetMessages(channelToken, sessionId, afterMessageId?)`: the seed's payloads in order.
async fn get_messages(
    caller: Caller<Door>,
    (token, session, after): (String, String, Option<Uuid>),
) -> Result<History, HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let view = conversations::history(&caller.state().app, &visitor, after.map(MessageId))
        .await
        .map_err(hub_error)?;
    Ok(History(view))
}

/// W4. `MarkRead(channelToken, sessionId, messageIds)`: what the visitor has seen of the others' messages.
async fn mark_read(
    caller: Caller<Door>,
    (token, session, messages): (String, String, Vec<Uuid>),
) -> Result<(), HubError> {
    let visitor = visitor(&caller, token, &session)?;
    let messages = messages.into_iter().map(MessageId).collect();
    conversations::mark_read_by_visitor(&caller.state().app, &visitor, messages).await.map_err(hub_error)?;
    Ok(())
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
}

fn history(view: &View) -> Vec<WidgetMessage<'_>> {
    view.messages.iter().map(WidgetMessage::from).collect()
}
