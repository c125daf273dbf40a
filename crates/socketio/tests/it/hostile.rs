//! Section 11: hostile clients.

use futures_util::StreamExt as _;
use proptest::{prelude::*, strategy::ValueTree as _};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::{MaybeTlsStream, tungstenite::Message};

use crate::support::{serve, within};

/// Packets of which others are made.
const CORPUS: [&str; 24] = [
    "40",
    "40{\"token\":\"123\"}",
    "40/other,",
    "40/other,{\"a\":[1,2]}",
    "41",
    "41/other,",
    "42[\"echo\"]",
    "42[\"echo\",1,\"2\",{\"3\":[true]}]",
    "42/other,12[\"echo\",null]",
    "4212[\"note\",\"x\"]",
    "43[]",
    "4312[\"x\"]",
    "43/other,1[{}]",
    "44{\"message\":\"x\"}",
    "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]",
    "452-/other,7[\"echo\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]",
    "450-[\"echo\"]",
    "461-15[\"bar\",{\"_placeholder\":true,\"num\":0}]",
    "bAQIDBA==",
    "3",
    "6",
    "5",
    "0{}",
    "42[\"é\u{2028}🎉\\ud83d\"]",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_nothing_made_from_packets_breaks_the_server() {
    let served = serve().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mutations = proptest::collection::vec(
        (0..CORPUS.len(), proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)),
        1..8,
    );
    for _ in 0..150 {
        let packets = mutations.new_tree(&mut runner).unwrap().current();
        let mut client = served.web_socket().await;
        client.send("40").await;
        for (packet, changes) in packets {
            let mut bytes = CORPUS[packet].as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                match byte % 3 {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
                if bytes.is_empty() {
                    bytes.push(byte);
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            // It may be closed already.
            let _ = futures_util::SinkExt::send(&mut client.socket, text.into()).await;
        }
    }
    let mut honest = served.connected().await;
    assert_eq!(honest.call("[\"echo\",1]").await, "[1]");
}

#[tokio::test]
async fn s11_deep_nesting_is_an_error_of_its_event() {
    let served = serve().await;
    let mut client = served.connected().await;
    let deep = format!("421[\"tell others\",\"r\",{}{}]", "[".repeat(10_000), "]".repeat(10_000));
    client.send(&deep).await;
    assert!(client.next().await.contains("recursion limit exceeded"));
    assert_eq!(client.next().await, "431[\"failed\"]");
}

#[tokio::test]
async fn s11_half_open_clients_do_not_hold_others_up() {
    let served = serve().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(&served.address).await.unwrap());
        silent.push(served.web_socket().await.socket.into_inner().into_plain());
        served.polling().await;
    }
    let mut client = served.connected().await;
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
}

trait IntoPlain {
    fn into_plain(self) -> tokio::net::TcpStream;
}

impl IntoPlain for tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream> {
    fn into_plain(self) -> tokio::net::TcpStream {
        match self {
            Self::Plain(socket) => socket,
            _ => panic!("there is no TLS here"),
        }
    }
}

#[tokio::test]
async fn s11_frames_that_are_refused_are_refused_with_the_reason_as_code() {
    let served = serve().await;
    let not_masked = (&b"\x81\x01a"[..], 1002);
    let not_text = (&b"\x81\x81\0\0\0\0\xFF"[..], 1007);
    let too_long = (&b"\x82\xFF\0\0\0\0\0\x02\0\x01\0\0\0\0"[..], 1009);
    for (frame, code) in [not_masked, not_text, too_long] {
        let mut client = served.connected().await;
        // What follows is not read, and does not keep the client from hearing why.
        let MaybeTlsStream::Plain(tcp) = client.socket.get_mut() else { panic!("not plain") };
        tcp.write_all(&[frame, &[0; 100_000]].concat()).await.unwrap();
        match within(client.socket.next()).await {
            Some(Ok(Message::Close(Some(close)))) => assert_eq!(u16::from(close.code), code),
            other => panic!("not a close frame with a code: {other:?}"),
        }
    }
    served
        .world
        .until(|notes| {
            notes.iter().filter(|note| *note == "disconnected: transport error, 0 rooms").count() == 3
        })
        .await;
}
