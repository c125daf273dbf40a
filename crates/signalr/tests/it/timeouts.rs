//! Section 12: keep-alive and timeouts.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use signalr::{HubOptions, Transport};

use crate::support::{Closed, quick, serve_with};

const SHORT: Duration = Duration::from_millis(50);
const PING: &str = r#"{"type":6}"#;
const FAILED: &str = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;

#[tokio::test]
async fn s12_the_server_pings() {
    let server = serve_with(HubOptions { keep_alive: SHORT, ..quick() }).await;
    for transport in [Transport::WebSockets, Transport::ServerSentEvents] {
        let mut client = server.client(transport).await;
        assert_eq!(client.next().await, PING);
        assert_eq!(client.next().await, PING);
    }
}

#[tokio::test]
async fn s12_pings_are_not_answered() {
    let server = serve_with(quick()).await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(PING).await;
        assert_eq!(client.call("Echo", r#"["x"]"#).await, r#""result":"x""#);
    }
}

#[tokio::test]
async fn s12_a_client_that_has_pinged_and_falls_silent_is_closed() {
    let server = serve_with(HubOptions { client_timeout: SHORT, ..quick() }).await;
    for transport in [Transport::WebSockets, Transport::ServerSentEvents] {
        let mut client = server.client(transport).await;
        client.send(PING).await;
        assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 2).await;
}

#[tokio::test]
async fn s12_a_client_that_never_pings_may_be_silent() {
    let server = serve_with(HubOptions { client_timeout: SHORT, keep_alive: SHORT, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    for _ in 0..5 {
        assert_eq!(client.next().await, PING, "still connected after several timeouts");
    }
}

#[tokio::test]
async fn s12_silence_during_a_call_does_not_count() {
    let server = serve_with(HubOptions { client_timeout: 2 * SHORT, keep_alive: SHORT, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send_raw(&format!("{PING}\u{1e}{}\u{1e}", r#"{"type":1,"target":"Wait","arguments":[]}"#)).await;
    for _ in 0..6 {
        assert_eq!(client.next().await, PING, "still connected after several timeouts");
    }
    server.world.gate.notify_one();
    let (messages, end) = client.rest().await;
    assert_eq!(messages.last().map(String::as_str), Some(FAILED), "afterwards it counts again");
    assert_eq!(end, Closed::Normally);
}

#[tokio::test]
async fn s12_a_transport_that_takes_nothing_is_given_up() {
    let server = serve_with(HubOptions {
        send_timeout: SHORT,
        close_timeout: SHORT,
        output_hard_bytes: usize::MAX,
        ..quick()
    })
    .await;
    let client = server.client(Transport::WebSockets).await;
    // Far more than the sockets of both sides hold; the client reads none of it.
    let chunk = "x".repeat(1024 * 1024);
    for _ in 0..64 {
        server.hub.client(&client.id).send("Big", &(&chunk,));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}
