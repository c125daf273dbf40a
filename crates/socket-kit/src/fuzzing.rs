//! What must hold for any bytes that a client sends.

use crate::frame::{Event, Fault, Reader};

/// Small, so that a fuzzer finds the limit.
const MOST: usize = 256;

/// Wherever a client's bytes are cut, its WebSocket frames come to the same, and no message is too long.
pub fn web_socket(bytes: &[u8]) {
    let Some((&cut, bytes)) = bytes.split_first() else { return };
    let whole = events([bytes].into_iter());
    assert_eq!(whole, events(bytes.chunks(usize::from(cut).max(1))));
    for event in &whole.0 {
        match event {
            Event::Message(_, message) => assert!(message.len() <= MOST),
            Event::Ping(payload) => assert!(payload.len() <= 125),
            Event::Pong | Event::Close(_) => {}
        }
    }
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Fault>) {
    let mut reader = Reader::new(MOST);
    let mut all = Vec::new();
    for mut piece in pieces {
        loop {
            match reader.read(&mut piece) {
                Ok(Some(event)) => all.push(event),
                Ok(None) => break,
                Err(fault) => return (all, Some(fault)),
            }
        }
    }
    (all, None)
}
