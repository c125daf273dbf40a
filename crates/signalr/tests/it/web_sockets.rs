//! Section 4.1: WebSockets.

use futures_util::{SinkExt as _, StreamExt as _};
use signalr::Transport;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::support::{HANDSHAKE, serve, within};

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
    server.world.until(|world| world.disconnected.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
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
    assert_eq!(server.world.disconnected.load(std::sync::atomic::Ordering::SeqCst), 0);
    server.world.gate.notify_one();
    server.world.until(|world| world.disconnected.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
    assert_eq!(*server.world.calls.lock(), ["waiting", "waited"]);
    assert_eq!(server.hub.connections(), 0);
}
