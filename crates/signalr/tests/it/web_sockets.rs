//! Section 4.1: WebSockets.

use std::sync::atomic::Ordering::SeqCst;

use futures_util::{SinkExt as _, StreamExt as _};
use signalr::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::{
    MaybeTlsStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::support::{Closed, HANDSHAKE, serve, within};

const CALL: &str = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["grüße"]}"#;
const ANSWER: &str = r#"{"type":3,"invocationId":"1","result":"grüße"}"#;

#[tokio::test]
async fn s4_1_a_web_socket_needs_no_negotiation() {
    let server = serve().await;
    let mut client = server.direct(&[]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    assert_eq!(client.call("Echo", r#"["x"]"#).await, r#""result":"x""#);
}

#[tokio::test]
async fn s4_1_answers_are_text_frames_whatever_came() {
    let server = serve().await;
    let mut client = server.direct(&[]).await;
    let socket = client.socket();
    socket.send(Message::binary(format!("{HANDSHAKE}\u{1e}"))).await.unwrap();
    let answer = within(socket.next()).await.unwrap().unwrap();
    assert_eq!(answer, Message::text("{}\u{1e}"));
}

#[tokio::test]
async fn s4_1_frame_borders_mean_nothing() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let bytes = format!("{CALL}\u{1e}{CALL}\u{1e}").into_bytes();
    for size in [1, 2, 3, 60, 70, bytes.len()] {
        for piece in bytes.chunks(size) {
            // Binary, because a piece may end within a character.
            client.socket().feed(Message::binary(piece.to_vec())).await.unwrap();
        }
        client.socket().flush().await.unwrap();
        assert_eq!(client.next().await, ANSWER);
        assert_eq!(client.next().await, ANSWER);
    }
}

#[tokio::test]
async fn s4_1_pings_are_ponged_even_while_a_call_runs() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"target":"Wait","arguments":[]}"#).await;
    server.world.until(|world| *world.calls.lock() == ["waiting"]).await;
    client.socket().send(Message::Ping("are you there".into())).await.unwrap();
    let answer = within(client.socket().next()).await.unwrap().unwrap();
    assert_eq!(answer, Message::Pong("are you there".into()));
    server.world.gate.notify_one();
}

#[tokio::test]
async fn s4_1_no_sub_protocol_is_selected() {
    let server = serve().await;
    let (_, token) = server.negotiate().await;
    let answer = server
        .http
        .get(server.url(&format!("?id={token}")))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "chat, superchat")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.headers().get("sec-websocket-protocol"), None);
    assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[tokio::test]
async fn s4_1_the_servers_close_frame_follows_its_close_message() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":7}"#).await;
    assert_eq!(client.next().await, r#"{"type":7}"#);
    match within(client.socket().next()).await {
        Some(Ok(Message::Close(Some(frame)))) => {
            assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Normal, ""));
        }
        other => panic!("not a close frame: {other:?}"),
    }
}

#[tokio::test]
async fn s4_1_the_clients_close_frame_is_answered() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"target":"Note","arguments":["before"]}"#).await;
    client.socket().close(None).await.unwrap();
    let answered = within(async {
        while let Some(message) = client.socket().next().await {
            if let Ok(Message::Close(_)) = message {
                return true;
            }
        }
        false
    });
    assert!(answered.await);
    server.world.until(|world| *world.calls.lock() == ["before"]).await;
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}

#[tokio::test]
async fn s4_1_a_close_frame_is_answered_with_its_code_or_with_1000() {
    let server = serve().await;
    let away = CloseFrame { code: CloseCode::Away, reason: "gone".into() };
    for (sent, answered) in [(None, CloseCode::Normal), (Some(away), CloseCode::Away)] {
        let mut client = server.client(Transport::WebSockets).await;
        client.socket().close(sent).await.unwrap();
        match within(client.socket().next()).await {
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!((frame.code, frame.reason.as_str()), (answered, ""));
            }
            other => panic!("not a close frame with a code: {other:?}"),
        }
    }
}

#[tokio::test]
async fn s4_1_frames_that_break_the_protocol_end_the_connection_with_1011() {
    let server = serve().await;
    let not_masked = b"\x81\x01a";
    let not_text = b"\x81\x81\0\0\0\0\xFF";
    let too_long = b"\x82\xFF\0\0\0\0\0\x02\0\x01\0\0\0\0";
    for (number, frame) in [&not_masked[..], not_text, too_long].into_iter().enumerate() {
        let mut client = server.client(Transport::WebSockets).await;
        // What follows is not read, and does not keep the client from hearing why.
        let MaybeTlsStream::Plain(tcp) = client.socket().get_mut() else { panic!("not plain") };
        tcp.write_all(&[frame, &[0; 100_000]].concat()).await.unwrap();
        let (last, end) = client.rest().await;
        let close = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;
        assert_eq!((last, end), (vec![close.to_owned()], Closed::WithCode(1011)));
        server.world.until(|world| world.disconnected.load(SeqCst) == number + 1).await;
    }
}

#[tokio::test]
async fn s4_1_an_upgrade_is_told_what_it_lacks() {
    let server = serve().await;
    for (name, value, status) in [
        ("Connection", "keep-alive", 400),
        ("Sec-WebSocket-Version", "8", 426),
        ("Sec-WebSocket-Key", "", 400),
    ] {
        let mut head = "GET /hub HTTP/1.1\r\nHost: hub\r\n".to_owned();
        for (header, good) in [
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let value = if header == name { value } else { good };
            if !value.is_empty() {
                head.push_str(&format!("{header}: {value}\r\n"));
            }
        }
        let mut socket = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        socket.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        within(socket.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes(), "{name}");
    }
    assert_eq!(server.hub.connections(), 0);
}

#[tokio::test]
async fn s4_1_large_messages_and_their_answers_arrive_whole() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    for length in [100, 4_000, 4_090, 4_100, 30_000] {
        let text = "x".repeat(length);
        assert_eq!(client.call("Echo", &format!(r#"["{text}"]"#)).await, format!(r#""result":"{text}""#));
    }
}

#[tokio::test]
async fn s4_1_ready_messages_share_a_frame() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let many = format!("{CALL}\u{1e}").repeat(10);
    client.send_raw(&many).await;
    let frame = within(client.socket().next()).await.unwrap().unwrap();
    assert_eq!(frame, Message::text(format!("{ANSWER}\u{1e}").repeat(10)));
}

#[tokio::test]
async fn s4_1_a_client_that_vanishes_is_noticed_during_a_call() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"target":"Wait","arguments":[]}"#).await;
    server.world.until(|world| *world.calls.lock() == ["waiting"]).await;
    drop(client);
    // The call is not cut short; the end comes after it.
    assert_eq!(server.world.disconnected.load(SeqCst), 0);
    server.world.gate.notify_one();
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    assert_eq!(*server.world.calls.lock(), ["waiting", "waited"]);
    assert_eq!(server.hub.connections(), 0);
}
