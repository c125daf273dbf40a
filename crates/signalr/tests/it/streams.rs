//! Section 10: streams both ways.

use signalr::{HubOptions, Transport};

use crate::support::{Client, quick, serve, serve_with};

async fn stream(client: &mut Client, id: &str, target: &str, arguments: &str) {
    let call = format!(r#"{{"type":4,"invocationId":"{id}","target":"{target}","arguments":{arguments}}}"#);
    client.send(&call).await;
}

async fn upload(client: &mut Client, target: &str, arguments: &str) {
    let call = format!(
        r#"{{"type":1,"invocationId":"u","target":"{target}","arguments":{arguments},"streamIds":["x"]}}"#
    );
    client.send(&call).await;
}

async fn item(client: &mut Client, item: &str) {
    client.send(&format!(r#"{{"type":2,"invocationId":"x","item":{item}}}"#)).await;
}

#[tokio::test]
async fn s10_items_then_a_completion_without_a_result() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        stream(&mut client, "s", "count", "[2]").await;
        for expected in [
            r#"{"type":2,"invocationId":"s","item":0}"#,
            r#"{"type":2,"invocationId":"s","item":1}"#,
            r#"{"type":3,"invocationId":"s"}"#,
        ] {
            assert_eq!(client.next().await, expected);
        }
    }
}

#[tokio::test]
async fn s10_a_stream_that_fails_keeps_what_it_sent() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let failed = "An error occurred on the server while streaming results.";
    stream(&mut client, "s", "Breaks", r#"["no"]"#).await;
    assert_eq!(client.next().await, r#"{"type":2,"invocationId":"s","item":1}"#);
    let expected = format!(r#"{{"type":3,"invocationId":"s","error":"{failed} HubException: no"}}"#);
    assert_eq!(client.next().await, expected);
    stream(&mut client, "s", "Panics", "[]").await;
    assert_eq!(client.next().await, r#"{"type":2,"invocationId":"s","item":0}"#);
    assert_eq!(client.next().await, format!(r#"{{"type":3,"invocationId":"s","error":"{failed}"}}"#));
}

#[tokio::test]
async fn s10_a_cancelled_stream_completes_without_an_error() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        server.world.calls.lock().clear();
        stream(&mut client, "s", "Endless", "[]").await;
        server.world.until(|world| *world.calls.lock() == ["opened"]).await;
        assert_eq!(client.call("Echo", r#"["beside"]"#).await, r#""result":"beside""#);
        client.send(r#"{"type":5,"invocationId":"unknown"}"#).await;
        client.send(r#"{"type":5,"invocationId":"s"}"#).await;
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"s"}"#);
        assert_eq!(*server.world.calls.lock(), ["opened", "dropped"]);
    }
}

#[tokio::test]
async fn s10_a_cancelled_call_still_completes() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"invocationId":"c","target":"UntilCancelled","arguments":[]}"#).await;
    server.world.until(|world| *world.calls.lock() == ["running"]).await;
    client.send(r#"{"type":5,"invocationId":"c"}"#).await;
    assert_eq!(client.next().await, r#"{"type":3,"invocationId":"c","result":"stopped"}"#);
}

#[tokio::test]
async fn s10_streams_of_a_client_that_leaves_are_dropped() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        server.world.calls.lock().clear();
        stream(&mut client, "s", "Endless", "[]").await;
        server.world.until(|world| *world.calls.lock() == ["opened"]).await;
        client.send(r#"{"type":7}"#).await;
        server.world.until(|world| *world.calls.lock() == ["opened", "dropped"]).await;
    }
}

#[tokio::test]
async fn s10_a_stream_waits_for_a_client_that_does_not_read() {
    let server = serve_with(HubOptions { output_soft_bytes: 1000, ..quick() }).await;
    let mut client = server.client(Transport::LongPolling).await;
    stream(&mut client, "s", "Count", "[1000]").await;
    let (mut largest, mut messages) = (0, 0);
    while messages < 1001 {
        let text = server.poll(&client.token).await.text().await.unwrap();
        largest = largest.max(text.len());
        messages += text.matches('\u{1e}').count();
    }
    assert_eq!(messages, 1001);
    assert!(largest < 1200, "{largest} bytes waited");
}

#[tokio::test]
async fn s10_an_id_in_use_is_refused_and_the_first_stream_goes_on() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    stream(&mut client, "i", "Endless", "[]").await;
    stream(&mut client, "i", "Count", "[1]").await;
    let refused = r#"{"type":3,"invocationId":"i","error":"Invocation ID 'i' is already in use."}"#;
    assert_eq!(client.next().await, refused);
    assert_eq!(*server.world.calls.lock(), ["opened"]);
    client.send(r#"{"type":5,"invocationId":"i"}"#).await;
    assert_eq!(client.next().await, r#"{"type":3,"invocationId":"i"}"#);
}

#[tokio::test]
async fn s10_only_so_many_streams_run_at_once() {
    let server = serve_with(HubOptions { max_parallel_calls: 2, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    for id in ["a", "b", "c"] {
        stream(&mut client, id, "Endless", "[]").await;
    }
    let refused = r#"{"type":3,"invocationId":"c","error":"An unexpected error occurred invoking 'Endless' on the server. HubException: No more than 2 calls may run at once."}"#;
    assert_eq!(client.next().await, refused);
}

#[tokio::test]
async fn s9_a_streaming_method_cannot_be_invoked_plainly() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(
        client.call("count", "[1]").await,
        r#""error":"The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.""#
    );
}

#[tokio::test]
async fn s10_uploaded_items_reach_the_method_in_order() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        upload(&mut client, "Concat", r#"[">"]"#).await;
        for letter in ["a", "b", "c"] {
            item(&mut client, &format!("\"{letter}\"")).await;
        }
        assert_eq!(client.call("Echo", r#"["beside"]"#).await, r#""result":"beside""#);
        client.send(r#"{"type":3,"invocationId":"x"}"#).await;
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"u","result":">abc"}"#);
        item(&mut client, "\"too late\"").await;
        assert_eq!(client.call("Echo", r#"["after"]"#).await, r#""result":"after""#);
    }
}

#[tokio::test]
async fn s10_an_upload_fails_with_its_clients_text_or_its_item() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let failed = |text: &str| {
        format!(
            r#"{{"type":3,"invocationId":"u","error":"An unexpected error occurred invoking 'Concat' on the server. HubException: {text}"}}"#
        )
    };
    upload(&mut client, "Concat", r#"[""]"#).await;
    client.send(r#"{"type":3,"invocationId":"x","error":"lost it"}"#).await;
    assert_eq!(client.next().await, failed("lost it"));
    upload(&mut client, "Concat", r#"[""]"#).await;
    item(&mut client, "17").await;
    assert_eq!(client.next().await, failed("Failed to bind Stream message."));
    assert_eq!(client.call("Echo", r#"["alive"]"#).await, r#""result":"alive""#);
}

#[tokio::test]
async fn s10_an_upload_nobody_reads_holds_its_client_back() {
    let server = serve_with(HubOptions { input_buffer_bytes: 1000, ..quick() }).await;
    let mut client = server.client(Transport::LongPolling).await;
    upload(&mut client, "Gated", "[]").await;
    let items = "{\"type\":2,\"invocationId\":\"x\",\"item\":1}\u{1e}".repeat(1000);
    let posted = tokio::spawn({
        let request = server.http.post(server.url(&format!("?id={}", client.token))).body(items);
        async move { request.send().await.unwrap().status() }
    });
    server.world.gate.notify_one();
    assert_eq!(posted.await.unwrap(), 200);
    client.send(r#"{"type":3,"invocationId":"x"}"#).await;
    assert_eq!(client.next().await, r#"{"type":3,"invocationId":"u","result":1000}"#);
}

#[tokio::test]
async fn s10_an_upload_ends_with_its_connection() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    upload(&mut client, "Gated", "[]").await;
    server.world.gate.notify_one();
    item(&mut client, "1").await;
    client.send(r#"{"type":7}"#).await;
    server.world.until(|world| *world.calls.lock() == ["upload failed"]).await;
}

#[tokio::test]
async fn s10_stream_ids_are_one_streams_at_a_time() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    upload(&mut client, "Gated", "[]").await;
    upload(&mut client, "Concat", r#"[""]"#).await;
    let refused = r#"{"type":3,"invocationId":"u","error":"An unexpected error occurred invoking 'Concat' on the server. HubException: Stream ID 'x' is already in use."}"#;
    assert_eq!(client.next().await, refused);
    assert_eq!(
        client.call("Concat", r#"[""]"#).await,
        r#""error":"An unexpected error occurred invoking 'Concat' on the server. HubException: Client sent 0 stream(s), Hub method expects 1.""#
    );
}
