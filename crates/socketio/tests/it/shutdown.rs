//! Section 12: shutting down. Section 13: Engine.IO alone.

use std::time::Duration;

use axum::Router;
use socketio::{EngineMessage, Options, Server};

use crate::support::{Client, Got, listen, quick, serve, serve_with, within};

#[tokio::test]
async fn s12_a_shutdown_lets_clients_come_back_and_waits_for_on_disconnect() {
    let served = serve().await;
    let mut client = served.connected().await;
    let polling = served.polling().await;
    polling.enter().await;
    let waiting = polling.waiting();
    client.send("42[\"note\",\"before\"]").await;
    served.world.heard("before").await;
    let (_, got) = within(futures_util::future::join(served.server.shutdown(), client.got())).await;
    assert_eq!(got, Got::Close, "without a DISCONNECT, after which clients would stay away");
    assert_eq!(within(waiting).await.unwrap(), (200, "1".to_owned()));
    let notes = served.world.notes();
    assert_eq!(notes.iter().filter(|note| *note == "disconnected: server shutting down, 0 rooms").count(), 2);
    let refused = served.http.get(served.url("EIO=4&transport=polling")).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(served.io.sockets(), 0);
}

#[tokio::test]
async fn s12_a_shutdown_does_not_wait_forever() {
    let served = serve_with(Options { shutdown_timeout: Duration::from_millis(100), ..quick() }).await;
    let mut client = served.connected().await;
    client.send("42[\"wait\"]").await;
    served.world.heard("waiting").await;
    within(served.server.shutdown()).await;
}

#[tokio::test]
async fn s13_engine_io_alone() {
    let options = Options { connect_timeout: Duration::from_millis(50), ..quick() };
    let server = Server::engine(options, |client, message| {
        if message == EngineMessage::Text("bye".into()) {
            client.close();
        }
        client.send(message);
    });
    let address = listen(Router::new().nest_service("/socket.io", server.service())).await;
    let mut client = Client::open(&address, "EIO=4&transport=websocket").await;
    client.next().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.send("4hello").await;
    assert_eq!(client.next().await, "4hello");
    client.send_binary(&[1, 2]).await;
    assert_eq!(client.got().await, Got::Binary(vec![1, 2]));
    client.send("4bye").await;
    assert_eq!(client.got().await, Got::Close);
}
