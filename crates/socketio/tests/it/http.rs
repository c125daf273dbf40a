//! Section 1: which request means what. Section 2: the handshake.

use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite};

use crate::support::{quick, serve, serve_with};

#[tokio::test]
async fn s1_errors_have_the_references_numbers_and_words() {
    let served = serve().await;
    let sid = served.polling().await.sid;
    let get = |query: &str| served.http.get(served.url(query));
    let cases = [
        (get("EIO=4"), 0, "Transport unknown"),
        (get("EIO=4&transport=abc"), 0, "Transport unknown"),
        (get("EIO=4&transport=polling&sid=nobody"), 1, "Session ID unknown"),
        (served.http.post(served.url("EIO=4&transport=polling")), 2, "Bad handshake method"),
        (served.http.put(served.url("EIO=4&transport=polling")), 2, "Bad handshake method"),
        (get("EIO=4&transport=websocket"), 3, "Bad request"),
        (get(&format!("EIO=4&transport=websocket&sid={sid}")), 3, "Bad request"),
        (served.http.put(served.url(&format!("EIO=4&transport=polling&sid={sid}"))), 3, "Bad request"),
        (get("transport=polling"), 5, "Unsupported protocol version"),
        (get("EIO=3&transport=polling"), 5, "Unsupported protocol version"),
    ];
    for (request, code, message) in cases {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body, json!({ "code": code, "message": message }));
    }
}

#[tokio::test]
async fn s1_a_web_socket_that_may_not_begin_is_refused_before_it_opens() {
    let served = serve().await;
    for query in
        ["transport=websocket", "EIO=4", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x"]
    {
        let refused = connect_async(format!("ws://{}/socket.io/?{query}", served.address)).await;
        let Err(tungstenite::Error::Http(response)) = refused else { panic!("{query} was let in") };
        assert_eq!(response.status(), 400);
    }
}

#[tokio::test]
async fn s1_other_paths_are_not_found() {
    let served = serve().await;
    let path = format!("http://{}/socket.io/socket.io.js", served.address);
    assert_eq!(served.http.get(path).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn s2_the_handshake_says_what_both_sides_keep_to() {
    let served = serve().await;
    let response = served.http.get(served.url("EIO=4&transport=polling")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; charset=UTF-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = response.text().await.unwrap();
    let mut opening: Value = serde_json::from_str(text.strip_prefix('0').unwrap()).unwrap();
    let sid = opening["sid"].take();
    assert_eq!(sid.as_str().unwrap().len(), 22, "128 bits");
    let expected = json!({
        "sid": null, "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 131_072,
    });
    assert_eq!(opening, expected);
    let web_socket = served.web_socket().await;
    let opening: Value = serde_json::from_str(web_socket.opening.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(opening["upgrades"], json!([]));
    assert_ne!(opening["sid"], sid);
}

#[tokio::test]
async fn s2_a_transport_may_be_switched_off() {
    let served =
        serve_with(socketio::Options { transports: vec![socketio::Transport::Polling], ..quick() }).await;
    let response = served.http.get(served.url("EIO=4&transport=polling")).send().await.unwrap();
    assert!(response.text().await.unwrap().contains(r#""upgrades":[]"#));
    let refused =
        connect_async(format!("ws://{}/socket.io/?EIO=4&transport=websocket", served.address)).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn s2_handlers_see_the_handshakes_headers_and_query() {
    let served = serve().await;
    let mut client = crate::support::Client::open(&served.address, "EIO=4&transport=websocket&shop=7").await;
    client.next().await;
    client.enter("").await;
    let answer = client.call(r#"["header","x-test"]"#).await;
    assert_eq!(answer, r#"["yes","EIO=4&transport=websocket&shop=7"]"#);
    assert!(client.call(r#"["header","sec-websocket-key"]"#).await.starts_with("[null,"));
}
