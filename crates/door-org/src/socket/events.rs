//! What clients say (`org.md` S): the guide's events. Each is acknowledged, which is an addition: with what came of it, or with
//! `{"error"}`, which the `error` event says as well.

use door_kit::Address;
use parlor_core::{
    Actor, Error,
    contacts::{Visitor, WayIn},
    conversations::{self, Content, ContentType, Conversation, Message, NewMessage, Sent},
    ids::{ConversationId, MessageId},
    presence::{self, Place, Typist},
};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::Value as Json;
use socketio::{EventError, Failure, FailureKind, Namespace, Socket};
use uuid::Uuid;

use super::{
    Room,
    seats::{Seat, Seats, TakenAs},
    who,
};
use crate::{
    Door,
    error::Refusal,
    visitor::VisitorParams,
    wire::{AssignedTo, MessageReceived},
};

/// The events and who handles them.
pub fn handle(namespace: Namespace<Door>) -> Namespace<Door> {
    namespace
        .on("send_message", send_message)
        .on("claim_conversation", claim_conversation)
        .on("join_conversation", join_conversation)
        .on("leave_conversation", leave_conversation)
        .on("join_queue", join_queue)
        .on("join_org_presence", join_org_presence)
        .on("user_typing", user_typing)
        .on("mark_read", mark_read)
        .on_failure(refuse)
}

/// What is said to nobody: the guide has messages beyond the rate limit dropped without a word.
const DROPPED: &str = "Too many messages: dropped.";

/// What failed on our side is for the log.
const FAILED: &str = "Something went wrong.";

pub type Answer<T> = Result<(T,), EventError>;

/// S9. Tells the sender, and nobody else, why nothing came of an event.
fn refuse(socket: &Socket<Door>, failure: Failure) {
    let said;
    let message = match &failure.kind {
        FailureKind::Failed(error) => match error.told() {
            Some(DROPPED) => return,
            Some(text) => text,
            None => FAILED,
        },
        FailureKind::Arguments(problem) => {
            said = format!("{}: {problem}", failure.event);
            &said
        }
        FailureKind::Unknown => {
            said = "There is no such event.".to_owned();
            &said
        }
        _ => FAILED,
    };
    socket.emit("error", &(Refused { message },));
    socket.ack(&(NotDone { error: message },));
}

#[derive(Serialize)]
struct Refused<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct NotDone<'a> {
    error: &'a str,
}

/// What the core refuses, as the text of an event's failure.
pub fn failed(error: Error) -> EventError {
    match error {
        Error::Database(cause) | Error::Internal(cause) => EventError::internal(cause.to_string()),
        refused => EventError::new(Refusal::from(refused).reason()),
    }
}

/// The visitor that an event names, if it names one; without, it is the socket's agent who speaks.
#[derive(Deserialize)]
struct Named {
    external_id: Option<String>,
    identity_hash: Option<String>,
    identity_token: Option<String>,
}

impl Named {
    /// The visitor, as hearsay: the core checks it.
    fn visitor(self, socket: &Socket<Door>, conversation_id: Uuid) -> Result<Option<Visitor>, EventError> {
        let Named { external_id: Some(external_id), identity_hash, identity_token } = self else {
            return Ok(None);
        };
        let params = VisitorParams { external_id, identity_hash, identity_token };
        let way_in = WayIn::Conversation(ConversationId(conversation_id));
        let visitor = params.visitor(way_in, Address::of(socket.extensions()));
        visitor.map(Some).map_err(|refusal| EventError::new(refusal.reason()))
    }
}

/// Who the client says it is. It is believed only with a proof: an external id that the conversation knows, or a signed-in socket.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SenderType {
    EndUser,
    Agent,
}

#[derive(Deserialize)]
struct SendMessage {
    conversation_id: Uuid,
    #[serde(default)]
    content: Option<String>,
    content_type: Option<String>,
    rich_media: Option<Json>,
    sender_type: SenderType,
    client_message_id: Option<String>,
    #[serde(flatten)]
    named: Named,
}

/// `{"message": …}`, spelled when it is written.
struct Stored(Sent);

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("message", &MessageReceived::new(&self.0.message, &self.0.conversation))?;
        map.end()
    }
}

