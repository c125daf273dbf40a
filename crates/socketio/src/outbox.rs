//! What waits for a client, and who is to carry it.

use std::{collections::VecDeque, task::Waker};

use crate::{
    Reason,
    protocol::engine::{self, Frame},
};

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
            waker: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn add(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.queue.push_back(frame);
    }

    pub(crate) fn take(&mut self) -> Option<Frame> {
        let frame = self.queue.pop_front();
        match &frame {
            Some(frame) => self.bytes -= frame.len(),
            // A burst's memory is not kept for life.
            None if self.queue.capacity() > 16 => self.queue = VecDeque::new(),
            None => {}
        }
        frame
    }

    /// Everything that waits, as the answer to a poll.
    pub(crate) fn take_payload(&mut self) -> String {
        let mut payload = String::with_capacity(self.bytes + self.queue.len());
        while let Some(frame) = self.take() {
            engine::append(&mut payload, &frame);
        }
        payload
    }

    pub(crate) fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
