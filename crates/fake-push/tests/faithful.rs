//! The fake refuses what the services refuse.

use fake_push::{FakePush, Service};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

const IPHONE: &str = "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899";

async fn reason(request: RequestBuilder) -> (u16, Value) {
    let answer: Response = request.send().await.expect("the fake answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn an_assertion_that_nobody_signed_gets_no_token() {
    let fake = FakePush::start().await;
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let forged = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.";
    for (grant, assertion, name) in [
        (grant, forged, "invalid_grant"),
        (grant, "", "invalid_grant"),
        ("password", forged, "unsupported_grant_type"),
    ] {
        let form = [("grant_type", grant), ("assertion", assertion)];
        let (status, body) = reason(Client::new().post(fake.token_url()).form(&form)).await;
        assert_eq!((status, &body["error"]), (400, &json!(name)));
    }
}

#[tokio::test]
async fn fcm_wants_a_token_first() {
    let fake = FakePush::start().await;
    let url = format!("{}/v1/projects/shop-1234/messages:send", fake.fcm_url());
    for request in [Client::new().post(&url), Client::new().post(&url).bearer_auth("ya29.guessed")] {
        let (status, body) = reason(request.json(&json!({"message": {"token": "x"}}))).await;
        assert_eq!((status, &body["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
    }
    assert_eq!(fake.requests(Service::Fcm).len(), 2);
    assert!(fake.delivered().is_empty());
}

#[tokio::test]
async fn apns_speaks_http_2_and_wants_a_provider_token() {
    let fake = FakePush::start().await;
    let url = format!("{}/3/device/{IPHONE}", fake.apns_production_url());
    let old = Client::new().post(&url).json(&json!({"aps": {}})).send().await;
    assert!(old.is_err(), "HTTP/1.1 is not spoken here");

    let http2 = Client::builder().http2_prior_knowledge().build().expect("a client");
    let (status, body) = reason(http2.post(&url).json(&json!({"aps": {}}))).await;
    assert_eq!((status, &body["reason"]), (403, &json!("MissingProviderToken")));
    let forged = "eyJhbGciOiJFUzI1NiIsImtpZCI6IktFWTEyMzQ1NjcifQ.eyJpc3MiOiJURUFNMTIzNDU2IiwiaWF0IjoxfQ.AAAA";
    let (status, body) = reason(http2.post(&url).bearer_auth(forged).json(&json!({"aps": {}}))).await;
    assert_eq!((status, &body["reason"]), (403, &json!("InvalidProviderToken")));
    let (status, body) = reason(http2.post(format!("{}/3/devices", fake.apns_sandbox_url()))).await;
    assert_eq!((status, &body["reason"]), (404, &json!("BadPath")));
}
