//! Section 15: connections that outlive their WebSocket.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use signalr::HubOptions;
use tokio_tungstenite::connect_async;

use crate::support::{Client, Closed, Server, quick, serve, serve_with, within};

fn stateful() -> HubOptions {
    HubOptions { stateful_reconnect: true, ..quick() }
}

const HANDSHAKE: &str = r#"{"protocol":"json","version":2}"#;

/// A client that may resume, and whose handshake is done.
async fn resumable(server: &Server) -> Client {
    let (id, token) = negotiate(server, "true").await;
    let mut client = attach(server, id, token).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    client
}

async fn negotiate(server: &Server, stateful: &str) -> (String, String) {
    let url = server.url(&format!("/negotiate?negotiateVersion=1&useStatefulReconnect={stateful}"));
    let answer: serde_json::Value = server.http.post(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer.get("useStatefulReconnect").is_some(), stateful == "true");
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("connectionId"), text("connectionToken"))
}

async fn attach(server: &Server, id: String, token: String) -> Client {
    let mut client = server.direct_at(&format!("?id={token}")).await;
    (client.id, client.token) = (id, token);
    client
}

/// The next message that is no acknowledgement.
async fn next(client: &mut Client) -> String {
    loop {
        let message = client.next().await;
        if !message.starts_with(r#"{"type":8"#) {
            return message;
        }
    }
}

