//! One client's connection: an Engine.IO session, and the sockets it has in namespaces.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Uri};
use parking_lot::{Mutex, MutexGuard};
use serde_json::json;
use socket_kit::{Batch, Filled, Link, Outgoing, Token};
use tokio::sync::Notify;

use crate::{
    Reason,
    beat::Beat,
    engine::{EngineClient, EngineMessage},
    house::{House, millis},
    outbox::{Carrier, Ending, Outbox, Queued, Upgrade},
    peer::Peer,
    protocol::{
        Malformed,
        engine::{self, Frame},
        packet,
    },
    server::Core,
    space::Space,
};

/// The request with which a client began its connection, as far as handlers may see it.
#[derive(Debug, Default)]
pub struct Request {
    pub(crate) extensions: Extensions,
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
}

impl Request {
    /// Its extensions: the place of what layers around the service have found out.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Its headers, without those of the WebSocket handshake.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its path and query. The query is the client's `query` option and the protocol's own keys.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

pub(crate) struct Connection {
    pub(crate) sid: Token,
    pub(crate) request: Arc<Request>,
    pub(crate) core: Arc<Core>,
    /// The open WebSocket: written to by whoever has something for many, and otherwise by its carrier.
    link: Mutex<Option<Box<Link>>>,
    pub(crate) outbox: Mutex<Outbox>,
    decoder: Mutex<Option<Box<Unfinished>>>,
    pub(crate) seats: Mutex<Vec<Seat>>,
    pub(crate) beat: Mutex<Beat>,
    /// Bytes of events that wait for their handlers.
    pub(crate) backlog: AtomicUsize,
    /// Questions that wait for the client's answer.
    asked: AtomicUsize,
    /// Whether it has ever been in a namespace.
    pub(crate) seated: AtomicBool,
    /// Milliseconds of the server's clock; zero is never.
    pub(crate) ended: AtomicU64,
    /// POSTs wait here for room.
    pub(crate) room: Notify,
}

/// A packet whose attachments have not all come.
struct Unfinished {
    text: Box<str>,
    missing: usize,
    attachments: Vec<Bytes>,
    bytes: usize,
}

/// A namespace that the client has entered; without a socket where it has left, or was sent away.
pub(crate) struct Seat {
    pub(crate) space: Arc<Space>,
    pub(crate) peer: Option<Arc<Peer>>,
}

/// What a poll is answered with.
pub(crate) enum Taken {
    Payload(Vec<u8>),
    /// Nothing waits, and the client wants to go on by WebSocket.
    Probed,
    /// The connection goes on by WebSocket.
    Upgraded,
    /// It is gone.
    Unknown,
}

/// A second poll or a second POST at the same time, or the wrong way.
pub(crate) enum Refused {
    Overlap,
    Upgraded,
    Unknown,
}

impl Connection {
    pub(crate) fn new(core: Arc<Core>, request: Request, carrier: Carrier) -> Self {
        let mut beat = Beat::new(core.house.now(), &core.house.options);
        // Where there are no namespaces, nobody has to enter one.
        let seated = core.on_message.is_some();
        if seated {
            beat.alone(None);
        }
        Self {
            sid: Token::random(),
            request: Arc::new(request),
            core,
            link: Mutex::default(),
            outbox: Mutex::new(Outbox::new(carrier)),
            decoder: Mutex::new(None),
            seats: Mutex::default(),
            beat: Mutex::new(beat),
            backlog: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            seated: AtomicBool::new(seated),
            ended: AtomicU64::new(0),
            room: Notify::new(),
        }
    }

    pub(crate) fn house(&self) -> &Arc<House> {
        &self.core.house
    }

    /// The packet that begins the connection.
    pub(crate) fn opening(&self, upgrades: &[&str]) -> String {
        let options = &self.core.house.options;
        let body = json!({
            "sid": self.sid.reveal(),
            "upgrades": upgrades,
            "pingInterval": millis(options.ping_interval),
            "pingTimeout": millis(options.ping_timeout),
            "maxPayload": options.max_payload,
        });
        format!("0{body}")
    }

    /// It is over; says whether it has never been in a namespace.
    pub(crate) fn leaves_unseated(&self) -> bool {
        !self.seated.swap(true, Relaxed)
    }

    pub(crate) fn carrier(&self) -> Carrier {
        self.outbox.lock().carrier
    }

    // ---- out ----

    /// The WebSocket. Its lock is taken before that of the outbox, and never while a room is looked at.
    pub(crate) fn link(&self) -> MutexGuard<'_, Option<Box<Link>>> {
        self.link.lock()
    }

    /// Queues packets, together and in this order, and tells whoever carries them. A client that does not read is cut off.
    pub(crate) fn send(self: &Arc<Self>, frames: impl IntoIterator<Item = Frame>) {
        if let Queued::Untold = self.queue(frames) {
            self.wake();
        }
    }

