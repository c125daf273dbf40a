//! What waits for a client, and who is to carry it.

use std::{collections::VecDeque, task::Waker};

use socket_kit::{Batch, Filled, Kind};

use crate::{
    Reason,
    protocol::engine::{self, Frame},
};

/// Python's client takes no more packets than this in one payload, and closes the connection where there are more.
const PAYLOAD_PACKETS: usize = 16;

/// How a connection ends, and what its client still gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What waits is still delivered.
    Orderly,
    /// The client has said so itself.
    Quiet,
    /// Nothing but the word that it has ended.
    Now,
    /// There is nobody to tell.
    Lost,
}

/// What carries the packets to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Polling,
    WebSocket,
}

/// How far a polling connection is on its way to a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    None,
    Begun,
    /// The client's next poll, or the one that waits, is to be its last.
    Probed,
}

pub(crate) struct Outbox {
    queue: VecDeque<Frame>,
    pub(crate) bytes: usize,
    pub(crate) carrier: Carrier,
    pub(crate) upgrade: Upgrade,
    pub(crate) ending: Option<Ending>,
    pub(crate) reason: Option<Reason>,
    /// It is about to end: nothing is added any more.
    pub(crate) doomed: bool,
    /// Whether a poll waits.
    pub(crate) polled: bool,
    /// Whether a POST is being read.
    pub(crate) posted: bool,
    /// Whether whoever carries the packets knows that there are some.
    told: bool,
    /// Whoever carries the packets.
    pub(crate) waker: Option<Waker>,
}

impl Outbox {
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            carrier,
            upgrade: Upgrade::None,
            ending: None,
            reason: None,
            doomed: false,
            polled: false,
            posted: false,
            told: false,
            waker: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds packets, and says whether somebody has to be told.
    #[must_use]
    pub(crate) fn add(&mut self, frames: impl IntoIterator<Item = Frame>) -> Queued {
        for frame in frames {
            self.bytes += frame.len();
            self.queue.push_back(frame);
        }
        if std::mem::replace(&mut self.told, true) { Queued::Told } else { Queued::Untold }
    }

    /// Takes what a WebSocket is to send next.
    pub(crate) fn fill(&mut self, batch: &mut Batch) -> Filled {
        let mut filled = Filled::Nothing;
        while let Some(frame) = self.queue.front() {
            let (kind, bytes) = match frame {
                Frame::Text(bytes) => (Kind::Text, bytes),
                Frame::Binary(bytes) => (Kind::Binary, bytes),
            };
            if batch.has_room(bytes.len()) {
                batch.add(kind, bytes);
                filled = Filled::Batch;
                self.take();
                continue;
            }
            if let Filled::Nothing = filled {
                filled = Filled::Large(kind, bytes.clone());
                self.take();
            }
            break;
        }
        self.told = !matches!(filled, Filled::Nothing);
        filled
    }

    fn take(&mut self) -> Option<Frame> {
        let frame = self.queue.pop_front()?;
        self.bytes -= frame.len();
        // A burst's memory is not kept for life.
        if self.queue.is_empty() && self.queue.capacity() > 16 {
            self.queue = VecDeque::new();
        }
        Some(frame)
    }

    /// What waits, as the answer to a poll.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        let mut payload = Vec::new();
        for _ in 0..PAYLOAD_PACKETS {
            let Some(frame) = self.take() else { break };
            engine::append(&mut payload, &frame);
        }
        self.told = !self.queue.is_empty();
        payload
    }

    pub(crate) fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    /// Wakes whoever carries the packets.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// Whether whoever carries the packets will come for what was queued.
pub(crate) enum Queued {
    Told,
    /// Nobody knows of it yet: the carrier has to be woken, or its work to be done for it.
    Untold,
}
