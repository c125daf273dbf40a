//! Frames as RFC 6455 has them, from the server's side: apart from how their bytes travel.

use bytes::{BufMut as _, Bytes, BytesMut};

/// What a frame is, in its first byte.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Beyond it a length stands in bytes of its own. No control frame is longer.
const SHORT: usize = 125;

/// The longest head of a client's frame: two bytes, the length in eight more, and the mask.
const LONGEST_HEAD: usize = 14;

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

/// What a client's frames come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole message. A text has been found to be UTF-8.
    Message(Kind, Bytes),
    /// With what the pong repeats.
    Ping(Bytes),
    /// Whatever it carries.
    Pong,
    /// With its code, if it has one.
    Close(Option<u16>),
}

/// Why a client's bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// They break the protocol.
    Protocol,
    /// A text is none.
    Text,
    /// A message is longer than allowed.
    TooLong,
}

/// Codes of close frames.
pub mod code {
    /// Nothing is wrong.
    pub const NORMAL: u16 = 1000;
    /// Frames break the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A text is none.
    pub const TEXT: u16 = 1007;
    /// A message is longer than allowed.
    pub const TOO_LONG: u16 = 1009;
    /// The server has failed.
    pub const FAILED: u16 = 1011;
}

impl Fault {
    /// The code that says so.
    pub fn code(self) -> u16 {
        match self {
            Self::Protocol => code::PROTOCOL,
            Self::Text => code::TEXT,
            Self::TooLong => code::TOO_LONG,
        }
    }
}

// ---- what leaves ----

/// The first bytes of a server's frame.
pub(crate) struct Head {
    bytes: [u8; 10],
    length: usize,
}

impl Head {
    /// Of a whole message.
    pub(crate) fn of(kind: Kind, payload: usize) -> Self {
        let kind = match kind {
            Kind::Text => TEXT,
            Kind::Binary => BINARY,
        };
        let mut bytes = [0; 10];
        bytes[0] = FINAL | kind;
        let length = match (u8::try_from(payload), u16::try_from(payload)) {
            (Ok(short), _) if payload <= SHORT => {
                bytes[1] = short;
                2
            }
            (_, Ok(middle)) => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&middle.to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..].copy_from_slice(&(payload as u64).to_be_bytes());
                10
            }
        };
        Self { bytes, length }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

pub(crate) fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

pub(crate) fn close(code: u16) -> Bytes {
    control(CLOSE, &code.to_be_bytes())
}

fn control(kind: u8, payload: &[u8]) -> Bytes {
    let payload = &payload[..payload.len().min(SHORT)];
    let mut frame = BytesMut::with_capacity(2 + payload.len());
    frame.put_u8(FINAL | kind);
    #[expect(clippy::cast_possible_truncation, reason = "it was cut to 125 bytes")]
    frame.put_u8(payload.len() as u8);
    frame.extend_from_slice(payload);
    frame.freeze()
}

// ---- what comes ----

/// Puts a client's bytes, in whatever pieces, together to messages. Between messages it keeps nothing.
pub(crate) struct Reader {
    /// The most bytes that a message may have.
    most: usize,
    /// What has come of a frame's head.
    head: [u8; LONGEST_HEAD],
    head_length: usize,
    frame: Option<Frame>,
    /// What has come of a control frame. It may stand between the frames of a message.
    control: BytesMut,
    message: BytesMut,
    /// Of what kind the message is that goes on in further frames.
    goes_on: Option<Kind>,
    /// How much of the message is known to be text.
    text: usize,
}

/// A frame whose head has come.
#[derive(Clone, Copy)]
struct Frame {
    role: Role,
    is_final: bool,
    missing: usize,
    /// Turned, so that the next byte is under its first one.
    mask: [u8; 4],
}

#[derive(Clone, Copy)]
enum Role {
    Message(Kind),
    Close,
    Ping,
    Pong,
}

