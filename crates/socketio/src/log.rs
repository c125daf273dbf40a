//! What a client may not have got: the events it would be sent again.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    Recovery,
    message::{Message, Offset},
};

/// The events of one socket in the order in which they were sent, the oldest of them dropped as the client confirms them.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<Arc<Message>>,
    bytes: usize,
    /// The last event that is not kept any more: a client that has got this far has missed nothing.
    floor: Option<Offset>,
    /// Events that were ever added.
    added: u64,
    /// What was added when the last ping was sent; its answer confirms it.
    marked: u64,
}

impl Log {
    /// A client keeps the offset of its last life until it hears something new.
    pub(crate) fn new(floor: Option<Offset>) -> Self {
        Self { floor, ..Self::default() }
    }

    pub(crate) fn add(&mut self, message: Arc<Message>) {
        self.added += 1;
        self.bytes += message.bytes();
        self.entries.push_back(message);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_over(&self, limits: &Recovery) -> bool {
        self.entries.len() > limits.max_packets || self.bytes > limits.max_bytes
    }

    /// Drops the oldest until the rest is within the limits. Who has not got them cannot be recovered.
    pub(crate) fn shrink(&mut self, limits: &Recovery) {
        while self.is_over(limits) {
            self.forget_first();
        }
    }

    pub(crate) fn clear(&mut self) {
        while !self.entries.is_empty() {
            self.forget_first();
        }
        self.entries = VecDeque::new();
    }

    fn forget_first(&mut self) {
        if let Some(message) = self.entries.pop_front() {
            self.bytes -= message.bytes();
            self.floor = Some(message.offset());
        }
    }

    pub(crate) fn mark(&mut self) {
        self.marked = self.added;
    }

    /// The client has got all that was sent before the mark.
    pub(crate) fn confirm(&mut self) {
        while self.added - (self.entries.len() as u64) < self.marked {
            self.forget_first();
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// Whether all that came after `offset` is here.
    pub(crate) fn covers(&self, offset: Option<Offset>) -> bool {
        offset == self.floor || offset.is_some_and(|offset| self.position(offset).is_some())
    }

    fn position(&self, offset: Offset) -> Option<usize> {
        self.entries.iter().rposition(|message| message.offset() == offset)
    }

    /// Drops what a client that shows `offset` has got.
    pub(crate) fn forget_through(&mut self, offset: Option<Offset>) {
        let got = offset.and_then(|offset| self.position(offset)).map_or(0, |position| position + 1);
        for _ in 0..got {
            self.forget_first();
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> Arc<Message> {
        Message::new("", Offset::new(number), None, "a", &()).unwrap()
    }

    fn offset(number: u64) -> Option<Offset> {
        Some(Offset::new(number))
    }

    #[test]
    fn an_answered_ping_confirms_what_was_sent_before_it() {
        let mut log = Log::default();
        assert!(log.covers(None) && !log.covers(offset(1)));
        log.add(message(1));
        log.add(message(2));
        log.mark();
        log.add(message(3));
        assert!(log.covers(None) && log.covers(offset(1)));
        log.confirm();
        assert!(!log.covers(None) && !log.covers(offset(1)), "what is confirmed is gone");
        assert!(log.covers(offset(2)) && log.covers(offset(3)));
        log.forget_through(offset(3));
        assert_eq!(log.entries().count(), 0);
        assert!(log.covers(offset(3)));
    }

    #[test]
    fn what_is_too_much_is_dropped_and_then_not_covered() {
        let limits = Recovery { max_packets: 2, ..Recovery::default() };
        let mut log = Log::new(offset(9));
        (1..=3).for_each(|number| log.add(message(number)));
        assert!(log.is_over(&limits));
        log.shrink(&limits);
        assert!(!log.covers(offset(9)) && log.covers(offset(1)));
        log.clear();
        assert!(!log.covers(offset(2)) && log.covers(offset(3)));
    }
}
