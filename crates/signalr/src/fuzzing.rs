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

/// Wherever a client's bytes are cut, its WebSocket frames come to the same.
pub use socket_kit::fuzzing::web_socket;

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
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        path::Path,
    };

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 5] = [
        ("frames", super::frames),
        ("handshake", super::handshake),
        ("json", super::json),
        ("messagepack", super::messagepack),
        ("web_socket", super::web_socket),
    ];

    /// What means something to the readers: ends, starts of containers, and where widths change.
    const BINARY: &[u8] = b"\x00\x01\x1E\x7F\x80\x90\x91\x96\xA1\xC0\xC1\xC6\xC7\xCF\xD6\xD9\xDC\xDF\xFF";
    const TEXT: &[u8] = b"\"\\[]{}:,0123456789-.eE \x1E";

    /// Longer entries say nothing new, and take long.
    const LONGEST: usize = 2048;

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        // Folders are listed in any order, and a seed has to mean the same everywhere.
        files.sort();
        assert!(!files.is_empty(), "{} is empty", folder.display());
        files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    #[test]
    fn the_corpus_breaks_nothing() {
        for (name, target) in TARGETS {
            corpus(name).iter().for_each(|entry| target(entry));
        }
    }

    #[test]
    fn nothing_made_from_the_corpus_of_frames_breaks_anything() {
        fuzz("frames");
    }

    #[test]
    fn nothing_made_from_the_corpus_of_handshakes_breaks_anything() {
        fuzz("handshake");
    }

    #[test]
    fn nothing_made_from_the_corpus_of_json_breaks_anything() {
        fuzz("json");
    }

    #[test]
    fn nothing_made_from_the_corpus_of_messagepack_breaks_anything() {
        fuzz("messagepack");
    }

    #[test]
    fn nothing_made_from_the_corpus_of_web_sockets_breaks_anything() {
        fuzz("web_socket");
    }

    /// A short run of the target that any compiler can do. What it makes is cut into frames, too.
    fn fuzz(name: &str) {
        let seed = setting("SIGNALR_FUZZ_SEED").unwrap_or_else(|| getrandom::u64().unwrap());
        let rounds = setting("SIGNALR_FUZZ_ROUNDS").unwrap_or(20_000);
        let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).unwrap();
        let mut chance = Chance(seed);
        let entries = corpus(name);
        for round in 0..rounds {
            let entry = mutant(&mut chance, &entries);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                target(&entry);
                super::frames(&entry);
            }));
            if outcome.is_err() {
                panic!("SIGNALR_FUZZ_SEED={seed}, target {name}, round {round}: {}", entry.escape_ascii());
            }
        }
    }

    fn setting(name: &str) -> Option<u64> {
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
    }

    fn mutant(chance: &mut Chance, entries: &[Vec<u8>]) -> Vec<u8> {
        let mut entry = chance.one(entries).clone();
        // Mostly one: what is changed often is refused at its first byte.
        for _ in 0..=chance.below(4) * chance.below(2) {
            let at = chance.below(entry.len() + 1);
            match chance.below(9) {
                0 => flip(&mut entry, at, 1 << chance.below(8)),
                1 => overwrite(&mut entry, at, chance.byte()),
                2 => entry.insert(at, chance.byte()),
                3 => entry.truncate(at),
                4 => drop(entry.drain(..at)),
                // Its own bytes once more, as a doubled message or a deeper nesting.
                5 => repeat(&mut entry, at, chance),
                6 => splice(&mut entry, at, chance.one::<Vec<u8>>(entries), chance),
                7 => graft(&mut entry, at, chance.one::<Vec<u8>>(entries), chance),
                _ => announce(&mut entry, at, chance),
            }
        }
        entry.truncate(LONGEST);
        entry
    }

    fn flip(entry: &mut [u8], at: usize, bit: u8) {
        if let Some(byte) = entry.get_mut(at) {
            *byte ^= bit;
        }
    }

    fn overwrite(entry: &mut [u8], at: usize, new: u8) {
        if let Some(byte) = entry.get_mut(at) {
            *byte = new;
        }
    }

    fn repeat(entry: &mut Vec<u8>, at: usize, chance: &mut Chance) {
        let piece = piece(&entry[at..], chance).repeat(1 + chance.below(100));
        entry.splice(at..at, piece);
    }

    /// A piece in the place of another.
    fn graft(entry: &mut Vec<u8>, at: usize, other: &[u8], chance: &mut Chance) {
        let old = piece(&entry[at..], chance).len();
        let from = chance.below(other.len() + 1);
        entry.splice(at..at + old, piece(&other[from..], chance).iter().copied());
    }

    fn piece<'a>(bytes: &'a [u8], chance: &mut Chance) -> &'a [u8] {
        &bytes[..chance.below(bytes.len().min(12) + 1)]
    }

    fn splice(entry: &mut Vec<u8>, at: usize, other: &[u8], chance: &mut Chance) {
        let from = chance.below(other.len() + 1);
        entry.truncate(at);
        entry.extend_from_slice(&other[from..]);
    }

    /// A length, as the varint of a frame or as MessagePack writes one: the true one, or any.
    fn announce(entry: &mut Vec<u8>, at: usize, chance: &mut Chance) {
        let rest = u32::try_from(entry.len() - at).unwrap();
        let mut length =
            *chance.one(&[rest, rest + 1, 127, 128, 255, 256, 65_536, i32::MAX as u32, u32::MAX]);
        let mut bytes = Vec::new();
        if chance.below(2) == 0 {
            while length > 0x7F {
                bytes.push(length as u8 | 0x80);
                length >>= 7;
            }
            bytes.push(length as u8);
        } else {
            bytes.push(*chance.one(&[0xC6, 0xC9, 0xDB, 0xDD, 0xDF]));
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        entry.splice(at..at, bytes);
    }

    /// SplitMix64: the same numbers for the same seed, everywhere.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = self.0;
            bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            (bits ^ bits >> 31) as usize % end
        }

        fn byte(&mut self) -> u8 {
            let bytes = *self.one(&[BINARY, TEXT]);
            *self.one(bytes)
        }

        fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
            &all[self.below(all.len())]
        }
    }
}
