//! Section 2: negotiate.

use std::time::Duration;

use serde_json::{Value, json};
use signalr::{HubOptions, Transport};

use crate::support::{Server, quick, serve, serve_with};

async fn negotiate(server: &Server, query: &str) -> Value {
    let answer = server.http.post(server.url(&format!("/negotiate{query}"))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn s2_the_answer_offers_all_transports_in_order() {
    let server = serve().await;
    let answer =
        server.http.post(server.url("/negotiate?negotiateVersion=1")).body("ignored").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let length: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let body = answer.text().await.unwrap();
    assert_eq!(body.len(), length);
    let parsed: Value = serde_json::from_str(&body).unwrap();
    let (id, token) = (parsed["connectionId"].as_str().unwrap(), parsed["connectionToken"].as_str().unwrap());
    assert_eq!(
        body,
        format!(
            r#"{{"negotiateVersion":1,"connectionId":"{id}","connectionToken":"{token}","availableTransports":[{{"transport":"WebSockets","transferFormats":["Text","Binary"]}},{{"transport":"ServerSentEvents","transferFormats":["Text"]}},{{"transport":"LongPolling","transferFormats":["Text","Binary"]}}]}}"#
        )
    );
    assert_ne!(id, token);
    assert_eq!((id.len(), token.len()), (22, 22));
}

#[tokio::test]
async fn s2_the_id_is_not_the_secret() {
    let server = serve().await;
    let (id, token) = server.negotiate().await;
    assert_eq!(server.poll(&id).await.status(), 404);
    assert_eq!(server.poll(&token).await.status(), 200);
}

#[tokio::test]
async fn s2_version_0_knows_only_the_id() {
    let server = serve().await;
    for query in ["", "?negotiateVersion=0"] {
        let answer = negotiate(&server, query).await;
        assert_eq!(answer["negotiateVersion"], 0);
        assert_eq!(answer.get("connectionToken"), None);
        assert_eq!(server.poll(answer["connectionId"].as_str().unwrap()).await.status(), 200);
    }
}

#[tokio::test]
async fn s2_versions_above_1_get_1() {
    let server = serve().await;
    let answer = negotiate(&server, "?negotiateVersion=7&useStatefulReconnect=true").await;
    assert_eq!(answer["negotiateVersion"], 1);
    assert_eq!(answer.get("useStatefulReconnect"), None, "the hub does not allow it");
}

#[tokio::test]
async fn s2_a_version_is_an_integer() {
    let server = serve().await;
    for version in ["one", "", "1.5", "99999999999"] {
        assert_eq!(
            negotiate(&server, &format!("?negotiateVersion={version}")).await,
            json!({"error": "The client requested a non-integer protocol version."})
        );
    }
}

#[tokio::test]
async fn s2_a_version_below_the_minimum_is_refused() {
    let server = serve().await;
    let refused = |version: &str| {
        let text = "but the server does not support this version.";
        json!({"error": format!("The client requested version '{version}', {text}")})
    };
    assert_eq!(negotiate(&server, "?negotiateVersion=-1").await, refused("-1"));
    let server = serve_with(HubOptions { minimum_negotiate_version: 1, ..quick() }).await;
    assert_eq!(negotiate(&server, "").await, refused("0"));
    assert_eq!(negotiate(&server, "?negotiateVersion=1").await["negotiateVersion"], 1);
}

#[tokio::test]
async fn s2_transports_switched_off_are_not_offered() {
    let transports = vec![Transport::LongPolling, Transport::ServerSentEvents];
    let server = serve_with(HubOptions { transports, ..quick() }).await;
    let answer = negotiate(&server, "?negotiateVersion=1").await;
    let names: Vec<&str> = answer["availableTransports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offer| offer["transport"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ServerSentEvents", "LongPolling"]);
}

#[tokio::test]
async fn s2_a_negotiation_nobody_takes_up_is_dropped() {
    let negotiation_timeout = Duration::from_millis(20);
    let server = serve_with(HubOptions { negotiation_timeout, ..quick() }).await;
    let (_, token) = server.negotiate().await;
    // Posting neither takes it up nor keeps it alive.
    while server.post(&token, "").await.status() == 200 {}
    assert_eq!(server.poll(&token).await.status(), 404);
}

#[tokio::test]
async fn s2_only_so_many_negotiations_wait() {
    let server = serve_with(HubOptions { max_negotiated: 2, ..quick() }).await;
    let (_, first) = server.negotiate().await;
    server.negotiate().await;
    let third = || server.http.post(server.url("/negotiate")).send();
    assert_eq!(third().await.unwrap().status(), 503);
    assert_eq!(server.poll(&first).await.status(), 200, "what was taken up waits no more");
    assert_eq!(third().await.unwrap().status(), 200);
}

#[tokio::test]
async fn s3_groups_and_ids_end_with_the_connection() {
    let server = serve().await;
    let mut first = server.client(Transport::WebSockets).await;
    assert_eq!(first.call("Join", r#"["room"]"#).await, r#""result":null"#);
    let mut second = server.client(Transport::WebSockets).await;
    assert_ne!(first.call("Id", "[]").await, second.call("Id", "[]").await);
    first.send(r#"{"type":7}"#).await;
    first.rest().await;
    server.world.until(|world| world.disconnected.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
    assert!(server.hub.group("room").is_empty());
}
