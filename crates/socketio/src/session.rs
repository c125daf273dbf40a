//! A connection's life in namespaces: what its packets mean there, its heartbeat and its end.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use serde_json::{Map, Value};

use crate::{
    Reason,
    beat::Due,
    connection::{Connection, Seat},
    outbox::{Carrier, Ending},
    peer::{Job, Peer},
    protocol::{
        Malformed,
        engine::{self, Frame},
        packet::{self, Packet},
    },
};

/// An event costs more than its bytes.
const EVENT_BYTES: usize = 256;

/// How much more than usual is read while a handler waits for its client's answer.
const WHILE_ASKING: usize = 16;

impl Connection {
    pub(crate) fn deliver(self: &Arc<Self>, namespace: &str, packet: Packet) -> Result<(), Malformed> {
        let seat = {
            let seats = self.seats.lock();
            seats.iter().find(|seat| seat.space.name() == namespace).map(|seat| seat.peer.clone())
        };
        match (packet, seat) {
            (Packet::Connect(auth), None | Some(None)) => {
                self.enter(namespace, auth.unwrap_or_default());
                Ok(())
            }
            (Packet::Connect(_), Some(Some(_))) | (_, None) => Err(Malformed),
            // On its way when the server sent the socket away.
            (_, Some(None)) => Ok(()),
            (Packet::Disconnect, Some(Some(peer))) => {
                peer.leave(Some(self), Reason::ClientDisconnect);
                Ok(())
            }
            (Packet::Ack { args, id }, Some(Some(peer))) => {
                if let Some(id) = id {
                    peer.answered(id, args);
                }
                Ok(())
            }
            (Packet::Event { name, args, id }, Some(Some(peer))) => {
                let weight = EVENT_BYTES + name.len() + args.weight();
                let waiting = self.backlog.fetch_add(weight, Relaxed) + weight;
                let options = &self.house().options;
                if waiting > options.input_buffer_bytes * WHILE_ASKING + options.max_packet_bytes {
                    self.close(Reason::Overrun, Ending::Now);
                } else {
                    peer.enqueue(Job::Event { connection: self.clone(), name, args, ack: id, weight });
                }
                Ok(())
            }
        }
    }

    fn enter(self: &Arc<Self>, namespace: &str, auth: Map<String, Value>) {
        let Some(space) = self.core.space(namespace) else {
            self.send([packet::refused(&format!("{namespace},"), "Invalid namespace", None)]);
            return;
        };
        let (peer, job) = space.welcome(self, auth);
        {
            let mut seats = self.seats.lock();
            seats.retain(|seat| !Arc::ptr_eq(&seat.space, &space));
            seats.push(Seat { space, peer: Some(peer.clone()) });
            self.beat.lock().alone(None);
            // Before anybody can find the seat: nothing may be done for this socket before that.
            peer.enqueue(job);
        }
        if !self.seated.swap(true, Relaxed) {
            self.core.seated();
        }
        // Whoever closed it meanwhile has not seen this socket.
        if let Some(reason) = self.end_reason() {
            peer.leave(Some(self), reason);
        }
    }

    /// The socket has left, or was sent away; its client may go on elsewhere for a while.
    pub(crate) fn unseat(&self, peer: &Arc<Peer>) {
        let mut seats = self.seats.lock();
        for seat in seats.iter_mut() {
            if seat.peer.as_ref().is_some_and(|seated| Arc::ptr_eq(seated, peer)) {
                seat.peer = None;
            }
        }
        if seats.iter().all(|seat| seat.peer.is_none()) {
            self.beat.lock().alone(Some(self.house().now()));
        }
    }

    fn peers(&self) -> Vec<Arc<Peer>> {
        self.seats.lock().iter().filter_map(|seat| seat.peer.clone()).collect()
    }

    pub(crate) fn pong(&self) {
        let house = self.house();
        if self.beat.lock().answered(house.now(), &house.options) {
            self.peers().iter().for_each(|peer| peer.confirm());
        }
    }

    /// Looks at the clock. Whoever comes with a request looks, too, so that nobody is served after his time.
    pub(crate) fn tick(self: &Arc<Self>) {
        let house = self.house().clone();
        let (now, options) = (house.now(), &house.options);
        let ended = self.ended.load(Relaxed);
        if ended > 0 {
            if now >= ended + crate::house::millis(options.close_timeout) {
                self.core.forget(self);
            }
            return;
        }
        if !self.may_read() {
            self.beat.lock().excuse(now, options);
        }
        let due = self.beat.lock().look(now, options);
        match due {
            Due::Nothing => {}
            Due::Ping => {
                // What is sent after the mark may be confirmed one ping later; what is sent before it has left before the ping.
                self.peers().iter().for_each(|peer| peer.mark());
                self.send([Frame::fixed(engine::PING)]);
            }
            Due::Silent => self.close(Reason::PingTimeout, Ending::Now),
            Due::Alone => self.close(Reason::ParseError, Ending::Orderly),
        }
    }

    /// Ends it, once: its sockets hear the reason, its client what `ending` leaves.
    pub(crate) fn close(self: &Arc<Self>, reason: Reason, ending: Ending) {
        {
            let mut outbox = self.outbox.lock();
            if outbox.ending.is_some() {
                return;
            }
            outbox.ending = Some(ending);
            outbox.reason = Some(reason);
            if ending != Ending::Orderly {
                outbox.clear();
            }
            self.ended.store(self.house().now().max(1), Relaxed);
            let fetched_later = outbox.carrier == Carrier::Polling
                && match ending {
                    Ending::Orderly => true,
                    Ending::Quiet => !outbox.polled,
                    Ending::Now | Ending::Lost => false,
                };
            outbox.wake();
            drop(outbox);
            if !fetched_later {
                self.core.forget(self);
            }
        }
        self.room.notify_waiters();
        let seats = std::mem::take(&mut *self.seats.lock());
        for peer in seats.into_iter().filter_map(|seat| seat.peer) {
            peer.leave(Some(self), reason);
        }
    }

    fn end_reason(&self) -> Option<Reason> {
        self.outbox.lock().reason
    }
}
