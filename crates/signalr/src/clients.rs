//! Pushes: events to a group, to one connection or to all.

use std::sync::Arc;

use socket_kit::FanOut;

use crate::{
    Arguments, ConnectionId,
    connection::{Connection, End, Queued},
    hub::Core,
    protocol::Protocol,
    transport::web_socket,
};

/// Those whom an event is for. Made by [`Hub::group`](crate::Hub::group), [`Hub::client`](crate::Hub::client)
/// and [`Hub::all`](crate::Hub::all).
#[must_use = "nothing happens before `send` or `abort`"]
pub struct Clients<'a> {
    core: &'a Core,
    target: Target<'a>,
    except: Option<ConnectionId>,
}

enum Target<'a> {
    All,
    Group(&'a str),
    Client(&'a str),
}

impl<'a> Clients<'a> {
    pub(crate) fn all(core: &'a Core) -> Self {
        Self { core, target: Target::All, except: None }
    }

    pub(crate) fn group(core: &'a Core, key: &'a str) -> Self {
        Self { core, target: Target::Group(key), except: None }
    }

    pub(crate) fn client(core: &'a Core, id: &'a str) -> Self {
        Self { core, target: Target::Client(id), except: None }
    }

    /// Leaves out one connection, usually the one that caused the event.
    pub fn except(mut self, id: &str) -> Self {
        self.except = ConnectionId::parse(id);
        self
    }

    /// Whether nobody is there to hear.
    pub fn is_empty(&self) -> bool {
        match self.target {
            Target::All if self.except.is_none() => self.core.registry.connected() == 0,
            Target::Group(key) if self.except.is_none() => self.core.registry.group_is_empty(key),
            _ => {
                let mut empty = true;
                self.for_each(|_| empty = false);
                empty
            }
        }
    }

    /// Queues the event `target` for each of them and returns their number. It never waits; delivery is at
    /// most once for each connection, in the order of the calls. The arguments are written once for each
    /// protocol that receivers speak, and not at all when there are none. Arguments that cannot be written are logged.
    pub fn send<A: Arguments>(&self, target: &str, arguments: &A) -> usize {
        if self.is_empty() {
            return 0;
        }
        // Written before any lock is taken: the product's own code runs here.
        let mut messages = [const { None }; Protocol::ALL.len()];
        for protocol in self.protocols() {
            match protocol.invocation(None, target, arguments) {
                Ok(message) => messages[protocol as usize] = Some(message),
                Err(error) => {
                    tracing::error!(target, %error, "an event's arguments cannot be written");
                    return 0;
                }
            }
        }
        let (mut receivers, mut fan_out) = (0, self.fan_out());
        self.for_each(|connection| {
            // One that came meanwhile, with a protocol that nobody spoke before, has come too late.
            if let Some(message) = &messages[connection.protocol() as usize] {
                if let Queued::Untold = connection.queue(message.clone(), &self.core.options) {
                    fan_out.add(connection.clone());
                }
                receivers += 1;
            }
        });
        fan_out.finish(|connection| connection.session.wake());
        receivers
    }

    fn fan_out(&self) -> FanOut<Connection, impl Fn(&Arc<Connection>) + Clone + Send + 'static> {
        let now = self.core.now();
        FanOut::new(move |connection: &Arc<Connection>| web_socket::send_for_session(connection, now))
    }

    /// The protocols that the receivers speak. Where the whole hub speaks one, nobody is looked at.
    fn protocols(&self) -> impl Iterator<Item = Protocol> {
        let mut spoken = Protocol::ALL.map(|protocol| self.core.registry.is_spoken(protocol));
        if spoken == [true; Protocol::ALL.len()] {
            spoken = Default::default();
            self.for_each(|connection| spoken[connection.protocol() as usize] = true);
        }
        Protocol::ALL.into_iter().filter(move |&protocol| spoken[protocol as usize])
    }

    /// Ends each of these connections on purpose, like [`Caller::abort`](crate::Caller::abort): for someone whose
    /// right to listen has ended.
    pub fn abort(&self) {
        self.for_each(|connection| connection.end(End::Aborted));
    }

    fn for_each(&self, mut visit: impl FnMut(&Arc<Connection>)) {
        let mut visit = |connection: &Arc<Connection>| {
            if self.except != Some(connection.id) {
                visit(connection);
            }
        };
        match self.target {
            Target::All => self.core.registry.for_each(visit),
            Target::Group(key) => self.core.registry.for_each_in(key, visit),
            Target::Client(id) => {
                if let Some(connection) = self.core.registry.find(id) {
                    visit(&connection);
                }
            }
        }
    }
}
