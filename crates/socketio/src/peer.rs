//! One socket: a client in a namespace, beyond the connection that carries it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use http::Extensions;
use parking_lot::Mutex;
use serde_json::Value;
use socket_kit::Token;
use tokio::sync::oneshot;

use crate::{
    Args, Reason, SocketId,
    connection::Connection,
    log::Log,
    message::{Form, Message, Offset},
    outbox::{Ending, Queued},
    protocol::{engine::Frame, packet},
    rooms::Membership,
    space::Space,
};

pub(crate) struct Peer {
    pub(crate) id: SocketId,
    /// What its client shows to be recovered; none where that was not offered.
    pub(crate) private: Option<Token>,
    pub(crate) serial: u64,
    pub(crate) space: Arc<Space>,
    pub(crate) rooms: Membership,
    pub(crate) data: Mutex<Extensions>,
    flow: Mutex<Flow>,
    inbox: Mutex<Inbox>,
    asks: Mutex<Asks>,
    /// Whether the product has let it in, and has not been told that it left.
    entered: AtomicBool,
}

/// What reaches its client, and how.
struct Flow {
    stage: Stage,
    /// What was sent and is not confirmed, or has to wait.
    log: Log,
    /// Whether it was ever connected: before, its client knows nothing that it could show.
    known: bool,
}

enum Stage {
    /// The product decides whether to let it in; what is sent meanwhile waits.
    Connecting(Arc<Connection>),
    Live(Arc<Connection>),
    /// Its client is not there and may come back.
    Away {
        /// In milliseconds of the server's clock.
        since: u64,
        /// It has missed more than is kept.
        overrun: bool,
    },
    Gone,
}

#[derive(Default)]
struct Inbox {
    jobs: VecDeque<Job>,
    running: bool,
}

/// What is done for a socket, one after the other.
pub(crate) enum Job {
    Connect { connection: Arc<Connection>, auth: Value, history: History },
    Event { connection: Arc<Connection>, name: String, args: Args, ack: Option<u64>, weight: usize },
    Disconnect { connection: Arc<Connection>, reason: Reason },
}

/// Where a connecting client comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    None,
    /// It was here before, and has got all up to this event.
    Recovered(Option<Offset>),
}

/// Questions that wait for the client's answer.
#[derive(Default)]
struct Asks {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Args>>,
}

/// Why a question could not be asked.
pub(crate) enum NotAsked {
    TooEarly,
    TooMany,
    Gone,
}

impl Peer {
    pub(crate) fn new(
        space: Arc<Space>,
        connection: &Arc<Connection>,
        serial: u64,
        private: Option<Token>,
        floor: Option<Offset>,
    ) -> Self {
        Self {
            id: SocketId::random(),
            private,
            serial,
            space,
            rooms: Membership::default(),
            data: Mutex::default(),
            flow: Mutex::new(Flow {
                stage: Stage::Connecting(connection.clone()),
                log: Log::new(floor),
                known: false,
            }),
            inbox: Mutex::default(),
            asks: Mutex::default(),
            entered: AtomicBool::new(false),
        }
    }

    fn form(&self) -> Form {
        if self.private.is_some() { Form::Marked } else { Form::Plain }
    }

    // ---- work ----

    /// Adds something to be done after all that was added before.
    pub(crate) fn enqueue(self: &Arc<Self>, job: Job) {
        let mut inbox = self.inbox.lock();
        inbox.jobs.push_back(job);
        if !std::mem::replace(&mut inbox.running, true) {
            drop(inbox);
            self.space.work_for(self);
        }
    }

    /// The next thing to be done; with none its worker stops.
    pub(crate) fn next_job(&self) -> Option<Job> {
        let mut inbox = self.inbox.lock();
        let job = inbox.jobs.pop_front();
        if job.is_none() {
            *inbox = Inbox::default();
        }
        job
    }

    // ---- to its client ----

