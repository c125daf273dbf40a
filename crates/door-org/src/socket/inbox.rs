//! What the inbox's page says (`org.md` I14, I15): agents alone, by the cookie of one of our own pages.

use std::sync::Arc;

use parking_lot::Mutex;
use parlor_core::{
    Actor, Permission,
    actor::Agent,
    conversations,
    ids::ConversationId,
    limits::Action,
    presence::{self, Place, Typist},
    viewers::{self, Viewing},
};
use serde::{Deserialize, Serialize};
use socketio::{EventError, Namespace, Socket};
use uuid::Uuid;

use super::{
    Room,
    events::{Answer, enter, failed, viewer},
};
use crate::{Door, inbox::wire::ids};

/// The events and who handles them.
pub fn handle(namespace: Namespace<Door>) -> Namespace<Door> {
    namespace
        .on("join_inbox", join_inbox)
        .on("view_conversation", view_conversation)
        .on("inbox_typing", inbox_typing)
}

#[derive(Serialize)]
struct Attending {
    agent_id: Uuid,
    organization_id: Uuid,
    /// The agents who are online now.
    online: Vec<Uuid>,
}

/// I14. The agent hears of everything that the inbox shows.
async fn join_inbox(socket: Socket<Door>, (): ()) -> Answer<Attending> {
    let actor = viewer(&socket).await?;
    let agent = in_person(&actor)?;
    enter(&socket, Room::Inbox(agent.account_id))?;
    enter(&socket, Room::OwnInbox(agent.id))?;
    let online = presence::online(&socket.state().app, &actor).map_err(failed)?;
    Ok((Attending { agent_id: agent.id.0, organization_id: agent.account_id.0, online: ids(&online) },))
}

/// What a socket shows; kept with it.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Option<Viewing>>>);

impl Shown {
    fn of(socket: &Socket<Door>) -> Shown {
        if let Some(shown) = socket.get::<Shown>() {
            return shown;
        }
        let shown = Shown::default();
        socket.set(shown.clone());
        shown
    }
}

/// Nothing is shown on a socket that has gone, also while it may still come back: then the page says anew what it shows.
pub fn leave(socket: &Socket<Door>) {
    if let Some(Shown(shown)) = socket.get() {
        shown.lock().take();
    }
}

#[derive(Deserialize)]
struct View {
    conversation_id: Option<Uuid>,
}

#[derive(Serialize)]
struct Viewed {
    viewers: Vec<Uuid>,
}

/// I15. The agent has a conversation open, or none any more.
async fn view_conversation(socket: Socket<Door>, (view,): (View,)) -> Answer<Viewed> {
    let app = &socket.state().app;
    let actor = viewer(&socket).await?;
    let agent = in_person(&actor)?;
    app.limits.check(Action::AgentSignals, agent.id).map_err(failed)?;
    let Some(id) = view.conversation_id.map(ConversationId) else {
        leave(&socket);
        return Ok((Viewed { viewers: Vec::new() },));
    };
    let conversation = conversations::find(app, &actor, id).await.map_err(failed)?;
    let viewing = viewers::view(app, agent, &conversation);
    // The one before is let go of after it, so that nobody blinks who shows the same again.
    let before = Shown::of(&socket).0.lock().replace(viewing);
    drop(before);
    if !socket.is_connected() {
        leave(&socket);
    }
    Ok((Viewed { viewers: ids(&viewers::of(app, id)) },))
}

#[derive(Deserialize)]
struct InboxTyping {
    conversation_id: Uuid,
}

#[derive(Serialize)]
struct Typed {
    conversation_id: Uuid,
}

/// I15. The agent types, without having joined the conversation.
async fn inbox_typing(socket: Socket<Door>, (typing,): (InboxTyping,)) -> Answer<Typed> {
    let app = &socket.state().app;
    let actor = viewer(&socket).await?;
    actor.require(Permission::ManageConversations).map_err(failed)?;
    let agent = in_person(&actor)?;
    app.limits.check(Action::AgentSignals, agent.id).map_err(failed)?;
    let id = ConversationId(typing.conversation_id);
    let conversation = conversations::find(app, &actor, id).await.map_err(failed)?;
    presence::typing(app, Place::from(&conversation), Typist::Agent(agent.id));
    Ok((Typed { conversation_id: id.0 },))
}

fn in_person(actor: &Actor) -> Result<&Agent, EventError> {
    actor.in_person().map_err(failed)
}