    /// The same for packets that somebody else may carry.
    pub(crate) fn queue(self: &Arc<Self>, frames: impl IntoIterator<Item = Frame>) -> Queued {
        let mut outbox = self.outbox.lock();
        if outbox.ending.is_some() || outbox.doomed {
            return Queued::Told;
        }
        let queued = outbox.add(frames);
        if outbox.bytes > self.core.house.options.output_hard_bytes {
            outbox.doomed = true;
            drop(outbox);
            self.doom();
            return Queued::Told;
        }
        match (queued, outbox.carrier) {
            (Queued::Untold, Carrier::WebSocket) => Queued::Untold,
            (Queued::Untold, Carrier::Polling) => {
                outbox.wake();
                Queued::Told
            }
            (Queued::Told, _) => Queued::Told,
        }
    }

    /// Closes it from elsewhere: whoever sends may hold locks that closing needs.
    pub(crate) fn doom(self: &Arc<Self>) {
        let connection = self.clone();
        self.house().spawn(async move { connection.close(Reason::Overrun, Ending::Lost) });
    }

    /// Wakes the WebSocket's carrier from now on when there is something for it to do, and says whether that is to end.
    pub(crate) fn attend(&self, waker: &Waker) -> Option<Ending> {
        let mut outbox = self.outbox.lock();
        if !outbox.waker.as_ref().is_some_and(|own| own.will_wake(waker)) {
            outbox.waker = Some(waker.clone());
        }
        outbox.ending
    }

    /// Writes what waits to the WebSocket, in its carrier's place. What goes wrong, the carrier will find, too.
    pub(crate) fn write_in_place(self: &Arc<Self>) {
        let sent = self.link().as_mut().and_then(|link| link.send_in_place(&**self));
        if let Some(Poll::Ready(Err(_))) | None = sent {
            self.wake();
        }
    }

    /// Wakes whoever carries it.
    pub(crate) fn wake(&self) {
        self.outbox.lock().wake();
    }

    pub(crate) fn begin_poll(&self) -> Result<(), Refused> {
        let mut outbox = self.outbox.lock();
        match outbox.carrier {
            Carrier::WebSocket => Err(Refused::Upgraded),
            Carrier::Polling if outbox.polled => Err(Refused::Overlap),
            Carrier::Polling => {
                outbox.polled = true;
                Ok(())
            }
        }
    }

    /// Ends a poll before it has an answer.
    pub(crate) fn end_poll(&self) {
        self.outbox.lock().polled = false;
    }

    /// Takes the answer to a poll; a probe is mentioned only to who has not heard of it.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, heard: Upgrade) -> Poll<Taken> {
        let mut outbox = self.outbox.lock();
        let taken = match outbox.ending {
            _ if outbox.carrier == Carrier::WebSocket => Taken::Upgraded,
            Some(Ending::Orderly) => {
                let mut payload = outbox.take_payload();
                if outbox.is_empty() {
                    engine::append(&mut payload, &Frame::fixed(engine::CLOSE));
                } else {
                    // The word that it has ended comes with the rest.
                    outbox.polled = false;
                    return Poll::Ready(Taken::Payload(payload));
                }
                Taken::Payload(payload)
            }
            Some(Ending::Quiet) => Taken::Payload(engine::NOOP.into()),
            Some(Ending::Now) => Taken::Payload(engine::CLOSE.into()),
            Some(Ending::Lost) => Taken::Unknown,
            None if !outbox.is_empty() => Taken::Payload(outbox.take_payload()),
            None if outbox.upgrade == Upgrade::Probed && heard != Upgrade::Probed => {
                return Poll::Ready(Taken::Probed);
            }
            None => {
                outbox.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        };
        outbox.polled = false;
        let over = outbox.ending.is_some();
        drop(outbox);
        self.room.notify_waiters();
        if over {
            self.core.forget(self);
        }
        Poll::Ready(taken)
    }

    // ---- from polling to a WebSocket ----

    /// A WebSocket has come for it. Only one may try, and only once.
    pub(crate) fn begin_upgrade(&self) -> Result<(), Refused> {
        let mut outbox = self.outbox.lock();
        match (outbox.carrier, outbox.upgrade, outbox.ending) {
            (Carrier::Polling, Upgrade::None, None) => {
                outbox.upgrade = Upgrade::Begun;
                Ok(())
            }
            _ => Err(Refused::Overlap),
        }
    }

    pub(crate) fn probed(&self) {
        let mut outbox = self.outbox.lock();
        outbox.upgrade = Upgrade::Probed;
        outbox.wake();
    }

    /// The WebSocket has not kept what it promised: polling goes on.
    pub(crate) fn abandon_upgrade(&self) {
        self.outbox.lock().upgrade = Upgrade::None;
    }

    /// From now on the WebSocket carries it.
    pub(crate) fn finish_upgrade(&self) -> Result<(), Refused> {
        let mut outbox = self.outbox.lock();
        if outbox.ending.is_some() {
            return Err(Refused::Unknown);
        }
        outbox.carrier = Carrier::WebSocket;
        outbox.upgrade = Upgrade::None;
        outbox.wake();
        Ok(())
    }