/// S2. The message is stored, then answered for, and heard in the conversation's room and the queue.
async fn send_message(socket: Socket<Door>, (said,): (SendMessage,)) -> Answer<Stored> {
    let app = &socket.state().app;
    let kind = match said.content_type.as_deref() {
        None => ContentType::Text,
        Some(name) => ContentType::parse(name).ok_or_else(|| {
            EventError::new("content_type must be text, image, file, quick_button, carousel or dropdown.")
        })?,
    };
    let text = said.content.as_deref().unwrap_or_default();
    let content = Content::new(kind, text, said.rich_media).map_err(failed)?;
    let new = NewMessage::new(content, said.client_message_id).map_err(failed)?;
    let sent = match said.sender_type {
        SenderType::EndUser => {
            let visitor = said.named.visitor(&socket, said.conversation_id)?;
            let visitor = visitor.ok_or_else(|| EventError::new("external_id is required."))?;
            match conversations::receive(app, &visitor, new, None).await {
                Err(Error::TooMany(_)) => return Err(EventError::new(DROPPED)),
                sent => sent.map_err(failed)?,
            }
        }
        SenderType::Agent => {
            let actor = who::staff(&socket).await?;
            let id = ConversationId(said.conversation_id);
            conversations::reply(app, &actor, id, new).await.map_err(failed)?
        }
    };
    Ok((Stored(sent),))
}

#[derive(Deserialize)]
struct Conversational {
    conversation_id: Uuid,
}

/// S3. The agent becomes the assignee and sits in the conversation.
async fn claim_conversation(socket: Socket<Door>, (named,): (Conversational,)) -> Answer<AssignedTo> {
    let actor = who::staff(&socket).await?;
    let id = ConversationId(named.conversation_id);
    let conversation = conversations::claim(&socket.state().app, &actor, id).await.map_err(failed)?;
    sit_down(&socket, Place::from(&conversation), TakenAs::Staff)?;
    Ok((AssignedTo::from(&conversation),))
}

#[derive(Deserialize)]
struct JoinConversation {
    conversation_id: Uuid,
    after: Option<Uuid>,
    #[serde(flatten)]
    named: Named,
}

/// What came since `after`. Complete, or nothing and `recovered` false: then the client loads the history afresh.
struct Joined {
    conversation: Conversation,
    messages: Vec<Message>,
    recovered: bool,
}

impl Serialize for Joined {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spelled = |message| MessageReceived::new(message, &self.conversation);
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("conversation_id", &self.conversation.id.0)?;
        map.serialize_entry("messages", &self.messages.iter().map(spelled).collect::<Vec<_>>())?;
        map.serialize_entry("recovered", &self.recovered)?;
        map.end()
    }
}

/// S4. Whoever names the conversation's `external_id` sits in it as its visitor, a signed-in agent as staff.
/// Subscribes first and reads then, so nothing falls between.
async fn join_conversation(socket: Socket<Door>, (asked,): (JoinConversation,)) -> Answer<Joined> {
    let app = &socket.state().app;
    let after = asked.after.map(MessageId);
    let id = ConversationId(asked.conversation_id);
    let (conversation, missed) = match asked.named.visitor(&socket, asked.conversation_id)? {
        Some(visitor) => {
            let (_, conversation) = conversations::enter(app, &visitor).await.map_err(failed)?;
            let conversation = conversation.ok_or_else(|| failed(Error::NotFound("Conversation")))?;
            sit_down(&socket, Place::from(&conversation), TakenAs::Visitor(visitor.clone()))?;
            let missed = match after {
                Some(_) => conversations::history(app, &visitor, after).await.map(|view| view.messages),
                // A proof may have become necessary just before the socket was in the rooms that end then.
                None => conversations::may_listen(app, &visitor).await.map(|()| Vec::new()),
            };
            if let Err(Error::Unverified) = missed {
                stand_up(&socket, id);
            }
            (conversation, missed)
        }
        None => {
            let actor = who::staff(&socket).await?;
            let conversation = conversations::find(app, &actor, id).await.map_err(failed)?;
            sit_down(&socket, Place::from(&conversation), TakenAs::Staff)?;
            let missed = match after {
                Some(_) => conversations::get(app, &actor, id, after).await.map(|(_, messages)| messages),
                None => Ok(Vec::new()),
            };
            (conversation, missed)
        }
    };
    let (messages, recovered) = match missed {
        Ok(messages) => (messages, true),
        // Too many to catch up with, or a message that this conversation does not know.
        Err(Error::Conflict(_) | Error::NotFound(_)) => (Vec::new(), false),
        Err(error) => return Err(failed(error)),
    };
    Ok((Joined { conversation, messages, recovered },))
}