impl Reader {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            head: [0; LONGEST_HEAD],
            head_length: 0,
            frame: None,
            control: BytesMut::new(),
            message: BytesMut::new(),
            goes_on: None,
            text: 0,
        }
    }

    /// Reads on, up to the next event. Where there is none, all of the input has been taken.
    pub(crate) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Fault> {
        loop {
            let mut frame = match self.frame {
                Some(frame) => frame,
                None => match self.read_head(input)? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            let (payload, rest) = input.split_at(frame.missing.min(input.len()));
            *input = rest;
            let into = match frame.role {
                Role::Message(_) => &mut self.message,
                Role::Close | Role::Ping | Role::Pong => &mut self.control,
            };
            let start = into.len();
            into.extend_from_slice(payload);
            unmask(&mut into[start..], frame.mask);
            frame.mask.rotate_left(payload.len() % 4);
            frame.missing -= payload.len();
            if let Role::Message(Kind::Text) = frame.role {
                self.check_text()?;
            }
            if frame.missing > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            self.frame = None;
            if let Some(event) = self.end_frame(frame)? {
                return Ok(Some(event));
            }
        }
    }

    /// Takes a frame's head, if it has come.
    fn read_head(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        if !self.fill_head(2, input) {
            return Ok(None);
        }
        let [first, second, ..] = self.head;
        let role = self.role(first)?;
        if second & MASKED == 0 {
            return Err(Fault::Protocol);
        }
        let (short, wide) = match second & !MASKED {
            126 => (0, 2),
            127 => (0, 8),
            short => (short, 0),
        };
        let is_final = first & FINAL != 0;
        let is_control = !matches!(role, Role::Message(_));
        if is_control && (wide > 0 || !is_final) {
            return Err(Fault::Protocol);
        }
        if !self.fill_head(2 + wide + 4, input) {
            return Ok(None);
        }
        let (length, mask) = self.head[2..2 + wide + 4].split_at(wide);
        let length = length.iter().fold(u64::from(short), |length, &byte| length << 8 | u64::from(byte));
        let mask = [mask[0], mask[1], mask[2], mask[3]];
        self.head_length = 0;
        let missing = usize::try_from(length).map_err(|_| Fault::TooLong)?;
        if !is_control && missing > self.most - self.message.len() {
            return Err(Fault::TooLong);
        }
        Ok(Some(Frame { role, is_final, missing, mask }))
    }

    /// Says whether the head has that many bytes now.
    fn fill_head(&mut self, length: usize, input: &mut &[u8]) -> bool {
        let lacking = length.saturating_sub(self.head_length).min(input.len());
        let (more, rest) = input.split_at(lacking);
        self.head[self.head_length..][..lacking].copy_from_slice(more);
        self.head_length += lacking;
        *input = rest;
        self.head_length >= length
    }

    fn role(&self, first: u8) -> Result<Role, Fault> {
        match (first & !FINAL, self.goes_on) {
            (CONTINUATION, Some(kind)) => Ok(Role::Message(kind)),
            (TEXT, None) => Ok(Role::Message(Kind::Text)),
            (BINARY, None) => Ok(Role::Message(Kind::Binary)),
            (CLOSE, _) => Ok(Role::Close),
            (PING, _) => Ok(Role::Ping),
            (PONG, _) => Ok(Role::Pong),
            // Reserved bits and kinds, and messages within messages.
            _ => Err(Fault::Protocol),
        }
    }

    /// A text may break off within a character, as long as more of it is to come.
    fn check_text(&mut self) -> Result<(), Fault> {
        match std::str::from_utf8(&self.message[self.text..]) {
            Ok(_) => self.text = self.message.len(),
            Err(error) if error.error_len().is_none() => self.text += error.valid_up_to(),
            Err(_) => return Err(Fault::Text),
        }
        Ok(())
    }

    fn end_frame(&mut self, frame: Frame) -> Result<Option<Event>, Fault> {
        let Role::Message(kind) = frame.role else {
            let payload = std::mem::take(&mut self.control).freeze();
            return Ok(Some(match frame.role {
                Role::Close => Event::Close(close_code(&payload)?),
                Role::Ping => Event::Ping(payload),
                Role::Pong | Role::Message(_) => Event::Pong,
            }));
        };
        if !frame.is_final {
            self.goes_on = Some(kind);
            return Ok(None);
        }
        self.goes_on = None;
        let text = std::mem::take(&mut self.text);
        let message = std::mem::take(&mut self.message).freeze();
        if kind == Kind::Text && text < message.len() {
            return Err(Fault::Text);
        }
        Ok(Some(Event::Message(kind, message)))
    }
}

