//! Section 7: the handshake.

use std::time::Duration;

use signalr::{HubOptions, Transport};

use crate::support::{Closed, HANDSHAKE, quick, serve, serve_with};

async fn refused(options: HubOptions, handshake: &str, text: &str) {
    let server = serve_with(options).await;
    for transport in Transport::ALL {
        let mut client = server.attach(transport).await;
        client.send(handshake).await;
        let expected = format!(r#"{{"error":{}}}"#, serde_json::to_string(text).unwrap());
        assert_eq!(client.rest().await, (vec![expected], Closed::Normally), "over {transport}");
    }
    assert_eq!(server.hub.connections(), 0);
    assert_eq!(server.world.connected.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn s7_versions_up_to_2_are_accepted_and_names_have_no_case() {
    let server = serve().await;
    for handshake in [
        r#"{"protocol":"json","version":0}"#,
        HANDSHAKE,
        r#"{"version":2,"more":{"unknown":[1]},"protocol":"JSON"}"#,
        " { \"protocol\" : \"json\" , \"version\" : 1 } ",
    ] {
        let mut client = server.attach(Transport::WebSockets).await;
        client.send(handshake).await;
        assert_eq!(client.next().await, "{}");
    }
}

#[tokio::test]
async fn s7_an_unknown_protocol_is_named_as_the_client_named_it() {
    refused(quick(), r#"{"protocol":"bson","version":1}"#, "The protocol 'bson' is not supported.").await;
}

#[tokio::test]
async fn s7_a_binary_protocol_does_not_fit_an_event_stream() {
    let server = serve().await;
    let mut client = server.attach(Transport::ServerSentEvents).await;
    client.send(r#"{"protocol":"MessagePack","version":1}"#).await;
    let refusal = r#"{"error":"Cannot use the 'MessagePack' protocol on the current transport. The transport does not support 'Binary' transfer format."}"#;
    assert_eq!(client.rest().await, (vec![refusal.into()], Closed::Normally));
}

#[tokio::test]
async fn s7_a_version_above_2_is_not_supported() {
    refused(
        quick(),
        r#"{"protocol":"json","version":3}"#,
        "The server does not support version 3 of the 'json' protocol.",
    )
    .await;
}

#[tokio::test]
async fn s7_anything_else_is_an_unexpected_error() {
    let text = "An unexpected error occurred during connection handshake.";
    for handshake in ["{}", r#"{"version":1}"#, r#"{"protocol":"json"}"#, "[]", "nonsense", ""] {
        refused(quick(), handshake, text).await;
    }
}

#[tokio::test]
async fn s7_detailed_errors_go_on() {
    let detailed = || HubOptions { detailed_errors: true, ..quick() };
    let text = "An unexpected error occurred during connection handshake. InvalidDataException:";
    refused(
        detailed(),
        r#"{"version":1}"#,
        &format!(r#"{text} Missing required property 'protocol'. Message content: {{"version":1}}"#),
    )
    .await;
    refused(
        detailed(),
        r#"{"protocol":"json","version":"1"}"#,
        &format!("{text} Expected 'version' to be of type Number."),
    )
    .await;
    refused(
        detailed(),
        r#"{"protocol":null,"version":1}"#,
        &format!("{text} Expected 'protocol' to be of type String."),
    )
    .await;
}

#[tokio::test]
async fn s7_a_handshake_that_does_not_come_is_canceled() {
    // Long enough for what is sent before it, on a busy machine, too.
    let handshake_timeout = Duration::from_millis(500);
    let server = serve_with(HubOptions { handshake_timeout, ..quick() }).await;
    for transport in Transport::ALL {
        let mut client = server.attach(transport).await;
        client.send_raw(r#"{"protocol":"js"#).await;
        let canceled = r#"{"error":"Handshake was canceled."}"#.to_owned();
        assert_eq!(client.rest().await, (vec![canceled], Closed::Normally));
    }
}

#[tokio::test]
async fn s7_a_handshake_beyond_the_message_limit_is_canceled() {
    let server = serve().await;
    let mut client = server.attach(Transport::WebSockets).await;
    client.send_raw(&" ".repeat(32_769)).await;
    let canceled = r#"{"error":"Handshake was canceled."}"#.to_owned();
    assert_eq!(client.rest().await, (vec![canceled], Closed::Normally));
}

#[tokio::test]
async fn s7_what_follows_in_the_same_bytes_is_processed() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.attach(transport).await;
        let call = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#;
        client.send_raw(&format!("{HANDSHAKE}\u{1e}{call}\u{1e}{call}\u{1e}")).await;
        assert_eq!(client.next().await, "{}");
        for _ in 0..2 {
            assert_eq!(client.next().await, r#"{"type":3,"invocationId":"1","result":"x"}"#);
        }
    }
}

#[tokio::test]
async fn s7_nothing_comes_before_the_answer() {
    let keep_alive = Duration::from_millis(10);
    let server = serve_with(HubOptions { keep_alive, ..quick() }).await;
    let mut client = server.attach(Transport::WebSockets).await;
    let mut other = server.client(Transport::WebSockets).await;
    server.hub.all().send("Event", &());
    server.hub.client(&client.id).send("Event", &());
    while other.next().await != r#"{"type":1,"target":"Event","arguments":[]}"# {}
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
}

#[tokio::test]
async fn s7_the_answer_does_not_wait_for_on_connected() {
    let server = crate::support::serve_hub(|hub| {
        hub.on_connected(async |caller| {
            caller.state().gate.notified().await;
            Ok(())
        })
    })
    .await;
    let mut client = server.attach(Transport::WebSockets).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    server.world.gate.notify_one();
    assert_eq!(client.call("Echo", r#"["x"]"#).await, r#""result":"x""#);
}
