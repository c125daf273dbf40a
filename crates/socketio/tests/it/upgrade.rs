//! Section 2: from polling to a WebSocket.

use std::time::Duration;

use socketio::Options;

use crate::support::{Client, Got, quick, serve, serve_with, within};

async fn web_socket_for(served: &crate::support::Served, sid: &str) -> Client {
    Client::open(&served.address, &format!("EIO=4&transport=websocket&sid={sid}")).await
}

#[tokio::test]
async fn s2_an_upgrade_loses_and_overtakes_nothing() {
    let served = serve().await;
    let polling = served.polling().await;
    polling.enter().await;
    for number in 0..10 {
        polling.post(format!("42[\"back\",{number}]")).await;
    }
    let mut client = web_socket_for(&served, &polling.sid).await;
    client.send("2probe").await;
    assert_eq!(client.next().await, "3probe");
    // What came until then is fetched, then the last poll is empty.
    let mut polled = Vec::new();
    loop {
        let (status, payload) = polling.get().await;
        assert_eq!(status, 200);
        if payload == "6" {
            break;
        }
        polled.extend(payload.split('\u{1e}').map(str::to_owned));
    }
    served.io.all().emit("between", &());
    client.send("5").await;
    client.send("42[\"back\",10]").await;
    assert_eq!(polled, (0..10).map(|number| format!("42[\"back\",{number}]")).collect::<Vec<_>>());
    assert_eq!(client.next().await, "42[\"between\"]");
    assert_eq!(client.next().await, "42[\"back\",10]");
    assert_eq!(polling.get().await.0, 400);
    assert_eq!(polling.post("3").await.0, 400);
    assert_eq!(served.world.notes().len(), 1, "the socket is the same");
}

#[tokio::test]
async fn s2_a_poll_that_waits_is_answered_when_the_client_probes() {
    let served = serve().await;
    let polling = served.polling().await;
    polling.enter().await;
    let waiting = polling.waiting();
    let mut client = web_socket_for(&served, &polling.sid).await;
    client.send("2probe").await;
    client.next().await;
    assert_eq!(within(waiting).await.unwrap(), (200, "6".to_owned()));
}

#[tokio::test]
async fn s2_a_second_web_socket_is_closed_and_the_first_goes_on() {
    let served = serve().await;
    let polling = served.polling().await;
    polling.enter().await;
    let mut client = web_socket_for(&served, &polling.sid).await;
    client.send("2probe").await;
    client.next().await;
    let mut meanwhile = web_socket_for(&served, &polling.sid).await;
    assert_eq!(meanwhile.got().await, Got::Close);
    client.send("5").await;
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
    let mut later = web_socket_for(&served, &polling.sid).await;
    assert_eq!(later.got().await, Got::Close);
    assert_eq!(client.call("[\"echo\",2]").await, "[2]");
}

#[tokio::test]
async fn s2_polling_goes_on_where_the_upgrade_fails() {
    let served = serve_with(Options { upgrade_timeout: Duration::from_millis(50), ..quick() }).await;
    let polling = served.polling().await;
    polling.enter().await;
    for wrong in ["5probe", "4x", "3"] {
        let mut client = web_socket_for(&served, &polling.sid).await;
        client.send("2probe").await;
        client.next().await;
        client.send(wrong).await;
        assert_eq!(client.got().await, Got::Close, "{wrong}");
    }
    let mut silent = web_socket_for(&served, &polling.sid).await;
    assert_eq!(silent.got().await, Got::Close, "it takes too long");
    polling.post("421[\"echo\",1]").await;
    assert_eq!(polling.get().await.1, "431[1]");
}
