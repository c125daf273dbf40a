//! What must hold for any bytes that a client sends. Called by the fuzz targets, and by a test with their corpus.

use bytes::Bytes;
use serde_json::Value;

use crate::{
    Transport,
    inbox::Inbox,
    protocol::{HubMessage, Outcome, Protocol, handshake as shake},
};

/// Small, so that a fuzzer finds the limit.
const MOST: usize = 256;

/// Wherever bytes are cut, the same messages come out, or the same refusal, and none is too long.
pub fn frames(bytes: &[u8]) {
    let Some((&cut, bytes)) = bytes.split_first() else { return };
    for protocol in Protocol::ALL {
        let whole = messages(protocol, [bytes].into_iter());
        let pieces = messages(protocol, bytes.chunks(usize::from(cut).max(1)));
        assert_eq!(whole, pieces);
        assert!(whole.0.iter().all(|message| message.len() < MOST));
    }
}

fn messages<'a>(protocol: Protocol, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Bytes>, bool) {
    let mut inbox = Inbox::new();
    let mut all = Vec::new();
    for piece in pieces {
        inbox.push(Bytes::copy_from_slice(piece));
        loop {
            match inbox.next(protocol, MOST) {
                Ok(Some(message)) => all.push(message),
                Ok(None) => break,
                Err(_) => return (all, true),
            }
        }
    }
    (all, false)
}

/// Any bytes are a choice or are refused, in a text that is JSON.
pub fn handshake(bytes: &[u8]) {
    for transport in Transport::ALL {
        if let Err(refusal) = shake::read(bytes, transport, true) {
            let answer = refusal.encode();
            let (_, json) = answer.split_last().expect("there is an end mark");
            let answer: Value = serde_json::from_slice(json).expect("it is JSON");
            assert!(answer["error"].is_string());
        }
    }
}

/// What is read can be written, and read again as the same.
pub fn json(bytes: &[u8]) {
    survives(Protocol::Json, bytes);
}

/// The same, in the other protocol.
pub fn messagepack(bytes: &[u8]) {
    survives(Protocol::MessagePack, bytes);
}

fn survives(protocol: Protocol, bytes: &[u8]) {
    let Ok(Some(message)) = protocol.decode(bytes) else { return };
    match &message {
        HubMessage::Invocation { arguments, .. } | HubMessage::StreamInvocation { arguments, .. } => {
            let _ = arguments.bind::<(Value, Option<String>)>(1);
            let _ = arguments.bind::<(crate::Timestamp, crate::ByteArray)>(0);
        }
        HubMessage::StreamItem { item: value, .. }
        | HubMessage::Completion { outcome: Outcome::Result(value), .. } => {
            let _ = value.value::<Value>();
            let _ = value.value::<crate::Timestamp>();
        }
        _ => {}
    }
    let written = protocol.encode(&message);
    let mut inbox = Inbox::new();
    inbox.push(written.clone());
    let inner = inbox.next(protocol, usize::MAX);
    let inner = inner.ok().flatten().expect("what is written is whole");
    let again = protocol.decode(&inner).expect("what is written is read").expect("its type is known");
    assert_eq!(protocol.encode(&again), written);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_corpus_breaks_nothing() {
        type Target = fn(&[u8]);
        let targets: [(&str, Target); 4] = [
            ("frames", super::frames),
            ("handshake", super::handshake),
            ("json", super::json),
            ("messagepack", super::messagepack),
        ];
        for (name, target) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
            let mut files = 0;
            for file in std::fs::read_dir(&folder).unwrap() {
                target(&std::fs::read(file.unwrap().path()).unwrap());
                files += 1;
            }
            assert!(files > 0, "{} is empty", folder.display());
        }
    }
}
