//! Received bytes on their way to becoming messages.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::protocol::{Protocol, json::RECORD_SEPARATOR, messagepack};

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

    /// The next message without what marks its borders, if it is there: of at most `most` bytes with that.
    pub(crate) fn next(&mut self, protocol: Protocol, most: usize) -> Result<Option<Bytes>, TooLong> {
        match protocol {
            Protocol::Json => self.next_record(most),
            Protocol::MessagePack => self.next_frame(most),
        }
    }

    /// Forgets everything: what follows comes from elsewhere.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Up to an end mark.
    pub(crate) fn next_record(&mut self, most: usize) -> Result<Option<Bytes>, TooLong> {
        let bytes: &[u8] = if self.piece.is_empty() { &self.joined } else { &self.piece };
        let window = &bytes[..bytes.len().min(most)];
        let Some(end) = memchr::memchr(RECORD_SEPARATOR, &window[self.searched..]) else {
            self.searched = window.len();
            return if bytes.len() > most { Err(TooLong) } else { Ok(None) };
        };
        let end = self.searched + end;
        self.searched = 0;
        let mut message = self.cut(end + 1);
        message.truncate(end);
        Ok(Some(message))
    }

    /// As long as its prefix says. What the prefix announces is refused before it is waited for.
    fn next_frame(&mut self, most: usize) -> Result<Option<Bytes>, TooLong> {
        let Some((length, prefix)) = messagepack::frame(self.bytes()).map_err(|_| TooLong)? else {
            return Ok(None);
        };
        let whole = length + prefix;
        if whole > most {
            return Err(TooLong);
        }
        if self.len() < whole {
            return Ok(None);
        }
        let mut message = self.cut(whole);
        message.advance(prefix);
        Ok(Some(message))
    }

    fn bytes(&self) -> &[u8] {
        if self.piece.is_empty() { &self.joined } else { &self.piece }
    }

    fn cut(&mut self, at: usize) -> Bytes {
        let message =
            if self.piece.is_empty() { self.joined.split_to(at).freeze() } else { self.piece.split_to(at) };
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
        std::iter::from_fn(|| inbox.next_record(1024).unwrap()).collect()
    }

    #[test]
    fn a_message_may_fill_the_limit_and_not_more() {
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"123\x1e"));
        assert_eq!(inbox.next_record(4), Ok(Some(Bytes::from_static(b"123"))));
        inbox.push(Bytes::from_static(b"1234\x1e"));
        assert_eq!(inbox.next_record(4), Err(TooLong));
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"1234"));
        assert_eq!(inbox.next_record(4), Ok(None), "its end may be yet to come, were the limit larger");
        inbox.push(Bytes::from_static(b"5"));
        assert_eq!(inbox.next_record(4), Err(TooLong));
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_left() {
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(b"one"));
        inbox.push(Bytes::from_static(b"\x1etwo\x1e"));
        assert_eq!(drain(&mut inbox), ["one", "two"]);
        assert_eq!(inbox.joined.capacity(), 0);
    }

    #[test]
    fn a_frame_is_refused_for_what_it_announces() {
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(&[3, 1, 2, 3]));
        assert_eq!(inbox.next_frame(4), Ok(Some(Bytes::from_static(&[1, 2, 3]))));
        inbox.push(Bytes::from_static(&[4]));
        assert_eq!(inbox.next_frame(4), Err(TooLong));
        let mut inbox = Inbox::new();
        inbox.push(Bytes::from_static(&[0xFF; 5]));
        assert_eq!(inbox.next_frame(usize::MAX), Err(TooLong));
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_frames(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                let length = message.len();
                if length > 0x7F {
                    stream.push(0x80 | (length & 0x7F) as u8);
                    stream.push((length >> 7) as u8);
                } else {
                    stream.push(length as u8);
                }
                stream.extend_from_slice(message);
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let mut inbox = Inbox::new();
            let mut read = Vec::new();
            for pair in cuts.windows(2) {
                inbox.push(Bytes::copy_from_slice(&stream[pair[0]..pair[1]]));
                read.extend(std::iter::from_fn(|| inbox.next_frame(1024).unwrap()));
            }
            prop_assert_eq!(read, messages);
            prop_assert_eq!(inbox.len(), 0);
        }

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
