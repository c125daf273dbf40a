//! One event on its way to many: written once, shared by all who get it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use bytes::Bytes;

use crate::{
    args::Arguments,
    protocol::{engine::Frame, packet},
};

/// From what a client sends back of it, the server knows how far the client has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offset(u64);

impl Offset {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }

    fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// How many bytes of events are kept for sockets that may be recovered.
#[derive(Default)]
pub(crate) struct Meter(AtomicUsize);

impl Meter {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

pub(crate) struct Message {
    offset: Offset,
    text: Bytes,
    attachments: Box<[Bytes]>,
    /// The bytes of the offset's argument in the text; none where nobody can be recovered.
    mark: usize,
    plain: OnceLock<Bytes>,
    bytes: usize,
    meter: Option<Arc<Meter>>,
}

/// Whether a receiver is told the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Marked,
}

impl Message {
    /// Writes an event. With a meter it is marked with its offset.
    pub(crate) fn new<A: Arguments + ?Sized>(
        prefix: &str,
        offset: Offset,
        meter: Option<Arc<Meter>>,
        name: &str,
        arguments: &A,
    ) -> Result<Arc<Self>, serde_json::Error> {
        let last = meter.as_ref().map(|_| offset.text());
        let encoded = packet::event(prefix, None, name, arguments, last.as_deref())?;
        let bytes = encoded.text.len() + encoded.attachments.iter().map(Bytes::len).sum::<usize>();
        if let Some(meter) = &meter {
            meter.0.fetch_add(bytes, Relaxed);
        }
        Ok(Arc::new(Self {
            offset,
            text: encoded.text,
            attachments: encoded.attachments.into(),
            // The quotes and the comma before it.
            mark: last.map_or(0, |last| last.len() + 3),
            plain: OnceLock::new(),
            bytes,
            meter,
        }))
    }

    pub(crate) fn offset(&self) -> Offset {
        self.offset
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn frames(&self, form: Form) -> impl Iterator<Item = Frame> {
        let text = match form {
            Form::Marked => &self.text,
            Form::Plain if self.mark == 0 => &self.text,
            Form::Plain => self.plain.get_or_init(|| {
                let end = self.text.len() - "]".len() - self.mark;
                [&self.text[..end], b"]"].concat().into()
            }),
        };
        std::iter::once(Frame::Text(text.clone())).chain(self.attachments.iter().cloned().map(Frame::Binary))
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.0.fetch_sub(self.bytes, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &Message, form: Form) -> String {
        match message.frames(form).next() {
            Some(Frame::Text(text)) => String::from_utf8(text.into()).unwrap(),
            _ => String::new(),
        }
    }

    #[test]
    fn the_offset_is_the_last_argument_for_those_who_may_be_recovered() {
        let meter = Arc::new(Meter::default());
        let message = Message::new("", Offset::new(255), Some(meter.clone()), "a", &(1,)).unwrap();
        assert_eq!(text(&message, Form::Marked), r#"42["a",1,"00000000000000ff"]"#);
        assert_eq!(text(&message, Form::Plain), r#"42["a",1]"#);
        assert_eq!(meter.bytes(), message.bytes());
        drop(message);
        assert_eq!(meter.bytes(), 0);
        let message = Message::new("/x,", Offset::new(1), None, "a", &()).unwrap();
        assert_eq!(text(&message, Form::Plain), r#"42/x,["a"]"#);
        assert_eq!(text(&message, Form::Marked), r#"42/x,["a"]"#);
    }

    #[test]
    fn offsets_are_read_back() {
        let offset = Offset::new(u64::MAX - 3);
        assert_eq!(Offset::parse(&offset.text()), Some(offset));
        assert_eq!(Offset::parse("a word"), None);
    }
}
