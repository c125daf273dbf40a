//! Sections 4.3 to 4.5: long polling, POST and DELETE.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::{StreamExt as _, stream};
use signalr::{HubOptions, Transport};

use crate::support::{HANDSHAKE, Server, quick, serve, serve_with, within};

const CLOSE: &str = "{\"type\":7,\"allowReconnect\":true}\u{1e}";

fn poll_later(server: &Server, token: &str) -> tokio::task::JoinHandle<(u16, String)> {
    let request = server.http.get(server.url(&format!("?id={token}")));
    tokio::spawn(async move {
        let answer = within(request.send()).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

#[tokio::test]
async fn s4_3_the_first_poll_only_attaches() {
    let server = serve().await;
    let (_, token) = server.negotiate().await;
    let answer = server.poll(&token).await;
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("content-length", "0"),
        ("content-type", "application/octet-stream"),
        ("cache-control", "no-cache, no-store"),
        ("pragma", "no-cache"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
}

#[tokio::test]
async fn s4_3_what_was_posted_before_the_first_poll_is_kept() {
    let server = serve().await;
    let (_, token) = server.negotiate().await;
    assert_eq!(server.post(&token, r#"{"protocol":"json","#).await.status(), 200);
    assert_eq!(server.post(&token, "\"version\":1}\u{1e}").await.status(), 200);
    assert_eq!(server.poll(&token).await.text().await.unwrap(), "");
    assert_eq!(server.poll(&token).await.text().await.unwrap(), "{}\u{1e}");
}

#[tokio::test]
async fn s4_3_a_poll_gets_all_that_is_ready() {
    let server = serve().await;
    let client = server.client(Transport::LongPolling).await;
    server.hub.client(&client.id).send("One", &(1,));
    server.hub.client(&client.id).send("Two", &(2,));
    let answer = server.poll(&client.token).await;
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(answer.headers()["cache-control"], "no-cache, no-store");
    assert_eq!(
        answer.text().await.unwrap(),
        "{\"type\":1,\"target\":\"One\",\"arguments\":[1]}\u{1e}{\"type\":1,\"target\":\"Two\",\"arguments\":[2]}\u{1e}"
    );
}

#[tokio::test]
async fn s4_3_a_poll_waits_and_is_answered_empty_at_last() {
    let poll_timeout = Duration::from_millis(50);
    let server = serve_with(HubOptions { poll_timeout, ..quick() }).await;
    let client = server.client(Transport::LongPolling).await;
    let answer = server.poll(&client.token).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, String::new()));
    server.hub.client(&client.id).send("Event", &());
    assert!(server.poll(&client.token).await.text().await.unwrap().contains("Event"));
}

#[tokio::test]
async fn s4_3_a_new_poll_takes_over() {
    let server = serve().await;
    let client = server.client(Transport::LongPolling).await;
    let mut older = poll_later(&server, &client.token);
    // Whichever arrives second makes the other one give way.
    let mut newer = poll_later(&server, &client.token);
    let waiting = tokio::select! {
        answer = &mut older => { assert_eq!(answer.unwrap(), (204, String::new())); newer }
        answer = &mut newer => { assert_eq!(answer.unwrap(), (204, String::new())); older }
    };
    server.hub.client(&client.id).send("Event", &());
    let event = "{\"type\":1,\"target\":\"Event\",\"arguments\":[]}\u{1e}".to_owned();
    assert_eq!(waiting.await.unwrap(), (200, event));
}

#[tokio::test]
async fn s4_3_the_last_poll_is_told_that_all_is_over() {
    let server = serve().await;
    let mut client = server.client(Transport::LongPolling).await;
    client.send(r#"{"type":7}"#).await;
    assert_eq!(client.next().await, r#"{"type":7}"#);
    let answer = server.poll(&client.token).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["pragma"], "no-cache");
    assert_eq!(server.poll(&client.token).await.status(), 404);
}

#[tokio::test]
async fn s4_3_without_polls_the_connection_ends() {
    let poll_idle_timeout = Duration::from_millis(200);
    let server = serve_with(HubOptions { poll_idle_timeout, ..quick() }).await;
    let client = server.client(Transport::LongPolling).await;
    let poll = poll_later(&server, &client.token);
    tokio::time::sleep(2 * poll_idle_timeout).await;
    assert_eq!(server.hub.connections(), 1, "a poll that waits is a sign of life");
    server.hub.client(&client.id).send("Event", &());
    assert_eq!(poll.await.unwrap().0, 200);
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    server.world.until(|_| server.hub.connections() == 0).await;
    let gone = async { while server.poll(&client.token).await.status() != 404 {} };
    within(gone).await;
}

#[tokio::test]
async fn s4_3_no_pings_on_long_polling_and_no_client_timeout() {
    let short = Duration::from_millis(20);
    let server = serve_with(HubOptions {
        keep_alive: short,
        client_timeout: short,
        poll_timeout: 10 * short,
        ..quick()
    })
    .await;
    let mut client = server.client(Transport::LongPolling).await;
    client.send(r#"{"type":6}"#).await;
    let answer = server.poll(&client.token).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, String::new()));
    assert_eq!(client.call("Echo", r#"["x"]"#).await, r#""result":"x""#);
}

#[tokio::test]
async fn s4_4_a_post_is_answered_empty_and_may_hold_any_part() {
    let server = serve().await;
    let mut client = server.client(Transport::LongPolling).await;
    let call = "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"ü\"]}\u{1e}";
    let bytes = call.repeat(2).into_bytes();
    for piece in bytes.chunks(41) {
        let answer = server.post(&client.token, piece.to_vec()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain");
        assert_eq!(answer.text().await.unwrap(), "");
    }
    for _ in 0..2 {
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"1","result":"ü"}"#);
    }
}

#[tokio::test]
async fn s4_4_while_the_hub_is_busy_posts_wait() {
    let server = serve_with(HubOptions { input_buffer_bytes: 1024, ..quick() }).await;
    for transport in [Transport::LongPolling, Transport::ServerSentEvents] {
        server.world.calls.lock().clear();
        let mut client = server.client(transport).await;
        client.send(r#"{"type":1,"target":"Wait","arguments":[]}"#).await;
        server.world.until(|world| *world.calls.lock() == ["waiting"]).await;
        let notes = "{\"type\":1,\"target\":\"Note\",\"arguments\":[\"n\"]}\u{1e}".repeat(100);
        let request = server.http.post(server.url(&format!("?id={}", client.token))).body(notes);
        let mut posted = tokio::spawn(async move { request.send().await.unwrap().status() });
        // It cannot end before the gate opens, however long one looks.
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut posted).await.is_err());
        server.world.gate.notify_one();
        assert_eq!(within(posted).await.unwrap(), 200);
        server.world.until(|world| world.calls.lock().len() == 102).await;
    }
}

#[tokio::test]
async fn s4_4_posts_are_taken_one_after_another() {
    let server = serve().await;
    let client = server.client(Transport::LongPolling).await;
    let (first_half, second_half) = ("{\"type\":1,\"target\":\"Note\",\"argu", "ments\":[\"whole\"]}\u{1e}");
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let body = stream::iter([Ok::<_, std::io::Error>(first_half)]).chain(stream::once(async move {
        let _ = gone.await;
        Ok(second_half)
    }));
    let slow = server.http.post(server.url(&format!("?id={}", client.token)));
    let slow = tokio::spawn(slow.body(reqwest::Body::wrap_stream(body)).send());
    let early =
        server.post(&client.token, "{\"type\":1,\"target\":\"Note\",\"arguments\":[\"other\"]}\u{1e}");
    tokio::pin!(early);
    // Whichever comes first, no message is torn apart by the other.
    let _ = tokio::time::timeout(Duration::from_millis(50), &mut early).await;
    go.send(()).unwrap();
    assert_eq!(within(slow).await.unwrap().unwrap().status(), 200);
    server.world.until(|world| world.calls.lock().len() == 2).await;
}

#[tokio::test]
async fn s4_5_delete_ends_the_connection() {
    let server = serve().await;
    let client = server.client(Transport::LongPolling).await;
    let poll = poll_later(&server, &client.token);
    let answer = server.delete(&client.token).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.text().await.unwrap(), "");
    // The poll may have come too late to be told.
    let polled = poll.await.unwrap();
    assert!(polled == (200, CLOSE.into()) || polled.0 == 404, "{polled:?}");
    assert_eq!(server.poll(&client.token).await.status(), 404);
    assert_eq!(server.post(&client.token, "x").await.status(), 404);
    assert_eq!(server.delete(&client.token).await.status(), 404);
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}

#[tokio::test]
async fn s4_5_delete_ends_it_before_the_handshake_too() {
    let server = serve().await;
    let client = server.attach(Transport::LongPolling).await;
    assert_eq!(server.delete(&client.token).await.status(), 202);
    assert_eq!(server.post(&client.token, format!("{HANDSHAKE}\u{1e}")).await.status(), 404);
}
