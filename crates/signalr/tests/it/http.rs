//! Section 1: the HTTP surface.

use reqwest::Method;
use signalr::{HubOptions, Transport};
use tokio_tungstenite::{connect_async, tungstenite::Error};

use crate::support::{Server, quick, serve, serve_with};

async fn refusal(server: &Server, method: Method, rest: &str) -> (u16, String) {
    let answer = server.http.request(method, server.url(rest)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn told(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

async fn upgrade_status(url: String) -> u16 {
    match connect_async(url).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn s1_other_methods_are_not_allowed() {
    let server = serve().await;
    for (method, rest) in [
        (Method::GET, "/negotiate"),
        (Method::PUT, "/negotiate"),
        (Method::PUT, "?id=x"),
        (Method::OPTIONS, ""),
    ] {
        assert_eq!(refusal(&server, method, rest).await, told(405, ""));
    }
    assert_eq!(refusal(&server, Method::GET, "/elsewhere").await.0, 404);
}

#[tokio::test]
async fn s1_the_id_must_be_there() {
    let server = serve().await;
    for method in [Method::GET, Method::POST, Method::DELETE] {
        for rest in ["", "?id=", "/?id="] {
            assert_eq!(refusal(&server, method.clone(), rest).await, told(400, "Connection ID required"));
        }
    }
}

#[tokio::test]
async fn s1_the_id_must_be_known() {
    let server = serve().await;
    for id in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let rest = format!("?id={id}");
            assert_eq!(refusal(&server, method, &rest).await, told(404, "No Connection with that ID"));
        }
        assert_eq!(upgrade_status(server.ws_url(&format!("?id={id}"))).await, 404);
    }
}

#[tokio::test]
async fn s1_errors_are_plain_text() {
    let server = serve().await;
    let answer = server.http.get(server.url("")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain");
}

#[tokio::test]
async fn s1_a_transport_may_be_switched_off() {
    for transport in Transport::ALL {
        let others = Transport::ALL.into_iter().filter(|other| *other != transport).collect();
        let server = serve_with(HubOptions { transports: others, ..quick() }).await;
        let (_, token) = server.negotiate().await;
        let told = told(404, &format!("{transport} transport not supported by this end point type"));
        match transport {
            Transport::WebSockets => {
                for rest in [String::new(), format!("?id={token}")] {
                    match connect_async(server.ws_url(&rest)).await {
                        Err(Error::Http(answer)) => {
                            assert_eq!(answer.status(), 404);
                            let body = answer.into_body().unwrap_or_default();
                            assert_eq!(String::from_utf8(body).unwrap(), told.1);
                        }
                        other => panic!("not refused: {other:?}"),
                    }
                }
            }
            Transport::ServerSentEvents => {
                let answer = server.events(&token).await;
                assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), told);
            }
            Transport::LongPolling => {
                assert_eq!(refusal(&server, Method::GET, &format!("?id={token}")).await, told);
            }
        }
    }
}

#[tokio::test]
async fn s1_the_transport_stays_for_life() {
    let server = serve().await;
    for transport in Transport::ALL {
        let client = server.client(transport).await;
        let rest = format!("?id={}", client.token);
        if transport != Transport::LongPolling {
            let told = told(400, "Cannot change transports mid-connection");
            assert_eq!(refusal(&server, Method::GET, &rest).await, told);
        }
        if transport != Transport::ServerSentEvents {
            assert_eq!(server.events(&client.token).await.status(), 400);
        }
        if transport != Transport::WebSockets {
            assert_eq!(upgrade_status(server.ws_url(&rest)).await, 400);
        }
    }
}

#[tokio::test]
async fn s1_a_second_carrier_is_a_conflict() {
    let server = serve().await;
    let client = server.client(Transport::WebSockets).await;
    assert_eq!(upgrade_status(server.ws_url(&format!("?id={}", client.token))).await, 409);
    let client = server.client(Transport::ServerSentEvents).await;
    let answer = server.events(&client.token).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), told(409, ""));
}

#[tokio::test]
async fn s1_nothing_is_posted_to_a_web_socket() {
    let server = serve().await;
    let client = server.client(Transport::WebSockets).await;
    assert_eq!(
        refusal(&server, Method::POST, &format!("?id={}", client.token)).await,
        told(405, "POST requests are not allowed for WebSocket connections.")
    );
}

#[tokio::test]
async fn s1_only_long_polling_is_deleted() {
    let server = serve().await;
    let told = told(400, "Cannot terminate this connection using the DELETE endpoint.");
    let (_, token) = server.negotiate().await;
    assert_eq!(refusal(&server, Method::DELETE, &format!("?id={token}")).await, told);
    for transport in [Transport::WebSockets, Transport::ServerSentEvents] {
        let client = server.client(transport).await;
        assert_eq!(refusal(&server, Method::DELETE, &format!("?id={}", client.token)).await, told);
    }
}

#[tokio::test]
async fn s1_query_names_have_no_case_and_ids_may_be_escaped() {
    let server = serve().await;
    let answer = server.http.post(server.url("/negotiate?NEGOTIATEVERSION=1")).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let token = answer["connectionToken"].as_str().unwrap();
    let escaped: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(refusal(&server, Method::GET, &format!("?_=123&ID={escaped}")).await, told(200, ""));
}