    /// Sends an event, or keeps it where that has to wait. It never waits itself. A connection that does not know yet that there is
    /// something for it is given to `untold`. Says whether the client is there.
    pub(crate) fn push(&self, message: &Arc<Message>, untold: impl FnOnce(&Arc<Connection>)) -> bool {
        let mut flow = self.flow.lock();
        let Flow { stage, log, .. } = &mut *flow;
        let house = &self.space.house;
        let recovery = house.options.recovery.as_ref().filter(|_| self.private.is_some());
        match stage {
            Stage::Live(connection) => {
                if let Some(recovery) = recovery {
                    log.add(message.clone());
                    if self.space.meter.bytes() > recovery.max_total_bytes {
                        log.clear();
                    } else {
                        log.shrink(recovery);
                    }
                }
                if let Queued::Untold = connection.queue(message.frames(self.form())) {
                    untold(connection);
                }
                true
            }
            Stage::Connecting(connection) => {
                log.add(message.clone());
                if log.bytes() > house.options.output_hard_bytes {
                    connection.doom();
                }
                true
            }
            Stage::Away { overrun, .. } => {
                if let (Some(recovery), false) = (recovery, *overrun) {
                    log.add(message.clone());
                    if log.is_over(recovery) || self.space.meter.bytes() > recovery.max_total_bytes {
                        log.clear();
                        *overrun = true;
                    }
                }
                false
            }
            Stage::Gone => false,
        }
    }

    /// Sends what is not worth keeping: an acknowledgement.
    pub(crate) fn send(&self, frames: impl IntoIterator<Item = Frame>) {
        if let Stage::Live(connection) = &self.flow.lock().stage {
            connection.send(frames);
        }
    }

