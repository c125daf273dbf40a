//! One client's connection: what the hub's sides share of it.

use std::{
    collections::BTreeSet,
    ops::Bound,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{Extensions, HeaderMap};
use parking_lot::{Mutex, MutexGuard};
use socket_kit::{Batch, Filled, Kind, Link, Outgoing, Token};

use crate::{
    ConnectionId, HubOptions, Transport,
    ask::Asks,
    outbox::{Numbered, Outbox},
    protocol::{HubMessage, Protocol},
    transport::lane::Lane,
};

/// Why a connection ends: what its Close message will say.
#[derive(Debug)]
pub(crate) enum End {
    /// The server has had enough of it.
    Aborted,
    /// The client said so.
    ClientClosed,
    /// The server goes, or wants the client to come back: shutdown, `close_all`, DELETE.
    GoingAway,
    /// It broke a rule, fell silent or does not read. The detail is told only when errors are detailed.
    Failed(Option<String>),
    /// `OnConnected` failed; what of it may be told.
    Refused(String),
    /// No handshake in time.
    HandshakeTimeout,
    /// The transport is gone: there is nobody to tell.
    Gone,
}

/// The request that carries the connection, as far as methods may see it.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) extensions: Extensions,
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) token: Token,
    pub(crate) serial: u64,
    pub(crate) transport: Transport,
    /// Input and polls; none on WebSockets.
    pub(crate) lane: Option<Arc<Lane>>,
    /// The task that runs the hub for this connection.
    pub(crate) session: AtomicWaker,
    protocol: OnceLock<Protocol>,
    /// The open WebSocket: written to by whoever has something for many, and otherwise by the session.
    link: Mutex<Option<Box<Link>>>,
    request: Mutex<Arc<Request>>,
    outbox: Mutex<Outbox>,
    groups: Mutex<Membership>,
    asks: Mutex<Asks>,
    /// Whether the client may resume it, if its handshake says so, too.
    pub(crate) may_resume: bool,
    resume: OnceLock<Box<Resume>>,
    stage: AtomicU8,
    times: Times,
}

/// Milliseconds of the hub's clock; zero is never.
#[derive(Default)]
struct Times {
    attached: AtomicU64,
    heard: AtomicU64,
    polled: AtomicU64,
    pinged: AtomicU64,
    stalled: AtomicU64,
    /// Whether the client has sent a ping, so that its silence means something.
    pings: AtomicBool,
    /// Whether one of its messages is being processed.
    busy: AtomicBool,
}

const HANDSHAKE: u8 = 0;
const CONNECTED: u8 = 1;
const ENDED: u8 = 2;

/// The groups of a connection; none once it has left them for good.
enum Membership {
    In(BTreeSet<Arc<str>>),
    Left,
}

/// The life of a connection beyond its WebSocket.
#[derive(Default)]
pub(crate) struct Resume {
    /// The highest number of a message received from the client, and the one it has been told.
    received: AtomicI64,
    told: AtomicI64,
    /// When the WebSocket was lost; zero while there is one.
    detached: AtomicU64,
    next: Mutex<Option<Box<Link>>>,
}

/// Whether the session may go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    None,
    /// Too much waits for the client.
    High,
    /// Too much is kept until the client acknowledges it.
    Unacknowledged,
    /// The connection is to end.
    Ending,
}

/// Nothing is sent any more.
pub(crate) struct Over;

/// Whether somebody will come for what was queued.
pub(crate) enum Queued {
    Told,
    /// Nobody knows of it yet: the session has to be woken, or its work to be done for it.
    Untold,
}

/// What a reader of the outbox gets.
pub(crate) enum Taken {
    Bytes(Bytes),
    Finished,
    Superseded,
}

impl Connection {
    pub(crate) fn new(
        id: ConnectionId,
        token: Token,
        serial: u64,
        transport: Transport,
        lane: Option<Arc<Lane>>,
        request: Request,
        now: u64,
    ) -> Self {
        Self {
            id,
            token,
            serial,
            transport,
            lane,
            session: AtomicWaker::new(),
            protocol: OnceLock::new(),
            link: Mutex::default(),
            request: Mutex::new(Arc::new(request)),
            outbox: Mutex::default(),
            groups: Mutex::new(Membership::In(BTreeSet::new())),
            asks: Mutex::default(),
            may_resume: false,
            resume: OnceLock::new(),
            stage: AtomicU8::new(HANDSHAKE),
            times: Times { attached: now.into(), heard: now.into(), pinged: now.into(), ..Times::default() },
        }
    }

