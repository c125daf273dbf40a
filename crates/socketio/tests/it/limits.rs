//! Section 11: what has a bound.

use std::time::Duration;

use socketio::Options;

use crate::support::{Got, quick, recoverable, serve, serve_with};

#[tokio::test]
async fn s11_a_message_may_be_as_long_as_a_payload_and_no_longer() {
    let served = serve().await;
    let event = |length: usize| format!("42[\"note\",\"{}\"]", "x".repeat(length - 13));
    let mut client = served.connected().await;
    client.send(&event(131_072)).await;
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
    client.send(&event(131_073)).await;
    assert_eq!(client.got().await, Got::Close);
}

#[tokio::test]
async fn s11_a_packet_with_its_attachments_has_a_bound() {
    let served = serve_with(Options { max_packet_bytes: 1_000, ..quick() }).await;
    let mut client = served.connected().await;
    client.send("453-[\"note\"]").await;
    for _ in 0..3 {
        client.send_binary(&[0; 400]).await;
    }
    assert_eq!(client.got().await, Got::Close);
}

#[tokio::test]
async fn s11_connections_have_a_bound() {
    let served = serve_with(Options { max_connections: 3, max_unconnected: 2, ..quick() }).await;
    let open =
        || async { served.http.get(served.url("EIO=4&transport=polling")).send().await.unwrap().status() };
    let first = served.connected().await;
    assert_eq!((open().await, open().await), (200.try_into().unwrap(), 200.try_into().unwrap()));
    assert_eq!(open().await, 503);
    first.cut();
    served.world.heard("disconnected: transport error, 0 rooms").await;
    assert_eq!(open().await, 503, "too many have entered no namespace");
    assert_eq!(served.server.connections(), 2);
}

#[tokio::test]
async fn s11_a_client_that_does_not_read_is_cut_off_and_comes_back() {
    let options = Options { output_hard_bytes: 100_000, ..recoverable() };
    let served = serve_with(options).await;
    let client = served.connected_with(r#"{"room":"r"}"#).await;
    let mut other = served.connected_with(r#"{"room":"r"}"#).await;
    other.next().await;
    let text = "x".repeat(50_000);
    let mut heard = 0;
    while !served.world.notes().iter().any(|note| note.starts_with("disc")) {
        served.io.to("r").emit("told", &(&text,));
        other.next().await;
        heard += 1;
        assert!(heard < 10_000, "it is never cut off");
    }
    served.world.heard("disconnected: overrun, 1 rooms").await;
    assert_eq!(other.call("[\"echo\",1]").await, "[1]");
    drop(client);
}

#[tokio::test]
async fn s11_a_client_that_polls_too_rarely_is_cut_off() {
    let served = serve_with(Options { output_hard_bytes: 10_000, ..quick() }).await;
    let client = served.polling().await;
    client.enter().await;
    served.io.all().emit("told", &("x".repeat(10_001),));
    served.world.heard("disconnected: overrun, 0 rooms").await;
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s11_a_client_whose_events_wait_is_not_read_from() {
    let served = serve_with(Options { input_buffer_bytes: 1_000, ..quick() }).await;
    let polling = served.polling().await;
    polling.enter().await;
    let waits = "42[\"wait\"]".to_owned();
    let notes = (0..20).map(|_| format!("42[\"note\",\"{}\"]", "x".repeat(100)));
    let payload = std::iter::once(waits).chain(notes).collect::<Vec<_>>().join("\u{1e}");
    let mut post = tokio::spawn({
        let (http, url) = (polling.http.clone(), polling.url.clone());
        async move { http.post(url).body(payload).send().await.unwrap().status() }
    });
    served.world.heard("waiting").await;
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut post).await;
    assert!(waited.is_err(), "the POST is answered when all of it is taken");
    served.world.gate.notify_one();
    assert_eq!(post.await.unwrap(), 200);
    served.world.until(|notes| notes.len() == 23).await;
}

#[tokio::test]
async fn s11_questions_have_a_bound() {
    let served = serve_with(Options { max_pending_acks: 1, ..quick() }).await;
    let mut client = served.connected().await;
    client.send("42[\"keep\"]").await;
    client.call("[\"echo\"]").await;
    let kept = served.world.kept.lock().pop().unwrap();
    let first = tokio::spawn({
        let kept = kept.clone();
        async move { kept.emit_with_ack::<(u8,), _>("question", &(), Duration::from_secs(10)).await }
    });
    client.next().await;
    let error = kept.emit_with_ack::<(), _>("question", &(), Duration::from_secs(10)).await.unwrap_err();
    assert!(matches!(error, socketio::AckError::TooMany), "{error}");
    client.send("431[7]").await;
    assert_eq!(first.await.unwrap().unwrap(), (7,));
}

#[tokio::test]
async fn s11_what_arrives_while_an_answer_is_waited_for_has_a_bound() {
    let options = Options { input_buffer_bytes: 1_000, max_packet_bytes: 1_000, ..quick() };
    let served = serve_with(options).await;
    let mut client = served.connected().await;
    client.send("429[\"ask\",\"why\",10000]").await;
    client.next().await;
    for _ in 0..100 {
        let text = format!("42[\"note\",\"{}\"]", "x".repeat(100));
        if futures_util::SinkExt::send(&mut client.socket, text.into()).await.is_err() {
            break;
        }
    }
    served.world.until(|notes| notes.last().is_some_and(|note| note.contains("overrun"))).await;
}