    /// Asks the client: sends what `question` writes for an id, and says where the answer will come.
    pub(crate) fn ask(
        self: &Arc<Self>,
        question: impl FnOnce(u64) -> Result<packet::Encoded, serde_json::Error>,
    ) -> Result<Result<Asking, serde_json::Error>, NotAsked> {
        let connection = match &self.flow.lock().stage {
            Stage::Live(connection) => connection.clone(),
            Stage::Connecting(_) => return Err(NotAsked::TooEarly),
            Stage::Away { .. } | Stage::Gone => return Err(NotAsked::Gone),
        };
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut asks = self.asks.lock();
            if asks.waiting.len() >= self.space.house.options.max_pending_acks {
                return Err(NotAsked::TooMany);
            }
            asks.next += 1;
            let id = asks.next;
            asks.waiting.insert(id, sender);
            id
        };
        connection.asks();
        let asking = Asking { peer: self.clone(), connection, id, answer };
        match question(id) {
            Ok(encoded) => self.send(encoded.frames()),
            Err(error) => return Ok(Err(error)),
        }
        if !self.is_live() {
            return Err(NotAsked::Gone);
        }
        Ok(Ok(asking))
    }

    /// The client has answered a question. What nobody waits for is ignored.
    pub(crate) fn answered(&self, id: u64, args: Args) {
        let waiting = self.asks.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(args);
        }
    }

    // ---- its life ----

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.flow.lock().stage, Stage::Live(_))
    }

    /// Whether it is in the namespace: connected, or let in at this moment.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self.flow.lock().stage, Stage::Live(_) | Stage::Connecting(_))
    }

    /// The product has let it in: from here on its client hears everything, and first what has waited.
    pub(crate) fn go_live(self: &Arc<Self>, connection: &Arc<Connection>, history: History) {
        let mut flow = self.flow.lock();
        match &flow.stage {
            Stage::Connecting(current) if Arc::ptr_eq(current, connection) => {}
            Stage::Gone => {
                drop(flow);
                return self.refuse(connection, "Disconnected", None);
            }
            _ => return,
        }
        if let History::Recovered(offset) = history {
            flow.log.forget_through(offset);
        }
        flow.stage = Stage::Live(connection.clone());
        flow.known = true;
        let private = self.private.as_ref().map(Token::reveal);
        let mut frames = vec![packet::connected(self.space.prefix(), &self.id, private)];
        frames.extend(flow.log.entries().flat_map(|message| message.frames(self.form())));
        if self.private.is_none() {
            flow.log = Log::default();
        }
        self.space.entered();
        connection.send(frames);
    }

    /// The product has not let it in.
    pub(crate) fn refuse(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        message: &str,
        data: Option<&Value>,
    ) {
        {
            let mut flow = self.flow.lock();
            match &flow.stage {
                Stage::Connecting(current) if !Arc::ptr_eq(current, connection) => return,
                Stage::Live(_) => return,
                Stage::Away { .. } => self.space.waits_no_longer(),
                Stage::Connecting(_) | Stage::Gone => {}
            }
            flow.stage = Stage::Gone;
            flow.log.clear();
        }
        self.space.forget(self);
        connection.unseat(self);
        connection.send([packet::refused(self.space.prefix(), message, data)]);
    }

    /// It leaves `from`, or wherever it is. Its client may come back if the reason allows it.
    pub(crate) fn leave(self: &Arc<Self>, from: Option<&Arc<Connection>>, reason: Reason) {
        let (connection, is_gone) = {
            let mut flow = self.flow.lock();
            let (connection, was_live) = match &flow.stage {
                Stage::Live(connection) => (Some(connection.clone()), true),
                Stage::Connecting(connection) => (Some(connection.clone()), false),
                Stage::Away { .. } => (None, false),
                Stage::Gone => return,
            };
            if from.is_some_and(|from| !connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, from)))
            {
                return;
            }
            if was_live {
                self.space.left();
            }
            if let (Some(connection), true, Reason::ServerDisconnect) = (&connection, was_live, reason) {
                connection.send([packet::disconnected(self.space.prefix())]);
            }
            if connection.is_none() {
                self.space.waits_no_longer();
            }
            let may_return = reason.is_recoverable() && flow.known && self.private.is_some();
            let waits_since = if may_return { self.space.waits(self) } else { None };
            flow.stage = match waits_since {
                Some(since) => Stage::Away { since, overrun: false },
                None => {
                    flow.log.clear();
                    Stage::Gone
                }
            };
            (connection, waits_since.is_none())
        };
        self.asks.lock().waiting.clear();
        if is_gone {
            self.space.forget(self);
        }
        if reason == Reason::ServerDisconnect {
            self.drop_events();
        }
        if let Some(connection) = connection {
            connection.unseat(self);
            self.enqueue(Job::Disconnect { connection, reason });
        }
    }

    /// Closes its connection, or forgets that it may come back.
    pub(crate) fn send_back(self: &Arc<Self>) {
        let connection = match &self.flow.lock().stage {
            Stage::Live(connection) | Stage::Connecting(connection) => Some(connection.clone()),
            Stage::Away { .. } | Stage::Gone => None,
        };
        match connection {
            Some(connection) => connection.close(Reason::SentBack, Ending::Now),
            None => self.leave(None, Reason::SentBack),
        }
    }

    /// Whoever was sent away is not listened to any more.
    fn drop_events(&self) {
        self.inbox.lock().jobs.retain(|job| match job {
            Job::Event { connection, weight, .. } => {
                connection.release(*weight);
                false
            }
            Job::Connect { .. } | Job::Disconnect { .. } => true,
        });
    }

    /// Its client has come back on `connection`, having got all up to `offset`. Where something is missing it stays away for good.
    pub(crate) fn return_on(self: &Arc<Self>, connection: &Arc<Connection>, offset: Option<Offset>) -> bool {
        let elsewhere = match &self.flow.lock().stage {
            Stage::Live(other) | Stage::Connecting(other) => Some(other.clone()),
            Stage::Away { .. } | Stage::Gone => None,
        };
        // A client has noticed the loss of its connection before the server has.
        if let Some(elsewhere) = elsewhere
            && !Arc::ptr_eq(&elsewhere, connection)
        {
            elsewhere.close(Reason::TransportClose, Ending::Now);
        }
        let mut flow = self.flow.lock();
        let Stage::Away { since, overrun } = flow.stage else { return false };
        let returns = !overrun && !self.space.is_too_late(since) && flow.log.covers(offset);
        self.space.waits_no_longer();
        if returns {
            flow.stage = Stage::Connecting(connection.clone());
        } else {
            flow.stage = Stage::Gone;
            flow.log.clear();
            drop(flow);
            self.space.forget(self);
        }
        returns
    }

    /// Gives up on a client that did not come back in time.
    pub(crate) fn give_up(self: &Arc<Self>, waiting_since: u64) {
        let mut flow = self.flow.lock();
        if matches!(flow.stage, Stage::Away { since, .. } if since == waiting_since) {
            flow.stage = Stage::Gone;
            flow.log.clear();
            drop(flow);
            self.space.waits_no_longer();
            self.space.forget(self);
        }
    }

    /// A ping is about to be sent.
    pub(crate) fn mark(&self) {
        self.flow.lock().log.mark();
    }

    /// The ping was answered: what was sent before it has arrived.
    pub(crate) fn confirm(&self) {
        self.flow.lock().log.confirm();
    }

    pub(crate) fn has_entered(&self) -> bool {
        self.entered.load(Relaxed)
    }

    /// Says how it was before.
    pub(crate) fn set_entered(&self, entered: bool) -> bool {
        self.entered.swap(entered, Relaxed)
    }
}

/// A question that waits for its answer.
pub(crate) struct Asking {
    peer: Arc<Peer>,
    connection: Arc<Connection>,
    id: u64,
    answer: oneshot::Receiver<Args>,
}

impl Asking {
    /// The answer; none when the client has left.
    pub(crate) async fn answer(mut self) -> Option<Args> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.connection.asked();
        self.peer.asks.lock().waiting.remove(&self.id);
    }
}
