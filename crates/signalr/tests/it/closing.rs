//! Section 14: fatal errors and closing; and the graceful shutdown of section 17.

use std::sync::atomic::Ordering::SeqCst;

use signalr::{HubError, HubOptions, Transport};

use crate::support::{Closed, HANDSHAKE, quick, serve, serve_hub, serve_with};

const FAILED: &str = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;

#[tokio::test]
async fn s14_bytes_that_are_not_a_message_are_fatal() {
    let server = serve().await;
    for message in [
        "",
        "nonsense",
        "[]",
        "{}",
        "5",
        r#"{"type":"1"}"#,
        r#"{"type":1.5}"#,
        r#"{"type":null}"#,
        r#"{"type":1,"arguments":[]}"#,
        r#"{"type":1,"target":"Echo"}"#,
        r#"{"type":1,"target":7,"arguments":[]}"#,
        r#"{"type":1,"target":null,"arguments":[]}"#,
        r#"{"type":1,"target":"Echo","arguments":{}}"#,
        r#"{"type":1,"target":"Echo","arguments":null}"#,
        r#"{"type":1,"invocationId":1,"target":"Echo","arguments":[]}"#,
        r#"{"type":1,"target":"Echo","arguments":[],"streamIds":"a"}"#,
        r#"{"type":1,"target":"Echo","arguments":[],"streamIds":[1]}"#,
        r#"{"type":1,"target":"Echo","arguments":[],"headers":{"a":1}}"#,
        r#"{"type":1,"target":"Echo","arguments":[],"headers":[]}"#,
        r#"{"type":1,"target":"Echo","arguments":["x""#,
        r#"{"type":2,"item":1}"#,
        r#"{"type":2,"invocationId":"1"}"#,
        r#"{"type":3}"#,
        r#"{"type":3,"invocationId":"1","result":1,"error":"x"}"#,
        r#"{"type":3,"invocationId":"1","error":1}"#,
        r#"{"type":4,"target":"Echo","arguments":[]}"#,
        r#"{"type":5}"#,
        r#"{"type":7,"allowReconnect":"yes"}"#,
        r#"{"type":8}"#,
        r#"{"type":9,"sequenceId":"1"}"#,
    ] {
        let mut client = server.client(Transport::WebSockets).await;
        client.send(message).await;
        assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally), "{message}");
    }
}

#[tokio::test]
async fn s14_a_fatal_error_looks_the_same_on_every_transport() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(r#"{"type":1}"#).await;
        assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 3).await;
}

