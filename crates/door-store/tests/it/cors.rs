//! The widget lives on foreign pages.

use http::Method;
use serde_json::json;
use testkit::{Client, TestApp, answer};

use crate::support::quiet_shop;

const ORIGIN: &str = "https://shop.example";

#[track_caller]
fn assert_mirrored(answer: &testkit::Answer, what: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{what}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true", "{what}");
    let varies = answer
        .headers
        .get_all("vary")
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains("Origin")));
    assert!(varies, "{what}: {:?}", answer.headers);
}

async fn preflight(client: &Client, path: &str, method: &str) -> testkit::Answer {
    let request = client.request(Method::OPTIONS, path).header("Origin", ORIGIN);
    let request = request.header("Access-Control-Request-Method", method);
    answer(request.header(
        "Access-Control-Request-Headers",
        "authorization,content-type,x-requested-with,x-signalr-user-agent",
    ))
    .await
}

fn paths(token: &str) -> Vec<(Method, String)> {
    let widget = format!("/api/v1/widget/chat/{token}");
    let mut paths = vec![
        (Method::GET, format!("{widget}/config")),
        (Method::POST, format!("{widget}/messages")),
        (Method::GET, format!("{widget}/messages")),
        (Method::POST, format!("{widget}/sync")),
        (Method::POST, format!("{widget}/earlier")),
    ];
    for hub in ["/hubs/widget-chat", "/hubs/store-conversations"] {
        paths.push((Method::POST, format!("{hub}/negotiate?negotiateVersion=1")));
        paths.extend(
            [Method::GET, Method::POST, Method::DELETE].map(|method| (method, format!("{hub}?id=unknown"))),
        );
    }
    paths
}

#[tokio::test]
async fn preflights_are_answered_on_every_hub_and_widget_path() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    for (method, path) in paths(&shop.channel_token) {
        let allowed = preflight(&app.anonymous(), &path, method.as_str()).await;
        assert_eq!((allowed.status, allowed.text.as_str()), (204, ""), "{method} {path}");
        assert_mirrored(&allowed, &path);
        let methods = allowed.header("access-control-allow-methods");
        assert!(["GET", "POST", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = allowed.header("access-control-allow-headers").to_lowercase();
        for header in ["x-requested-with", "x-signalr-user-agent", "authorization", "content-type"] {
            assert!(headers.contains(header), "{headers}");
        }
    }
}

#[tokio::test]
async fn every_answer_mirrors_its_origin_refusals_included() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    for token in [shop.channel_token.as_str(), "unknown"] {
        for (method, path) in paths(token) {
            let request = app.anonymous().request(method.clone(), &path).header("Origin", ORIGIN);
            let answer =
                answer(request.json(&json!({ "sessionId": "s", "text": "Hello", "beforeSeq": 1 }))).await;
            assert_mirrored(&answer, &format!("{method} {path}"));
            assert!(!answer.headers.contains_key("set-cookie"), "nobody is known by a cookie here");
        }
    }
    let exposed =
        answer(app.anonymous().request(Method::GET, "/api/v1/nothing").header("Origin", ORIGIN)).await;
    assert!(exposed.header("access-control-expose-headers").contains("Retry-After"));
}

#[tokio::test]
async fn who_names_no_origin_is_told_of_none() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    for (method, path) in paths(&shop.channel_token) {
        let answer = answer(app.anonymous().request(method, &path).json(&json!({}))).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
}