/// Cuts the connection without a word and comes back.
async fn come_back(server: &Server, client: Client, sequence: i64) -> Client {
    let (id, token) = (client.id.clone(), client.token.clone());
    drop(client);
    let mut client = attach(server, id, token).await;
    client.send(&format!(r#"{{"type":9,"sequenceId":{sequence}}}"#)).await;
    client
}

const ECHO: &str = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#;
const ECHOED: &str = r#"{"type":3,"invocationId":"1","result":"x"}"#;

#[tokio::test]
async fn s15_it_is_agreed_on_at_negotiate_and_by_the_handshake() {
    let server = serve_with(stateful()).await;
    negotiate(&server, "false").await;
    let (id, token) = negotiate(&server, "true").await;
    let mut client = attach(&server, id, token.clone()).await;
    client.send(crate::support::HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    let second = connect_async(server.ws_url(&format!("?id={token}"))).await;
    assert!(second.unwrap_err().to_string().contains("409"), "version 1 switches it off");

    let plain = serve().await;
    let url = plain.url("/negotiate?negotiateVersion=1&useStatefulReconnect=true");
    let answer = plain.http.post(url).send().await.unwrap().text().await.unwrap();
    assert!(!answer.contains("useStatefulReconnect"), "{answer}");
}

#[tokio::test]
async fn s15_what_is_not_acknowledged_comes_again_after_a_sequence() {
    let server = serve_with(stateful()).await;
    let mut client = resumable(&server).await;
    for _ in 0..3 {
        client.send(ECHO).await;
        assert_eq!(next(&mut client).await, ECHOED);
    }
    client.send(r#"{"type":8,"sequenceId":1}"#).await;
    client.send(ECHO).await;
    assert_eq!(next(&mut client).await, ECHOED);
    let mut client = come_back(&server, client, 5).await;
    assert_eq!(client.next().await, r#"{"type":9,"sequenceId":2}"#);
    for _ in 2..=4 {
        assert_eq!(next(&mut client).await, ECHOED);
    }
    client.send(ECHO).await;
    assert_eq!(next(&mut client).await, ECHOED);
    assert_eq!(server.world.connected.load(SeqCst), 1);
    assert_eq!(server.world.disconnected.load(SeqCst), 0);
}

#[tokio::test]
async fn s15_duplicates_are_dropped_and_gaps_end_the_connection() {
    let server = serve_with(stateful()).await;
    let mut client = resumable(&server).await;
    let note = |text: &str| format!(r#"{{"type":1,"target":"Note","arguments":["{text}"]}}"#);
    client.send(&note("one")).await;
    client.send(&note("two")).await;
    server.world.until(|world| world.calls.lock().len() == 2).await;
    let mut client = come_back(&server, client, 1).await;
    for text in ["one", "two", "three"] {
        client.send(&note(text)).await;
    }
    server.world.until(|world| world.calls.lock().len() == 3).await;
    assert_eq!(*server.world.calls.lock(), ["one", "two", "three"]);

    let mut client = come_back(&server, client, 5).await;
    let (messages, end) = client.rest().await;
    assert_eq!(end, Closed::Normally);
    let failed = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;
    assert_eq!(messages.last().map(String::as_str), Some(failed));
}

#[tokio::test]
async fn s17_messages_before_the_sequence_are_ignored() {
    let server = serve_with(stateful()).await;
    let client = resumable(&server).await;
    let (id, token) = (client.id.clone(), client.token.clone());
    drop(client);
    let mut client = attach(&server, id, token).await;
    client.send(r#"{"type":1,"target":"Note","arguments":["early"]}"#).await;
    client.send(r#"{"type":9,"sequenceId":1}"#).await;
    client.send(r#"{"type":1,"target":"Note","arguments":["counted"]}"#).await;
    server.world.until(|world| !world.calls.lock().is_empty()).await;
    assert_eq!(*server.world.calls.lock(), ["counted"]);
}

#[tokio::test]
async fn s15_received_messages_are_acknowledged() {
    let server = serve_with(stateful()).await;
    let mut client = resumable(&server).await;
    for _ in 0..3 {
        client.send(r#"{"type":1,"target":"Void","arguments":[]}"#).await;
    }
    let mut last = client.next().await;
    while last != r#"{"type":8,"sequenceId":3}"# {
        assert!(last.starts_with(r#"{"type":8"#), "{last}");
        last = client.next().await;
    }
}

#[tokio::test]
async fn s15_groups_and_pushes_live_on() {
    let server = serve_with(stateful()).await;
    let mut client = resumable(&server).await;
    client.send(r#"{"type":1,"invocationId":"j","target":"Join","arguments":["g"]}"#).await;
    assert_eq!(next(&mut client).await, r#"{"type":3,"invocationId":"j","result":null}"#);
    let (id, token) = (client.id.clone(), client.token.clone());
    drop(client);
    for number in 0..3 {
        assert_eq!(server.hub.group("g").send("News", &(number,)), 1);
    }
    let mut client = attach(&server, id, token).await;
    client.send(r#"{"type":9,"sequenceId":2}"#).await;
    assert_eq!(client.next().await, r#"{"type":9,"sequenceId":1}"#);
    assert_eq!(next(&mut client).await, r#"{"type":3,"invocationId":"j","result":null}"#);
    for number in 0..3 {
        let news = format!(r#"{{"type":1,"target":"News","arguments":[{number}]}}"#);
        assert_eq!(next(&mut client).await, news);
    }
}

#[tokio::test]
async fn s17_a_new_web_socket_takes_over_from_one_that_looks_alive() {
    let server = serve_with(stateful()).await;
    let mut old = resumable(&server).await;
    let mut new = attach(&server, old.id.clone(), old.token.clone()).await;
    new.send(r#"{"type":9,"sequenceId":1}"#).await;
    assert_eq!(new.next().await, r#"{"type":9,"sequenceId":1}"#);
    new.send(ECHO).await;
    assert_eq!(next(&mut new).await, ECHOED);
    assert_eq!(old.rest().await.1, Closed::Abruptly);
}

#[tokio::test]
async fn s15_who_does_not_come_back_is_gone() {
    let server = serve_with(HubOptions { reconnect_timeout: Duration::from_millis(50), ..stateful() }).await;
    let client = resumable(&server).await;
    let token = client.token.clone();
    drop(client);
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    let late = connect_async(server.ws_url(&format!("?id={token}"))).await;
    assert!(late.unwrap_err().to_string().contains("404"));
}

#[tokio::test]
async fn s15_a_close_ends_it_for_good() {
    let server = serve_with(stateful()).await;
    for (last, close) in [
        (r#"{"type":7}"#, r#"{"type":7}"#),
        (r#"{"type":1,"target":"Abort","arguments":[]}"#, r#"{"type":7}"#),
        ("{}", r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#),
    ] {
        let mut client = resumable(&server).await;
        client.send(last).await;
        let (messages, end) = client.rest().await;
        assert_eq!((messages.last().map(String::as_str), end), (Some(close), Closed::Normally));
        let gone = within(async {
            loop {
                match connect_async(server.ws_url(&format!("?id={}", client.token))).await {
                    Err(error) => return error.to_string(),
                    Ok(_) => tokio::task::yield_now().await,
                }
            }
        });
        assert!(gone.await.contains("404"));
    }
}

#[tokio::test]
async fn s15_calls_wait_for_acknowledgements_that_stand_behind_them() {
    let server = serve_with(HubOptions { reconnect_buffer_bytes: 1000, ..stateful() }).await;
    let mut client = resumable(&server).await;
    let text = "x".repeat(400);
    let call = format!(r#"{{"type":1,"invocationId":"1","target":"Echo","arguments":["{text}"]}}"#);
    let stream = r#"{"type":4,"invocationId":"2","target":"Count","arguments":[3]}"#;
    client.send_raw(&format!("{call}\u{1e}{call}\u{1e}{call}\u{1e}{call}\u{1e}{stream}\u{1e}")).await;
    let echoed = format!(r#"{{"type":3,"invocationId":"1","result":"{text}"}}"#);
    for _ in 0..3 {
        assert_eq!(next(&mut client).await, echoed);
    }
    // What is put off has not been received, as far as the client is told.
    assert_eq!(client.next().await, r#"{"type":8,"sequenceId":3}"#);
    client.send(r#"{"type":8,"sequenceId":2}"#).await;
    assert_eq!(next(&mut client).await, echoed);
    client.send(r#"{"type":8,"sequenceId":4}"#).await;
    for item in 0..3 {
        assert_eq!(next(&mut client).await, format!(r#"{{"type":2,"invocationId":"2","item":{item}}}"#));
    }
    assert_eq!(next(&mut client).await, r#"{"type":3,"invocationId":"2"}"#);
}

#[tokio::test]
async fn s15_what_is_put_off_has_a_bound() {
    let server = serve_with(HubOptions { reconnect_buffer_bytes: 1000, ..stateful() }).await;
    let mut client = resumable(&server).await;
    client.send_raw(&format!("{ECHO}\u{1e}").repeat(1000)).await;
    let (messages, end) = client.rest().await;
    let failed = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;
    assert_eq!((messages.last().map(String::as_str), end), (Some(failed), Closed::Normally));
}

#[tokio::test]
async fn s15_what_is_kept_has_a_bound() {
    let server = serve_with(HubOptions { output_hard_bytes: 10_000, ..stateful() }).await;
    let client = resumable(&server).await;
    let id = client.id.clone();
    drop(client);
    for _ in 0..200 {
        server.hub.client(&id).send("News", &("0123456789".repeat(10),));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}

#[tokio::test]
async fn s15_other_transports_do_not_resume() {
    let server = serve_with(stateful()).await;
    let (_, token) = negotiate(&server, "true").await;
    assert_eq!(server.poll(&token).await.status(), 200);
    server.post(&token, format!("{HANDSHAKE}\u{1e}")).await;
    assert_eq!(server.poll(&token).await.text().await.unwrap(), "{}\u{1e}");
    server.post(&token, format!("{ECHO}\u{1e}")).await;
    assert_eq!(server.poll(&token).await.text().await.unwrap(), format!("{ECHOED}\u{1e}"));
}
