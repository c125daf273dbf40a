//! Section 6: cross-origin use is a layer around the service.

use http::{HeaderName, Method, header};
use signalr::Transport;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::support::{Server, serve_app};

async fn shared() -> Server {
    let names = ["x-requested-with", "x-signalr-user-agent"].map(HeaderName::from_static);
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([names[0].clone(), names[1].clone(), header::AUTHORIZATION, header::CONTENT_TYPE]);
    serve_app(|hub| hub, |app| app.layer(cors)).await
}

#[tokio::test]
async fn s6_a_preflight_is_answered_by_the_layer() {
    let server = shared().await;
    for rest in ["/negotiate", "?id=x"] {
        let answer = server
            .http
            .request(Method::OPTIONS, server.url(rest))
            .header("Origin", "https://shop.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "x-requested-with,x-signalr-user-agent")
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
        assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
        assert_eq!(answer.headers()["access-control-allow-methods"], "GET,POST,DELETE");
    }
}

#[tokio::test]
async fn s6_every_answer_names_the_callers_origin() {
    let server = shared().await;
    let ask = |request: reqwest::RequestBuilder| request.header("Origin", "https://shop.example").send();
    let (_, token) = server.negotiate().await;
    let known = server.url(&format!("?id={token}"));
    let _client = server.client(Transport::LongPolling).await;
    for request in [
        server.http.post(server.url("/negotiate")),
        server.http.get(server.url("?id=unknown")),
        server.http.post(&known).body("x"),
        server.http.get(&known),
        server.http.delete(&known),
    ] {
        let answer = ask(request).await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
    }
}
