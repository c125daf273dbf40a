//! Received bytes on their way to becoming messages.

use bytes::{Bytes, BytesMut};

use crate::protocol::json::RECORD_SEPARATOR;

/// Bytes without borders, cut into messages. A piece that holds whole messages is not copied.
#[derive(Default)]
pub(crate) struct Inbox {
    piece: Bytes,
    /// What spans several pieces.
    joined: BytesMut,
    /// How much of what is there is known to hold no end mark.
    searched: usize,
}

/// The message is longer than allowed, whether or not its end is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Inbox {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn len(&self) -> usize {
        self.piece.len() + self.joined.len()
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.piece = bytes;
            return;
        }
        if !self.piece.is_empty() {
            self.joined.extend_from_slice(&self.piece);
            self.piece = Bytes::new();
        }
        self.joined.extend_from_slice(&bytes);
    }

    /// The next message without its end mark, if it is there: of at most `most` bytes with it.
    pub(crate) fn next(&mut self, most: usize) -> Result<Option<Bytes>, TooLong> {
        let bytes: &[u8] = if self.piece.is_empty() { &self.joined } else { &self.piece };
        let window = &bytes[..bytes.len().min(most)];
        let Some(end) = memchr::memchr(RECORD_SEPARATOR, &window[self.searched..]) else {
            self.searched = window.len();
            return if bytes.len() > most { Err(TooLong) } else { Ok(None) };
        };
        let end = self.searched + end;
        self.searched = 0;
        Ok(Some(self.cut(end)))
    }

    fn cut(&mut self, end: usize) -> Bytes {
        let mut message = if self.piece.is_empty() {
            self.joined.split_to(end + 1).freeze()
        } else {
            self.piece.split_to(end + 1)
        };
        message.truncate(end);
        // Even an empty rest would keep the whole buffer alive.
        if self.piece.is_empty() {
            self.piece = Bytes::new();
        }
        if self.joined.is_empty() {
            self.joined = BytesMut::new();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(inbox: &mut Inbox) -> Vec<Bytes> {
        std::iter::from_fn(|| inbox.next(1024).unwrap()).collect()
    }

    #[test]
    fn a_message_may_fill_the_limit_and_not_more() {
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"123\x1e"));
        assert_eq!(inbox.next(4), Ok(Some(Bytes::from_static(b"123"))));
        inbox.push(Bytes::from_static(b"1234\x1e"));
        assert_eq!(inbox.next(4), Err(TooLong));
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"1234"));
        assert_eq!(inbox.next(4), Ok(None), "its end may be yet to come, were the limit larger");
        inbox.push(Bytes::from_static(b"5"));
        assert_eq!(inbox.next(4), Err(TooLong));
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_left() {
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"one"));
        inbox.push(Bytes::from_static(b"\x1etwo\x1e"));
        assert_eq!(drain(&mut inbox), ["one", "two"]);
        assert_eq!(inbox.joined.capacity(), 0);
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_messages(
            messages in prop::collection::vec("[^\u{1e}]{0,40}", 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream: Vec<u8> =
                messages.iter().flat_map(|text| [text.as_bytes(), &[RECORD_SEPARATOR]].concat()).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let mut inbox = Inbox::new();
            let mut read = Vec::new();
            for pair in cuts.windows(2) {
                inbox.push(Bytes::copy_from_slice(&stream[pair[0]..pair[1]]));
                read.extend(drain(&mut inbox));
            }
            prop_assert_eq!(read, messages);
            prop_assert_eq!(inbox.len(), 0);
        }
    }
}
