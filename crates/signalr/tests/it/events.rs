//! Section 4.2: server-sent events.

use std::sync::atomic::Ordering::SeqCst;

use futures_util::StreamExt as _;
use signalr::Transport;

use crate::support::{Closed, HANDSHAKE, serve, within};

#[tokio::test]
async fn s4_2_the_answer_is_an_unbuffered_event_stream() {
    let server = serve().await;
    let (_, token) = server.negotiate().await;
    let request = server.http.get(server.url(&format!("?id={token}")));
    let answer = request.header("Accept", "application/json, Text/Event-Stream;q=0.9").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache,no-store"),
        ("pragma", "no-cache"),
        ("content-encoding", "identity"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    let mut stream = answer.bytes_stream();
    assert_eq!(within(stream.next()).await.unwrap().unwrap(), ":\r\n");
    server.post(&token, format!("{HANDSHAKE}\u{1e}")).await;
    assert_eq!(within(stream.next()).await.unwrap().unwrap(), "data: {}\u{1e}\r\n\r\n");
}

#[tokio::test]
async fn s4_2_several_messages_may_share_an_event() {
    let server = serve().await;
    let mut client = server.client(Transport::ServerSentEvents).await;
    let call = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#;
    client.send_raw(&format!("{call}\u{1e}").repeat(50)).await;
    for _ in 0..50 {
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"1","result":"x"}"#);
    }
}

#[tokio::test]
async fn s4_2_the_response_ends_with_the_connection() {
    let server = serve().await;
    let mut client = server.client(Transport::ServerSentEvents).await;
    client.send(r#"{"type":7}"#).await;
    assert_eq!(client.rest().await, (vec![r#"{"type":7}"#.into()], Closed::Normally));
    assert_eq!(server.post(&client.token, "x").await.status(), 404);
}

#[tokio::test]
async fn s4_2_a_client_that_drops_the_response_has_gone() {
    let server = serve().await;
    let client = server.client(Transport::ServerSentEvents).await;
    let token = client.token.clone();
    drop(client);
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    assert_eq!(server.post(&token, "x").await.status(), 404);
    assert_eq!(server.hub.connections(), 0);
}