    pub(crate) fn request(&self) -> Arc<Request> {
        self.request.lock().clone()
    }

    /// The newest poll says who the user is.
    pub(crate) fn replace_request(&self, request: Request) {
        *self.request.lock() = Arc::new(request);
    }

    /// The handshake has settled the protocol.
    pub(crate) fn agree(&self, protocol: Protocol) {
        let _ = self.protocol.set(protocol);
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol.get().copied().unwrap_or(Protocol::Json)
    }

    /// Who waits for the client's answers.
    pub(crate) fn asks(&self) -> MutexGuard<'_, Asks> {
        self.asks.lock()
    }

    /// Whether it lives by polls.
    pub(crate) fn is_polled(&self) -> bool {
        self.transport == Transport::LongPolling
    }

    // ---- what leaves ----

    /// The WebSocket. Its lock is taken before that of the outbox, and never while a group is looked at.
    pub(crate) fn link(&self) -> MutexGuard<'_, Option<Box<Link>>> {
        self.link.lock()
    }

    /// Queues a push from anywhere, and tells whoever sends it.
    pub(crate) fn push(&self, message: Bytes, options: &HubOptions) {
        if let Queued::Untold = self.queue(message, options) {
            self.session.wake();
        }
    }

    /// Queues a push from anywhere. A client that lets too much pile up is cut off, free to come back.
    pub(crate) fn queue(&self, message: Bytes, options: &HubOptions) -> Queued {
        let mut outbox = self.outbox.lock();
        if outbox.end.is_some() || outbox.finished {
            return Queued::Told;
        }
        if outbox.held() + message.len() > options.output_hard_bytes {
            drop(outbox);
            self.discard();
            tracing::debug!(connection = %self.id, "a client that does not read is cut off");
            self.end(End::Failed(None));
            return Queued::Told;
        }
        if !outbox.add(message, Numbered::Yes) {
            return Queued::Told;
        }
        if self.lane.is_none() {
            return Queued::Untold;
        }
        self.wake_reader(outbox);
        Queued::Told
    }

    /// The session is at work, and looks at what waits before it rests: nobody needs to wake it.
    pub(crate) fn attend(&self) {
        if self.lane.is_none() {
            self.outbox.lock().told = true;
        }
    }

    /// Queues what the session itself says. It is about to write anyway, and stops reading before this grows.
    pub(crate) fn answer(&self, message: Bytes) {
        let mut outbox = self.outbox.lock();
        if outbox.end.is_some() || outbox.finished {
            return;
        }
        if outbox.add(message, Numbered::Yes) && self.lane.is_some() {
            self.wake_reader(outbox);
        }
    }

    /// The last words; after them the outbox only drains.
    pub(crate) fn finish(&self, last: Option<Bytes>) {
        let mut outbox = self.outbox.lock();
        outbox.end.get_or_insert(End::Gone);
        if outbox.finished {
            return;
        }
        outbox.finished = true;
        if let Some(last) = last {
            // Whoever knows already is woken once more, for this is the end.
            let _ = outbox.add(last, Numbered::No);
        }
        let waiting = std::mem::take(&mut outbox.waiting);
        self.wake_reader(outbox);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn wake_reader(&self, mut outbox: MutexGuard<'_, Outbox>) {
        if self.lane.is_some() {
            let reader = outbox.reader.take();
            drop(outbox);
            if let Some(reader) = reader {
                reader.wake();
            }
        } else {
            drop(outbox);
            self.session.wake();
        }
    }

    /// How much waits for the client, compared to what may.
    pub(crate) fn pressure(&self, options: &HubOptions) -> Pressure {
        let outbox = self.outbox.lock();
        match outbox.end {
            Some(_) => Pressure::Ending,
            None if outbox.bytes > options.output_soft_bytes => Pressure::High,
            None if outbox.is_full(options) => Pressure::Unacknowledged,
            None => Pressure::None,
        }
    }

    /// Waits until there is room for a stream's next item.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>, options: &HubOptions) -> Poll<Result<(), Over>> {
        let mut outbox = self.outbox.lock();
        if outbox.end.is_some() || outbox.finished {
            return Poll::Ready(Err(Over));
        }
        if outbox.is_full(options) {
            if !outbox.waiting.iter().any(|waiting| waiting.will_wake(cx.waker())) {
                outbox.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn outbox_bytes(&self) -> usize {
        self.outbox.lock().bytes
    }

    /// For an event stream: everything that is ready.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Taken> {
        let mut outbox = self.outbox.lock();
        self.poll_outbox(&mut outbox, cx)
    }

    /// For a poll: the same, as long as no newer poll has come.
    pub(crate) fn poll_take_as(&self, poll: u64, cx: &mut Context<'_>) -> Poll<Taken> {
        let mut outbox = self.outbox.lock();
        if outbox.poll != poll {
            return Poll::Ready(Taken::Superseded);
        }
        self.poll_outbox(&mut outbox, cx)
    }

    fn poll_outbox(&self, outbox: &mut Outbox, cx: &mut Context<'_>) -> Poll<Taken> {
        let bytes = outbox.bytes;
        if let Some(taken) = outbox.take() {
            self.stalled(None);
            std::mem::take(&mut outbox.waiting).into_iter().for_each(Waker::wake);
            if bytes > 0 {
                self.session.wake();
            }
            return Poll::Ready(Taken::Bytes(taken));
        }
        if outbox.finished {
            return Poll::Ready(Taken::Finished);
        }
        outbox.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// A new poll takes over; the older one wakes to find out.
    pub(crate) fn begin_poll(&self) -> u64 {
        let mut outbox = self.outbox.lock();
        outbox.poll += 1;
        outbox.polling = true;
        let poll = outbox.poll;
        let older = outbox.reader.take();
        drop(outbox);
        if let Some(older) = older {
            older.wake();
        }
        poll
    }

    /// A poll has been answered or dropped.
    pub(crate) fn end_poll(&self, poll: u64, now: u64) {
        let mut outbox = self.outbox.lock();
        if outbox.poll == poll {
            outbox.polling = false;
            outbox.reader = None;
            self.times.polled.store(now, Relaxed);
        }
    }

    // ---- how it ends ----

    /// Ends the connection. The first reason counts; what was queued before still leaves.
    pub(crate) fn end(&self, end: End) {
        let mut outbox = self.outbox.lock();
        if outbox.end.is_some() {
            return;
        }
        outbox.end = Some(end);
        let waiting = std::mem::take(&mut outbox.waiting);
        drop(outbox);
        waiting.into_iter().for_each(Waker::wake);
        self.session.wake();
        if let Some(lane) = &self.lane {
            lane.close();
        }
    }

    /// The session learns that it has to end. It asks once; for everybody else the end remains set.
    pub(crate) fn take_end(&self) -> Option<End> {
        let mut outbox = self.outbox.lock();
        outbox.end.as_mut().map(|end| std::mem::replace(end, End::Gone))
    }

    /// Gives up what still waits.
    pub(crate) fn discard(&self) {
        let mut outbox = self.outbox.lock();
        outbox.empty();
        outbox.unacknowledged = None;
        self.wake_reader(outbox);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.outbox.lock().end.is_some()
    }

    // ---- beyond a WebSocket ----

    /// The handshake is of a version that knows how to resume.
    pub(crate) fn make_resumable(&self) {
        if self.may_resume && self.resume.set(Box::default()).is_ok() {
            self.outbox.lock().unacknowledged = Some(Box::default());
        }
    }

    pub(crate) fn resume(&self) -> Option<&Resume> {
        self.resume.get().map(|resume| &**resume)
    }

    /// The WebSocket is lost. Says whether that can be survived.
    pub(crate) fn detach(&self, now: u64) -> bool {
        let Some(resume) = self.resume() else { return false };
        resume.detached.store(now.max(1), Relaxed);
        self.stalled(None);
        let mut outbox = self.outbox.lock();
        outbox.empty();
        match &mut outbox.unacknowledged {
            Some(unacknowledged) => unacknowledged.detached = true,
            None => return false,
        }
        true
    }

    /// Brings the next WebSocket; the session takes it from here.
    pub(crate) fn hand_over(&self, link: Link, request: Request) {
        if let Some(resume) = self.resume() {
            *resume.next.lock() = Some(Box::new(link));
            self.replace_request(request);
            self.session.wake();
        }
    }

    /// Goes on with the next WebSocket, if it has come: with the number of what follows first, and then with all
    /// that is unacknowledged.
    pub(crate) fn reattach(&self, now: u64) -> Option<Box<Link>> {
        let resume = self.resume()?;
        let link = resume.next.lock().take()?;
        resume.detached.store(0, Relaxed);
        self.times.heard.store(now, Relaxed);
        self.times.pinged.store(now, Relaxed);
        self.stalled(None);
        let mut outbox = self.outbox.lock();
        let outbox = &mut *outbox;
        if let Some(unacknowledged) = &mut outbox.unacknowledged {
            unacknowledged.detached = false;
            let first = unacknowledged.last + 1 - unacknowledged.messages.len() as i64;
            let sequence = self.protocol().encode(&HubMessage::Sequence { sequence_id: first });
            outbox.queue = [sequence].into_iter().chain(unacknowledged.messages.iter().cloned()).collect();
            outbox.bytes = outbox.queue.iter().map(Bytes::len).sum();
            outbox.told = true;
        }
        Some(link)
    }

    /// The client has everything up to that number.
    pub(crate) fn acknowledged(&self, number: i64) {
        let mut outbox = self.outbox.lock();
        if let Some(unacknowledged) = &mut outbox.unacknowledged {
            unacknowledged.forget(number);
        }
        let waiting = std::mem::take(&mut outbox.waiting);
        drop(outbox);
        waiting.into_iter().for_each(Waker::wake);
    }

    // ---- groups ----

    /// Enters a group through `enter`, unless the connection has already left them all.
    pub(crate) fn join(&self, group: Arc<str>, enter: impl FnOnce(&Arc<str>)) {
        if let Membership::In(groups) = &mut *self.groups.lock()
            && groups.insert(group.clone())
        {
            enter(&group);
        }
    }

    pub(crate) fn groups(&self) -> usize {
        match &*self.groups.lock() {
            Membership::In(groups) => groups.len(),
            Membership::Left => 0,
        }
    }

    pub(crate) fn groups_beginning(&self, prefix: &str) -> usize {
        match &*self.groups.lock() {
            Membership::In(groups) => {
                let from = groups.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
                from.take_while(|group| group.starts_with(prefix)).count()
            }
            Membership::Left => 0,
        }
    }

    pub(crate) fn leave(&self, group: &str, exit: impl FnOnce()) {
        if let Membership::In(groups) = &mut *self.groups.lock()
            && groups.remove(group)
        {
            exit();
        }
    }

    pub(crate) fn leave_all(&self, mut exit: impl FnMut(&str)) {
        let mut groups = self.groups.lock();
        if let Membership::In(groups) = std::mem::replace(&mut *groups, Membership::Left) {
            groups.iter().for_each(|group| exit(group));
        }
    }

    // ---- time ----

    pub(crate) fn connected(&self, now: u64) {
        self.stage.store(CONNECTED, Relaxed);
        self.times.heard.store(now, Relaxed);
        self.times.pinged.store(now, Relaxed);
    }

    pub(crate) fn ended(&self) {
        self.stage.store(ENDED, Relaxed);
    }

    pub(crate) fn heard(&self, now: u64) {
        self.times.heard.store(now, Relaxed);
    }

    pub(crate) fn client_pings(&self) {
        self.times.pings.store(true, Relaxed);
    }

    /// A call takes its time; meanwhile the client need not be heard of.
    pub(crate) fn busy(&self) {
        self.times.busy.store(true, Relaxed);
    }

    /// The call is over. Only one that took its time has to be told.
    pub(crate) fn idle(&self, now: impl FnOnce() -> u64) {
        if self.times.busy.load(Relaxed) {
            self.times.heard.store(now(), Relaxed);
            self.times.busy.store(false, Relaxed);
        }
    }

    /// Since when the transport has not taken what it was given.
    pub(crate) fn stalled(&self, since: Option<u64>) {
        match since {
            None => self.times.stalled.store(0, Relaxed),
            Some(now) => {
                let _ = self.times.stalled.compare_exchange(0, now.max(1), Relaxed, Relaxed);
            }
        }
    }

    /// Looks at the clock: pings, and ends what took too long. Says whether the connection may be forgotten.
    pub(crate) fn tick(&self, now: u64, options: &HubOptions) -> Forget {
        let past = |since: &AtomicU64, limit: std::time::Duration| {
            u128::from(now.saturating_sub(since.load(Relaxed))) > limit.as_millis()
        };
        let polls = self.is_polled();
        if polls && !self.outbox.lock().polling && past(&self.times.polled, options.poll_idle_timeout) {
            self.end(End::Gone);
            return if self.stage.load(Relaxed) == ENDED { Forget::Yes } else { Forget::No };
        }
        match self.stage.load(Relaxed) {
            HANDSHAKE if past(&self.times.attached, options.handshake_timeout) => {
                self.end(End::HandshakeTimeout);
            }
            CONNECTED if !polls => self.tick_connected(now, options, past),
            _ => {}
        }
        Forget::No
    }

    fn tick_connected(
        &self,
        now: u64,
        options: &HubOptions,
        past: impl Fn(&AtomicU64, std::time::Duration) -> bool,
    ) {
        let times = &self.times;
        if let Some(resume) = self.resume() {
            if resume.detached.load(Relaxed) > 0 {
                if past(&resume.detached, options.reconnect_timeout) {
                    self.end(End::Gone);
                }
                return;
            }
            let received = resume.received.load(Relaxed);
            if resume.told.swap(received, Relaxed) < received {
                self.say(&HubMessage::Ack { sequence_id: received });
            }
        }
        // An event stream is read by whoever serves the response: what still waits here, it has not taken.
        if self.transport == Transport::ServerSentEvents && self.outbox_bytes() > 0 {
            self.stalled(Some(now));
        }
        let silent = times.pings.load(Relaxed) && !times.busy.load(Relaxed);
        if silent && past(&times.heard, options.client_timeout) {
            return self.end(End::Failed(None));
        }
        if times.stalled.load(Relaxed) > 0 && past(&times.stalled, options.send_timeout) {
            self.discard();
            return self.end(End::Failed(None));
        }
        if past(&times.pinged, options.keep_alive) {
            times.pinged.store(now, Relaxed);
            // Where something waits already, that is the sign of life, or will not arrive either.
            if self.outbox.lock().queue.is_empty() {
                self.say(&HubMessage::Ping);
            }
        }
    }

    /// Queues what has no number.
    fn say(&self, message: &HubMessage<'_>) {
        let mut outbox = self.outbox.lock();
        if outbox.end.is_none() && outbox.add(self.protocol().encode(message), Numbered::No) {
            self.wake_reader(outbox);
        }
    }
}

/// By a WebSocket.
impl Outgoing for Connection {
    fn fill(&self, batch: &mut Batch) -> Filled {
        let kind = if self.protocol().is_binary() { Kind::Binary } else { Kind::Text };
        let mut outbox = self.outbox.lock();
        let filled = outbox.fill(kind, batch);
        if !outbox.waiting.is_empty() {
            let waiting = std::mem::take(&mut outbox.waiting);
            drop(outbox);
            waiting.into_iter().for_each(Waker::wake);
        }
        filled
    }

    fn moved(&self) {
        self.stalled(None);
    }
}

/// Whether nothing remains of a connection but its name.
#[derive(PartialEq, Eq)]
pub(crate) enum Forget {
    Yes,
    No,
}

impl Resume {
    /// The highest number that the client's messages have reached.
    pub(crate) fn received(&self) -> i64 {
        self.received.load(Relaxed)
    }

    pub(crate) fn receive(&self, number: i64) {
        self.received.store(number, Relaxed);
    }
}