    // ---- in ----

    pub(crate) fn begin_post(&self) -> Result<(), Refused> {
        let mut outbox = self.outbox.lock();
        match outbox.carrier {
            Carrier::WebSocket => Err(Refused::Upgraded),
            Carrier::Polling if outbox.ending.is_some() => Err(Refused::Unknown),
            Carrier::Polling if outbox.posted => Err(Refused::Overlap),
            Carrier::Polling => {
                outbox.posted = true;
                Ok(())
            }
        }
    }

    pub(crate) fn end_post(&self) {
        self.outbox.lock().posted = false;
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.outbox.lock().ending.is_some()
    }

    /// Whether more is to be read from the client. An answer that a handler waits for may stand behind other
    /// events, so then reading goes on for a while.
    pub(crate) fn may_read(&self) -> bool {
        let options = &self.core.house.options;
        self.asked.load(Relaxed) > 0
            || self.backlog.load(Relaxed) <= options.input_buffer_bytes
                && self.outbox.lock().bytes <= options.output_soft_bytes
    }

    /// Waits until more may be read.
    pub(crate) async fn room(&self) {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if self.may_read() || self.is_ended() {
                return;
            }
            room.await;
        }
    }

    fn make_room(&self) {
        self.room.notify_waiters();
        let outbox = self.outbox.lock();
        if outbox.carrier == Carrier::WebSocket {
            outbox.wake();
        }
    }

    /// An event has been handled.
    pub(crate) fn release(&self, weight: usize) {
        let before = self.backlog.fetch_sub(weight, Relaxed);
        let most = self.core.house.options.input_buffer_bytes;
        if before > most && before - weight <= most {
            self.make_room();
        }
    }

    pub(crate) fn asks(&self) {
        if self.asked.fetch_add(1, Relaxed) == 0 {
            self.make_room();
        }
    }

    pub(crate) fn asked(&self) {
        self.asked.fetch_sub(1, Relaxed);
    }

    /// Takes a packet from the client.
    pub(crate) fn receive(self: &Arc<Self>, packet: engine::Packet<'_>) {
        match (packet, &self.core.on_message) {
            (engine::Packet::Message(text), Some(on_message)) => {
                on_message(&EngineClient::new(self.clone()), EngineMessage::Text(text.to_owned()));
            }
            (engine::Packet::Binary(bytes), Some(on_message)) => {
                on_message(&EngineClient::new(self.clone()), EngineMessage::Binary(bytes));
            }
            (engine::Packet::Message(text), None) => {
                if self.receive_text(text).is_err() {
                    self.close(Reason::ParseError, Ending::Orderly);
                }
            }
            (engine::Packet::Binary(bytes), None) => {
                if self.receive_binary(bytes).is_err() {
                    self.close(Reason::ParseError, Ending::Orderly);
                }
            }
            (engine::Packet::Pong, _) => self.pong(),
            (engine::Packet::Close, _) => self.close(Reason::TransportClose, Ending::Quiet),
            (engine::Packet::Idle, _) => {}
        }
    }

    fn receive_text(self: &Arc<Self>, text: &str) -> Result<(), Malformed> {
        // Held until the packet is where it belongs, so that the next one cannot overtake it.
        let mut decoder = self.decoder.lock();
        if decoder.is_some() {
            return Err(Malformed);
        }
        let header = packet::header(text, self.core.house.options.max_attachments)?;
        if header.attachments > 0 {
            *decoder = Some(Box::new(Unfinished {
                text: text.into(),
                missing: header.attachments,
                attachments: Vec::new(),
                bytes: text.len(),
            }));
            return Ok(());
        }
        let namespace = header.namespace;
        self.deliver(namespace, header.finish(Vec::new())?)
    }

    fn receive_binary(self: &Arc<Self>, bytes: Bytes) -> Result<(), Malformed> {
        let mut decoder = self.decoder.lock();
        let Some(unfinished) = decoder.as_mut() else { return Err(Malformed) };
        unfinished.bytes += bytes.len();
        if unfinished.bytes > self.core.house.options.max_packet_bytes {
            return Err(Malformed);
        }
        unfinished.attachments.push(bytes);
        unfinished.missing -= 1;
        if unfinished.missing > 0 {
            return Ok(());
        }
        let Some(finished) = decoder.take() else { return Err(Malformed) };
        let header = packet::header(&finished.text, self.core.house.options.max_attachments)?;
        let namespace = header.namespace;
        self.deliver(namespace, header.finish(finished.attachments)?)
    }
}

/// By a WebSocket.
impl Outgoing for Connection {
    fn fill(&self, batch: &mut Batch) -> Filled {
        let most = self.core.house.options.output_soft_bytes;
        let mut outbox = self.outbox.lock();
        let was_full = outbox.bytes > most;
        let filled = outbox.fill(batch);
        if was_full && outbox.bytes <= most {
            // More may be read now.
            outbox.wake();
            drop(outbox);
            self.room.notify_waiters();
        }
        filled
    }
}
