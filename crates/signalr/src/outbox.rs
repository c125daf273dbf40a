//! What waits for the client, and what it has not acknowledged.

use std::{collections::VecDeque, task::Waker};

use bytes::{Bytes, BytesMut};
use socket_kit::{Batch, Filled, Kind};

use crate::{HubOptions, connection::End};

/// What waits for the client.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) queue: VecDeque<Bytes>,
    pub(crate) bytes: usize,
    /// Whether somebody knows that there is something, and will come for it.
    pub(crate) told: bool,
    /// Set once: nothing but the last message is added after it.
    pub(crate) end: Option<End>,
    /// Nothing at all is added any more.
    pub(crate) finished: bool,
    /// What a resumed connection would have to repeat.
    pub(crate) unacknowledged: Option<Box<Unacknowledged>>,
    /// Streams that wait for room.
    pub(crate) waiting: Vec<Waker>,
    /// Who takes the bytes where that is not the session: an event stream's body, or a poll.
    pub(crate) reader: Option<Waker>,
    /// The newest poll; older ones give way.
    pub(crate) poll: u64,
    pub(crate) polling: bool,
}

/// Counted messages that the client has not acknowledged, in their order.
#[derive(Default)]
pub(crate) struct Unacknowledged {
    pub(crate) messages: VecDeque<Bytes>,
    pub(crate) bytes: usize,
    /// The number of the last message, counted from one.
    pub(crate) last: i64,
    /// The WebSocket is lost: there is no use in queueing for it.
    pub(crate) detached: bool,
}

/// Whether a message has a number that a resumed connection goes on from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbered {
    Yes,
    No,
}

impl Unacknowledged {
    pub(crate) fn add(&mut self, message: Bytes) {
        self.last += 1;
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    pub(crate) fn forget(&mut self, number: i64) {
        while self.last - (self.messages.len() as i64) < number
            && let Some(message) = self.messages.pop_front()
        {
            self.bytes -= message.len();
        }
    }
}

impl Outbox {
    /// Queues a message, and says whether somebody has to be told.
    #[must_use]
    pub(crate) fn add(&mut self, message: Bytes, numbered: Numbered) -> bool {
        if let Some(unacknowledged) = &mut self.unacknowledged {
            if numbered == Numbered::Yes {
                unacknowledged.add(message.clone());
            }
            if unacknowledged.detached {
                return false;
            }
        }
        self.bytes += message.len();
        self.queue.push_back(message);
        !std::mem::replace(&mut self.told, true)
    }

    /// The bytes that are kept, for whichever reason.
    pub(crate) fn held(&self) -> usize {
        self.unacknowledged.as_ref().map_or(0, |unacknowledged| unacknowledged.bytes).max(self.bytes)
    }

    pub(crate) fn is_full(&self, options: &HubOptions) -> bool {
        let unacknowledged = self.unacknowledged.as_ref().map_or(0, |unacknowledged| unacknowledged.bytes);
        self.bytes > options.output_soft_bytes || unacknowledged > options.reconnect_buffer_bytes
    }

    /// Forgets what waits.
    pub(crate) fn empty(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.told = false;
    }

    /// Takes all that waits, in one piece.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        let first = self.queue.pop_front()?;
        let taken = if self.queue.is_empty() {
            first
        } else {
            let mut joined = BytesMut::with_capacity(self.bytes);
            joined.extend_from_slice(&first);
            self.queue.iter().for_each(|next| joined.extend_from_slice(next));
            joined.freeze()
        };
        self.empty();
        Some(taken)
    }

    /// Moves the next messages into the batch, as one frame, or the next one that is too large for it.
    pub(crate) fn fill(&mut self, kind: Kind, batch: &mut Batch) -> Filled {
        let (mut number, mut length) = (0, 0);
        for message in &self.queue {
            if !batch.has_room(length + message.len()) {
                break;
            }
            number += 1;
            length += message.len();
        }
        if number == 0 {
            let Some(large) = self.queue.pop_front() else {
                self.told = false;
                return Filled::Nothing;
            };
            self.bytes -= large.len();
            return Filled::Large(kind, large);
        }
        self.bytes -= length;
        batch.add_joined(kind, length, self.queue.drain(..number));
        if self.queue.is_empty() && self.queue.capacity() > 16 {
            self.queue = VecDeque::new();
        }
        Filled::Batch
    }
}
