//! Who is there right now: agents at work, visitors who listen, and who is typing.
//!
//! Nothing here is stored: after a restart everybody connects again. What changes is told as an [`Event`], and doors turn it into their
//! own words.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use crate::{
    Actor, Event, Permission, Result,
    actor::Agent,
    app::App,
    bus::{Bus, Heard},
    contacts::ExternalId,
    conversations::{Conversation, Sender, SenderType},
    ids::{AccountId, AgentId, ChannelId, ConversationId},
    text_enum,
};

/// Who types falls silent after this long without a further word of it.
const TYPING_LASTS: Duration = Duration::from_secs(6);
/// The same typist is told of once in this time; what comes in between only prolongs it.
const TYPING_EVERY: Duration = Duration::from_secs(1);

text_enum! {
    /// Whether an agent has the inbox open somewhere.
    Presence { Online = "online", Offline = "offline" }
}

/// Whether somebody is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    Started,
    Stopped,
}

/// Who is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typist {
    EndUser,
    Agent(AgentId),
    Bot,
}

impl Typist {
    /// The kind of sender this will be.
    pub fn kind(self) -> SenderType {
        match self {
            Typist::EndUser => SenderType::EndUser,
            Typist::Agent(_) => SenderType::Agent,
            Typist::Bot => SenderType::Bot,
        }
    }
}

impl From<&Sender> for Typist {
    fn from(sender: &Sender) -> Typist {
        match sender {
            Sender::EndUser(_) => Typist::EndUser,
            Sender::Agent { id, .. } => Typist::Agent(*id),
            Sender::Bot { .. } => Typist::Bot,
        }
    }
}

/// Where in the house something short-lived happens: enough for every door to find who should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub external_id: ExternalId,
    pub conversation_id: ConversationId,
}

impl From<&Conversation> for Place {
    fn from(conversation: &Conversation) -> Place {
        Place {
            account_id: conversation.account_id,
            channel_id: conversation.channel_id,
            external_id: conversation.contact.external_id.clone(),
            conversation_id: conversation.id,
        }
    }
}

/// Answers whether a visitor listens at some door.
type Listens = Box<dyn Fn(ChannelId, &ExternalId) -> bool + Send + Sync>;

/// Who is there right now.
#[derive(Default)]
pub struct Attendance {
    /// How many connections each agent has.
    agents: Mutex<HashMap<AgentId, (AccountId, usize)>>,
    typing: Mutex<HashMap<(ConversationId, Typist), Typed>>,
    typed: Notify,
    doors: RwLock<Vec<Listens>>,
}

struct Typed {
    place: Place,
    told_at: Instant,
    until: Instant,
}

/// One connection of an agent. The agent is online as long as there is one, and a moment longer, so that a page may be loaded again.
pub struct Present {
    app: App,
    agent_id: AgentId,
}

/// Notes a connection of an agent; it lasts until the answer is dropped.
pub fn arrive(app: &App, agent: &Agent) -> Present {
    let first = {
        let mut agents = app.attendance.agents.lock();
        let (_, connections) = agents.entry(agent.id).or_insert((agent.account_id, 0));
        *connections += 1;
        *connections == 1
    };
    if first {
        tell(&app.bus, agent.account_id, agent.id, Presence::Online);
    }
    Present { app: app.clone(), agent_id: agent.id }
}

impl Drop for Present {
    fn drop(&mut self) {
        let (app, agent_id) = (self.app.clone(), self.agent_id);
        // Without a runtime the house is closing, and nobody is left to be told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(app.settings.absence).await;
                leave(&app, agent_id);
            });
        }
    }
}

fn leave(app: &App, agent_id: AgentId) {
    let gone = match app.attendance.agents.lock().entry(agent_id) {
        Entry::Occupied(mut there) => {
            there.get_mut().1 -= 1;
            (there.get().1 == 0).then(|| there.remove().0)
        }
        Entry::Vacant(_) => None,
    };
    if let Some(account_id) = gone {
        tell(&app.bus, account_id, agent_id, Presence::Offline);
    }
}

fn tell(bus: &Bus, account_id: AccountId, agent_id: AgentId, presence: Presence) {
    bus.publish(Event::PresenceChanged { account_id, agent_id, presence });
}

/// The account's agents who are online.
///
/// # Errors
/// [`crate::Error::Forbidden`].
pub fn online(app: &App, actor: &Actor) -> Result<Vec<AgentId>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    let agents = app.attendance.agents.lock();
    let mut online: Vec<_> =
        agents.iter().filter(|(_, (owner, _))| *owner == account_id).map(|(&id, _)| id).collect();
    online.sort_unstable();
    Ok(online)
}

/// A door says how to find out whether a visitor listens there.
pub fn attend(app: &App, listens: impl Fn(ChannelId, &ExternalId) -> bool + Send + Sync + 'static) {
    app.attendance.doors.write().push(Box::new(listens));
}

/// Whether a visitor has a live connection at any door.
pub fn visitor_is_live(app: &App, channel_id: ChannelId, external_id: &ExternalId) -> bool {
    app.attendance.doors.read().iter().any(|listens| listens(channel_id, external_id))
}

/// Somebody types. It ends by itself, or with the message.
pub fn typing(app: &App, place: Place, by: Typist) {
    let now = Instant::now();
    let until = now + TYPING_LASTS;
    {
        let mut typing = app.attendance.typing.lock();
        match typing.entry((place.conversation_id, by)) {
            Entry::Occupied(mut known) => {
                let typed = known.get_mut();
                typed.until = until;
                if now < typed.told_at + TYPING_EVERY {
                    return;
                }
                typed.told_at = now;
            }
            Entry::Vacant(new) => {
                new.insert(Typed { place: place.clone(), told_at: now, until });
            }
        }
    }
    app.attendance.typed.notify_one();
    app.bus.publish(Event::Typing { place, by, typing: Typing::Started });
}

/// Somebody no longer types. Fine if they did not.
pub fn typing_stopped(app: &App, conversation_id: ConversationId, by: Typist) {
    let ended = app.attendance.typing.lock().remove(&(conversation_id, by));
    if let Some(Typed { place, .. }) = ended {
        app.bus.publish(Event::Typing { place, by, typing: Typing::Stopped });
    }
}

/// Ends what is typed by its message or by time, until `stop` says so.
pub async fn keep(app: App, mut stop: watch::Receiver<bool>) {
    let mut listener = app.bus.listen();
    loop {
        let next = app.attendance.typing.lock().values().map(|typed| typed.until).min();
        let silence = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = listener.next() => match heard {
                Some(Heard::Event(event)) => {
                    if let Event::MessageSent { conversation, message } = &*event {
                        typing_stopped(&app, conversation.id, Typist::from(&message.sender));
                    }
                }
                // Whose message was lost is not known: time ends it.
                Some(Heard::Gap(_)) => {}
                None => break,
            },
            () = app.attendance.typed.notified() => {}
            () = silence => fall_silent(&app),
            _ = stop.changed() => break,
        }
    }
}

fn fall_silent(app: &App) {
    let now = Instant::now();
    let silent: Vec<_> = {
        let typing = app.attendance.typing.lock();
        typing.iter().filter(|(_, typed)| typed.until <= now).map(|(&key, _)| key).collect()
    };
    for (conversation_id, by) in silent {
        typing_stopped(app, conversation_id, by);
    }
}
