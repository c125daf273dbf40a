//! What waits for the client, and what it has not acknowledged.

use std::{collections::VecDeque, task::Waker};

use bytes::{Bytes, BytesMut};

use crate::{HubOptions, connection::End};

/// What waits for the client.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) queue: VecDeque<Bytes>,
    pub(crate) bytes: usize,
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
    /// Queues a message, and says whether it is the first to wait.
    pub(crate) fn add(&mut self, message: Bytes, numbered: Numbered) -> bool {
        if let Some(unacknowledged) = &mut self.unacknowledged {
            if numbered == Numbered::Yes {
                unacknowledged.add(message.clone());
            }
            if unacknowledged.detached {
                return false;
            }
        }
        let was_empty = self.queue.is_empty();
        self.bytes += message.len();
        self.queue.push_back(message);
        was_empty
    }

    /// The bytes that are kept, for whichever reason.
    pub(crate) fn held(&self) -> usize {
        self.unacknowledged.as_ref().map_or(0, |unacknowledged| unacknowledged.bytes).max(self.bytes)
    }

    pub(crate) fn is_full(&self, options: &HubOptions) -> bool {
        let unacknowledged = self.unacknowledged.as_ref().map_or(0, |unacknowledged| unacknowledged.bytes);
        self.bytes > options.output_soft_bytes || unacknowledged > options.reconnect_buffer_bytes
    }

    pub(crate) fn take(&mut self, most: usize) -> Option<Bytes> {
        let first = self.queue.pop_front()?;
        let mut size = first.len();
        let more = self
            .queue
            .iter()
            .take_while(|next| {
                size = size.saturating_add(next.len());
                size <= most
            })
            .count();
        let taken = if more == 0 {
            first
        } else {
            let rest = self.queue.iter().take(more).map(Bytes::len).sum::<usize>();
            let mut joined = BytesMut::with_capacity(first.len() + rest);
            joined.extend_from_slice(&first);
            self.queue.drain(..more).for_each(|next| joined.extend_from_slice(&next));
            joined.freeze()
        };
        self.bytes -= taken.len();
        if self.queue.is_empty() && self.queue.capacity() > 16 {
            self.queue = VecDeque::new();
        }
        Some(taken)
    }
}