fn sit_down(socket: &Socket<Door>, place: Place, taken_as: TakenAs) -> Result<(), EventError> {
    let Place { channel_id, conversation_id, external_id, .. } = &place;
    let mut rooms = vec![Room::Conversation(*conversation_id).to_string()];
    if let TakenAs::Visitor(visitor) = &taken_as {
        rooms.push(Room::Visitor(*channel_id, external_id).to_string());
        if visitor.proof.is_none() {
            rooms.push(Room::UnprovedVisitor(*channel_id, external_id).to_string());
            rooms.push(Room::UnprovedVisitors(*channel_id).to_string());
        }
    }
    Seats::of(socket).take(Seat { place, taken_as })?;
    for room in rooms {
        socket.join(room).map_err(|_| EventError::new("This connection has joined too much."))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Left {
    conversation_id: Uuid,
}

/// S5. Hears nothing of the conversation any more. Fine if it did not.
async fn leave_conversation(socket: Socket<Door>, (named,): (Conversational,)) -> Answer<Left> {
    stand_up(&socket, ConversationId(named.conversation_id));
    Ok((Left { conversation_id: named.conversation_id },))
}

fn stand_up(socket: &Socket<Door>, id: ConversationId) {
    let seats = Seats::of(socket);
    let Some(seat) = seats.give_up(id) else { return };
    socket.leave(&Room::Conversation(id).to_string());
    if matches!(seat.taken_as, TakenAs::Visitor(_)) && !seats.has_visitor(&seat.place) {
        socket.leave(&Room::Visitor(seat.place.channel_id, &seat.place.external_id).to_string());
    }
}

#[derive(Serialize)]
struct InQueue {
    organization_id: Uuid,
}

/// S6. The agent hears of what happens in the organisation.
async fn join_queue(socket: Socket<Door>, (): ()) -> Answer<InQueue> {
    let account_id = viewer(&socket).await?.account_id();
    enter(&socket, Room::Queue(account_id))?;
    Ok((InQueue { organization_id: account_id.0 },))
}

#[derive(Serialize)]
struct Attending {
    organization_id: Uuid,
    /// The agents who are online now.
    online: Vec<Uuid>,
}

/// S7. The agent hears who comes and goes, and learns who is there.
async fn join_org_presence(socket: Socket<Door>, (): ()) -> Answer<Attending> {
    let actor = viewer(&socket).await?;
    enter(&socket, Room::Presence(actor.account_id()))?;
    let online = presence::online(&socket.state().app, &actor).map_err(failed)?;
    let online = online.into_iter().map(|agent| agent.0).collect();
    Ok((Attending { organization_id: actor.account_id().0, online },))
}

/// An agent who may see conversations.
pub async fn viewer(socket: &Socket<Door>) -> Result<Actor, EventError> {
    let actor = who::staff(socket).await?;
    actor.require(parlor_core::Permission::ViewConversations).map_err(failed)?;
    Ok(actor)
}

pub fn enter(socket: &Socket<Door>, room: Room<'_>) -> Result<(), EventError> {
    socket.join(room.to_string()).map_err(|_| EventError::new("This connection has joined too much."))
}

#[derive(Deserialize)]
struct UserTyping {
    conversation_id: Uuid,
    sender_type: SenderType,
}

/// S8. The other side sees it until the message comes, or for some seconds.
async fn user_typing(socket: Socket<Door>, (typing,): (UserTyping,)) -> Answer<Typed> {
    let seat = Seats::of(&socket).at(ConversationId(typing.conversation_id))?;
    let typist = match (typing.sender_type, &seat.taken_as) {
        (SenderType::EndUser, TakenAs::Visitor(_)) => Typist::EndUser,
        (SenderType::Agent, TakenAs::Staff) => match who::staff(&socket).await? {
            Actor::Agent(agent) => Typist::Agent(agent.id),
            _ => return Err(EventError::new("Sign in first.")),
        },
        _ => return Err(EventError::new("sender_type is not what this connection has joined as.")),
    };
    presence::typing(&socket.state().app, seat.place.clone(), typist);
    Ok((Typed { conversation_id: typing.conversation_id },))
}

#[derive(Serialize)]
struct Typed {
    conversation_id: Uuid,
}

#[derive(Deserialize)]
struct MarkRead {
    conversation_id: Uuid,
    message_ids: Vec<Uuid>,
    #[serde(flatten)]
    named: Named,
}

#[derive(Serialize)]
struct Marked {
    conversation_id: Uuid,
    /// Those that were not marked before.
    message_ids: Vec<Uuid>,
}

/// S9. Marks messages of the other side as read. A visitor names the `external_id`, or has joined with it.
async fn mark_read(socket: Socket<Door>, (read,): (MarkRead,)) -> Answer<Marked> {
    let app = &socket.state().app;
    let id = ConversationId(read.conversation_id);
    let message_ids = read.message_ids.into_iter().map(MessageId).collect();
    let taken_as = match read.named.visitor(&socket, read.conversation_id)? {
        Some(visitor) => TakenAs::Visitor(visitor),
        None => Seats::of(&socket).at(id).map_or(TakenAs::Staff, |seat| seat.taken_as.clone()),
    };
    let marked = match taken_as {
        TakenAs::Visitor(visitor) => conversations::mark_read_by_visitor(app, &visitor, message_ids).await,
        TakenAs::Staff => conversations::mark_read(app, &who::staff(&socket).await?, id, message_ids).await,
    };
    let message_ids = marked.map_err(failed)?.into_iter().map(|message| message.0).collect();
    Ok((Marked { conversation_id: id.0, message_ids },))
}