/// The code of a close frame, where code and reason are such as may be sent.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    match payload {
        [] => Ok(None),
        [_] => Err(Fault::Protocol),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Fault::Protocol);
            }
            std::str::from_utf8(reason).map_err(|_| Fault::Text)?;
            Ok(Some(code))
        }
    }
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let wide = u32::from_ne_bytes(mask);
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("tests are short");
        assert!(usize::from(length) <= SHORT);
        let mut frame = [&[first, MASKED | length], &MASK[..]].concat();
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// All events of these bytes, and why they end before their end.
    fn read(bytes: &[u8]) -> (Vec<Event>, Option<Fault>) {
        let (mut reader, mut input, mut events) = (Reader::new(20), bytes, Vec::new());
        loop {
            match reader.read(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return (events, None),
                Err(fault) => return (events, Some(fault)),
            }
        }
    }

    #[test]
    fn a_message_may_come_in_frames_with_pings_between_them() {
        let text = "grüße".as_bytes();
        let frames = [
            masked(0x01, &text[..3]),
            masked(0x89, b"ping"),
            masked(0x00, &text[3..5]),
            masked(0x80, &text[5..]),
            masked(0x82, b""),
        ];
        let events = vec![
            Event::Ping(Bytes::from_static(b"ping")),
            Event::Message(Kind::Text, Bytes::from_static(text)),
            Event::Message(Kind::Binary, Bytes::new()),
        ];
        assert_eq!(read(&frames.concat()), (events, None));
    }

    #[test]
    fn what_breaks_the_protocol_is_refused() {
        for (frames, fault) in [
            (masked(0xC1, b"a"), Fault::Protocol),
            (masked(0x83, b"a"), Fault::Protocol),
            (masked(0x80, b"a"), Fault::Protocol),
            (masked(0x09, b"a"), Fault::Protocol),
            ([masked(0x01, b"a"), masked(0x81, b"b")].concat(), Fault::Protocol),
            (vec![0x81, 1, b'a'], Fault::Protocol),
            (vec![0x89, 0x80 | 126], Fault::Protocol),
            (masked(0x88, &[3]), Fault::Protocol),
            (masked(0x88, &1005_u16.to_be_bytes()), Fault::Protocol),
            (masked(0x88, &[3, 0xE8, 0xFF]), Fault::Text),
            (masked(0x81, b"a\xFF"), Fault::Text),
            (masked(0x81, b"a\xC3"), Fault::Text),
            (masked(0x82, &[0; 21]), Fault::TooLong),
            ([masked(0x02, &[0; 20]), masked(0x80, &[0])].concat(), Fault::TooLong),
            ([&[0x82, 0xFF][..], &[0xFF; 8], &MASK].concat(), Fault::TooLong),
        ] {
            assert_eq!(read(&frames).1, Some(fault), "{}", frames.escape_ascii());
        }
    }

    #[test]
    fn a_text_is_refused_before_its_end() {
        let begun = &masked(0x01, b"\xFF--")[..7];
        assert_eq!(read(begun), (vec![], Some(Fault::Text)));
    }

    #[test]
    fn a_close_has_a_code_or_none() {
        assert_eq!(read(&masked(0x88, b"")).0, [Event::Close(None)]);
        assert_eq!(read(&masked(0x88, &[3, 0xE8, b'!'])).0, [Event::Close(Some(1000))]);
        assert_eq!(close(1000), &[0x88, 2, 3, 0xE8][..]);
    }

    #[test]
    fn heads_are_as_short_as_they_can_be() {
        assert_eq!(Head::of(Kind::Text, 125).as_bytes(), [0x81, 125]);
        assert_eq!(Head::of(Kind::Binary, 126).as_bytes(), [0x82, 126, 0, 126]);
        assert_eq!(Head::of(Kind::Binary, 65_535).as_bytes(), [0x82, 126, 0xFF, 0xFF]);
        assert_eq!(Head::of(Kind::Text, 65_536).as_bytes(), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_mask_is_taken_off_wherever_the_bytes_are_cut(
            payload in prop::collection::vec(any::<u8>(), 0..126),
            mask in any::<[u8; 4]>(),
            size in 1_usize..40,
        ) {
            let mut frame = vec![0x82, MASKED | payload.len() as u8];
            frame.extend(mask);
            frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            let mut reader = Reader::new(125);
            let mut read = None;
            for mut piece in frame.chunks(size) {
                prop_assert!(read.is_none());
                read = reader.read(&mut piece).unwrap();
            }
            prop_assert_eq!(read, Some(Event::Message(Kind::Binary, payload.into())));
        }
    }
}