#[tokio::test]
async fn s14_detailed_errors_go_on() {
    let server = serve_with(HubOptions { detailed_errors: true, ..quick() }).await;
    for (message, detail) in [
        (r#"{"type":1,"arguments":[]}"#, "Missing required property 'target'."),
        (r#"{"type":1,"target":"a","arguments":1}"#, "Expected 'arguments' to be of type Array."),
        ("nonsense", "Error reading JSON."),
        (
            &*"x".repeat(32_768),
            "The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.",
        ),
    ] {
        let mut client = server.client(Transport::WebSockets).await;
        client.send(message).await;
        let close = format!(
            r#"{{"type":7,"error":"Connection closed with an error. InvalidDataException: {detail}","allowReconnect":true}}"#
        );
        assert_eq!(client.rest().await, (vec![close], Closed::Normally));
    }
}

#[tokio::test]
async fn s14_what_was_called_before_a_fatal_error_is_answered() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let call = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#;
    client.send_raw(&format!("{call}\u{1e}nonsense\u{1e}{call}\u{1e}")).await;
    let answer = r#"{"type":3,"invocationId":"1","result":"x"}"#;
    assert_eq!(client.rest().await.0, [answer, FAILED]);
}

#[tokio::test]
async fn s14_an_abort_is_a_plain_close_after_what_was_sent() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(r#"{"type":1,"invocationId":"1","target":"Abort","arguments":[]}"#).await;
        let last = r#"{"type":1,"target":"Last","arguments":[]}"#;
        assert_eq!(client.rest().await, (vec![last.into(), r#"{"type":7}"#.into()], Closed::Normally));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 3).await;
}

#[tokio::test]
async fn s14_a_clients_close_is_answered_by_a_plain_one() {
    let server = serve().await;
    for transport in Transport::ALL {
        for close in [r#"{"type":7}"#, r#"{"type":7,"error":"tired","allowReconnect":true}"#] {
            let mut client = server.client(transport).await;
            client.send(close).await;
            assert_eq!(client.rest().await, (vec![r#"{"type":7}"#.into()], Closed::Normally));
        }
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 6).await;
    assert_eq!(server.world.connected.load(SeqCst), 6);
}

#[tokio::test]
async fn s14_on_connected_that_fails_ends_the_connection_after_a_good_handshake() {
    for (error, detailed_errors, text) in [
        (Err(HubError::new("no entry")), false, "Connection closed with an error. HubException: no entry"),
        (Err(HubError::internal("no entry")), false, "Connection closed with an error."),
        (
            Err(HubError::internal(std::io::Error::other("x"))),
            true,
            "Connection closed with an error. Error: x",
        ),
    ] {
        let error = std::sync::Arc::new(parking_lot::Mutex::new(Some(error)));
        let server = serve_hub(|hub| {
            hub.options(HubOptions { detailed_errors, ..quick() }).on_connected(move |_| {
                let result = error.lock().take().unwrap_or(Ok(()));
                async move { result }
            })
        })
        .await;
        let mut client = server.attach(Transport::WebSockets).await;
        client.send(HANDSHAKE).await;
        let close = format!(r#"{{"type":7,"error":"{text}"}}"#);
        assert_eq!(client.rest().await, (vec!["{}".into(), close], Closed::Normally));
        server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    }
}

#[tokio::test]
async fn s3_on_disconnected_runs_once_and_finds_the_groups_left() {
    let server = serve_hub(|hub| {
        hub.on_disconnected(async |caller| {
            let world = caller.state();
            world.calls.lock().push(format!("empty: {}", caller.hub().group("room").is_empty()));
            caller.join("room");
            caller.send("TooLate", &());
            world.disconnected.fetch_add(1, SeqCst);
        })
    })
    .await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.call("Join", r#"["room"]"#).await;
        client.send(r#"{"type":7}"#).await;
        assert_eq!(client.rest().await.0, [r#"{"type":7}"#]);
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 3).await;
    assert_eq!(*server.world.calls.lock(), ["empty: true"; 3]);
    assert!(server.hub.group("room").is_empty(), "nobody joins after the end");
}

#[tokio::test]
async fn close_all_sends_everybody_away_to_come_back() {
    let server = serve().await;
    let mut clients = Vec::new();
    for transport in Transport::ALL {
        clients.push(server.client(transport).await);
    }
    server.hub.close_all();
    for client in &mut clients {
        let close = r#"{"type":7,"allowReconnect":true}"#;
        assert_eq!(client.rest().await, (vec![close.into()], Closed::Normally));
    }
    let mut again = server.client(Transport::WebSockets).await;
    assert_eq!(again.call("Echo", r#"["x"]"#).await, r#""result":"x""#);
}

#[tokio::test]
async fn s17_a_shutdown_says_goodbye_and_waits_for_on_disconnected() {
    let server = serve().await;
    let mut clients = Vec::new();
    for transport in Transport::ALL {
        clients.push(server.client(transport).await);
    }
    let (_, waiting) = server.negotiate().await;
    server.hub.shutdown().await;
    assert_eq!(server.world.disconnected.load(SeqCst), 3);
    assert_eq!(server.hub.connections(), 0);
    for client in &mut clients {
        let close = r#"{"type":7,"allowReconnect":true}"#;
        assert_eq!(client.rest().await, (vec![close.into()], Closed::Normally));
    }
    let negotiate = server.http.post(server.url("/negotiate")).send().await.unwrap();
    assert_eq!(negotiate.status(), 503);
    assert_eq!(server.poll(&waiting).await.status(), 503);
    assert_eq!(server.events(&waiting).await.status(), 503);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_forever() {
    let shutdown_timeout = std::time::Duration::from_millis(50);
    let server = serve_with(HubOptions { shutdown_timeout, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"target":"Wait","arguments":[]}"#).await;
    server.world.until(|world| *world.calls.lock() == ["waiting"]).await;
    crate::support::within(server.hub.shutdown()).await;
    assert_eq!(server.world.disconnected.load(SeqCst), 0);
    server.world.gate.notify_one();
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}
