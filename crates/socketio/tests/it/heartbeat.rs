//! Section 4: heartbeat, and connections that end.

use std::time::Duration;

use socketio::Options;

use crate::support::{Client, quick, serve, serve_with};

fn impatient() -> Options {
    Options { ping_interval: Duration::from_millis(100), ping_timeout: Duration::from_millis(100), ..quick() }
}

#[tokio::test]
async fn s4_the_server_pings_and_who_answers_stays() {
    let served = serve_with(impatient()).await;
    let mut client = served.connected().await;
    let polling = served.polling().await;
    polling.enter().await;
    for _ in 0..4 {
        assert_eq!(client.next().await, "2");
        client.send("3").await;
        assert_eq!(polling.get().await.1, "2");
        polling.post("3").await;
    }
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
}

#[tokio::test]
async fn s4_who_does_not_answer_is_gone() {
    let served = serve_with(impatient()).await;
    let mut client = served.connected().await;
    assert_eq!(client.closed().await, ["2"]);
    served.world.heard("disconnected: ping timeout, 0 rooms").await;
    let polling = served.polling().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(polling.get().await.0, 400);
    assert_eq!(served.server.connections(), 0);
}

#[tokio::test]
async fn s4_pings_are_the_servers() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("2").await;
    client.closed().await;
    served.world.heard("disconnected: parse error, 0 rooms").await;
}

#[tokio::test]
async fn s4_who_enters_no_namespace_is_sent_away() {
    let options = Options { connect_timeout: Duration::from_millis(100), ..quick() };
    let served = serve_with(options).await;
    let mut idle = served.web_socket().await;
    idle.closed().await;
    let mut left = served.connected().await;
    let mut stays = served.connected().await;
    left.send("41").await;
    left.closed().await;
    assert_eq!(stays.call("[\"echo\",1]").await, "[1]");
    assert_eq!(served.server.connections(), 1);
}

#[tokio::test]
async fn s4_a_client_may_close_either_way() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("1").await;
    client.closed().await;
    served.world.heard("disconnected: transport close, 0 rooms").await;
    let mut other: Client = served.connected_with(r#"{"room":"r"}"#).await;
    other.socket.close(None).await.unwrap();
    served
        .world
        .until(|notes| notes.iter().filter(|note| note.contains("transport close")).count() == 2)
        .await;
    assert_eq!(served.io.sockets(), 0);
}
