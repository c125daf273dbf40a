//! Section 5: authorisation is a layer around the service.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use http::StatusCode;
use tokio_tungstenite::{connect_async, tungstenite};

use crate::support::{HANDSHAKE, Server, User, serve, serve_app, within};

/// Lets in whoever names himself, by header or by query.
async fn bouncer(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default().split("access_token=").nth(1);
    let user = header.and_then(|value| value.strip_prefix("Bearer ")).or(query);
    let user = User(user.ok_or(StatusCode::UNAUTHORIZED)?.to_owned());
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

async fn guarded() -> Server {
    serve_app(|hub| hub, |app| app.layer(from_fn(bouncer))).await
}

#[tokio::test]
async fn s5_every_request_is_checked_before_anything_else() {
    let server = guarded().await;
    for (method, rest) in [
        (http::Method::POST, "/negotiate"),
        (http::Method::GET, ""),
        (http::Method::GET, "?id=x"),
        (http::Method::POST, "?id=x"),
        (http::Method::DELETE, "?id=x"),
    ] {
        assert_eq!(server.http.request(method, server.url(rest)).send().await.unwrap().status(), 401);
    }
    match connect_async(server.ws_url("")).await {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 401),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn s5_methods_see_the_identity_of_the_transport_request() {
    let server = guarded().await;
    let mut client = server.direct(&[("authorization", "Bearer ann")]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    assert_eq!(client.call("User", "[]").await, r#""result":"ann""#);
}

#[tokio::test]
async fn s5_for_long_polling_the_latest_poll_says_who_it_is() {
    let server = guarded().await;
    let by = |user: &str, request: reqwest::RequestBuilder| request.bearer_auth(user);
    let negotiated = by("ann", server.http.post(server.url("/negotiate"))).send().await.unwrap();
    let negotiated: serde_json::Value = negotiated.json().await.unwrap();
    let url = server.url(&format!("?id={}", negotiated["connectionId"].as_str().unwrap()));
    let poll = async |user: &str| {
        within(by(user, server.http.get(&url)).send()).await.unwrap().text().await.unwrap()
    };
    let post = async |text: &str| {
        let answer = by("ann", server.http.post(&url)).body(format!("{text}\u{1e}")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    let ask = r#"{"type":1,"invocationId":"1","target":"User","arguments":[]}"#;
    poll("ann").await;
    post(HANDSHAKE).await;
    assert_eq!(poll("ann").await, "{}\u{1e}");
    post(ask).await;
    assert_eq!(poll("ann").await, "{\"type\":3,\"invocationId\":\"1\",\"result\":\"ann\"}\u{1e}");
    // A poll that finds something leaves its user behind for the next call.
    server.hub.all().send("Event", &());
    poll("bea").await;
    post(ask).await;
    assert_eq!(poll("ann").await, "{\"type\":3,\"invocationId\":\"1\",\"result\":\"bea\"}\u{1e}");
}

#[tokio::test]
async fn s5_methods_see_headers_but_not_those_of_the_web_socket() {
    let server = serve().await;
    let mut client = server.direct(&[("x-shop", "blue"), ("origin", "https://shop.example")]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.next().await, "{}");
    assert_eq!(client.call("Header", r#"["X-Shop"]"#).await, r#""result":"blue""#);
    assert_eq!(client.call("Header", r#"["Origin"]"#).await, r#""result":"https://shop.example""#);
    assert_eq!(client.call("Header", r#"["Upgrade"]"#).await, r#""result":null"#);
    assert_eq!(client.call("Header", r#"["Sec-WebSocket-Key"]"#).await, r#""result":null"#);
}
