//! Section 13: limits.

use std::sync::atomic::Ordering::SeqCst;

use signalr::{HubOptions, Transport};

use crate::support::{Closed, quick, serve, serve_with};

const FAILED: &str = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;

/// A call of exactly `size` bytes, its end mark included.
fn call_of(size: usize) -> String {
    let frame = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":[""]}"#;
    let text = "x".repeat(size - frame.len() - 1);
    frame.replace(r#"[""]"#, &format!(r#"["{text}"]"#))
}

#[tokio::test]
async fn s13_a_message_may_have_32768_bytes_and_not_one_more() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(&call_of(32_768)).await;
        assert!(client.next().await.starts_with(r#"{"type":3,"invocationId":"1","result":"xxx"#));
        client.send(&call_of(32_769)).await;
        assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
    }
}

#[tokio::test]
async fn s13_the_limit_holds_without_an_end_mark() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    for _ in 0..4 {
        client.send_raw(&" ".repeat(8192)).await;
    }
    client.send_raw(" ").await;
    assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
}

#[tokio::test]
async fn s13_many_messages_together_may_be_longer() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send_raw(&format!("{}\u{1e}", call_of(30_000)).repeat(4)).await;
        for _ in 0..4 {
            let answer = client.next().await;
            let start = answer.get(..60).unwrap_or(&answer);
            assert!(
                start.starts_with(r#"{"type":3,"invocationId":"1","result":"xxx"#),
                "{transport}: {start}"
            );
        }
    }
}

#[tokio::test]
async fn s13_json_nests_64_deep() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The message is one level, its arguments another.
    let misfit = r#""error":"Failed to invoke 'Echo' due to an error on the server.""#;
    assert_eq!(client.call("Echo", &format!("[{}]", nested(62))).await, misfit);
    let brackets = "[".repeat(100);
    let echoed = format!(r#""result":"{brackets}""#);
    assert_eq!(client.call("Echo", &format!(r#"["{brackets}"]"#)).await, echoed, "text does not nest");
    client.send(&format!(r#"{{"type":1,"target":"Echo","arguments":[{}]}}"#, nested(63))).await;
    assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
}

#[tokio::test]
async fn s13_a_frame_beyond_its_limit_ends_the_connection() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send_raw(&" ".repeat(200_000)).await;
    let (_, end) = client.rest().await;
    assert_ne!(end, Closed::Normally);
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
}

#[tokio::test]
async fn s13_a_client_that_does_not_read_is_not_read_from() {
    let options = HubOptions { output_soft_bytes: 1000, input_buffer_bytes: 1000, ..quick() };
    let server = serve_with(options).await;
    // A poll has to fetch what the calls answer; without one the calls stop.
    let mut client = server.client(Transport::LongPolling).await;
    let call = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["0123456789"]}"#;
    let calls = format!("{call}\u{1e}").repeat(1000);
    let posted = tokio::spawn({
        let request = server.http.post(server.url(&format!("?id={}", client.token))).body(calls);
        async move { request.send().await.unwrap().status() }
    });
    let mut largest = 0;
    let mut answers = 0;
    while answers < 1000 {
        let text = server.poll(&client.token).await.text().await.unwrap();
        largest = largest.max(text.len());
        answers += text.matches('\u{1e}').count();
    }
    assert_eq!(answers, 1000);
    assert!(largest < 1200, "{largest} bytes waited");
    assert_eq!(posted.await.unwrap(), 200);
    assert_eq!(client.call("Void", "[]").await, r#""result":null"#);
}

#[tokio::test]
async fn s13_a_client_that_lets_pushes_pile_up_is_cut_off_and_may_come_back() {
    let server = serve_with(HubOptions { output_hard_bytes: 1000, ..quick() }).await;
    let mut client = server.client(Transport::LongPolling).await;
    client.call("Join", r#"["room"]"#).await;
    for _ in 0..100 {
        server.hub.group("room").send("News", &("0123456789",));
    }
    server.world.until(|world| world.disconnected.load(SeqCst) == 1).await;
    assert_eq!(client.rest().await, (vec![FAILED.into()], Closed::Normally));
}
