//! Section 13 against clients that mean no good: what they take is bounded, and nobody else notices.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::{SinkExt as _, future::join_all};
use signalr::{HubOptions, Transport};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, quick, serve, serve_with, within};

async fn others_are_served(server: &Server) {
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        assert_eq!(client.call("Echo", r#"["unaffected"]"#).await, r#""result":"unaffected""#);
    }
}

#[tokio::test]
async fn ten_thousand_unused_negotiations_are_all_there_are() {
    let options = HubOptions { negotiation_timeout: Duration::from_millis(500), ..quick() };
    let server = serve_with(options).await;
    let mut accepted = 0;
    let mut refused = 0;
    // Faster than they expire, or nearly: what is refused is refused by the limit, never by an error.
    for _ in 0..110 {
        let url = server.url("/negotiate?negotiateVersion=1");
        let answers = join_all((0..100).map(|_| server.http.post(&url).send())).await;
        for answer in answers {
            match answer.unwrap().status().as_u16() {
                200 => accepted += 1,
                503 => refused += 1,
                status => panic!("{status}"),
            }
        }
    }
    assert_eq!(accepted + refused, 11_000);
    within(async {
        while server.http.post(server.url("/negotiate")).send().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    others_are_served(&server).await;
}

#[tokio::test]
async fn one_that_never_reads_is_cut_off() {
    let server = serve_with(HubOptions { send_timeout: Duration::from_millis(200), ..quick() }).await;
    let mut deaf = server.client(Transport::WebSockets).await;
    deaf.call("Join", r#"["room"]"#).await;
    let news = "x".repeat(10_000);
    within(async {
        while server.world.disconnected.load(SeqCst) == 0 {
            server.hub.group("room").send("News", &(&news,));
            tokio::task::yield_now().await;
        }
    })
    .await;
    others_are_served(&server).await;
}

#[tokio::test]
async fn a_flood_of_calls_is_taken_at_the_hubs_pace() {
    let server = serve_with(HubOptions { send_timeout: Duration::from_millis(200), ..quick() }).await;
    let mut flooder = server.client(Transport::WebSockets).await;
    let call = r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["0123456789"]}"#;
    let calls = format!("{call}\u{1e}").repeat(1000);
    // It only ever writes: once its own answers fill the way back, nothing more is read from it.
    let flood = tokio::spawn(async move {
        let socket = flooder.socket();
        while socket.feed(Message::text(calls.clone())).await.is_ok() && socket.flush().await.is_ok() {}
    });
    others_are_served(&server).await;
    server.world.until(|world| world.disconnected.load(SeqCst) >= 1).await;
    within(flood).await.unwrap();
}

#[tokio::test]
async fn streams_without_end_are_counted() {
    let server = serve().await;
    let mut greedy = server.client(Transport::WebSockets).await;
    let streams: String = (0..1000)
        .map(|id| {
            format!("{{\"type\":4,\"invocationId\":\"{id}\",\"target\":\"Endless\",\"arguments\":[]}}\u{1e}")
        })
        .collect();
    greedy.send_raw(&streams).await;
    for _ in 0..900 {
        assert!(greedy.next().await.contains("No more than 100 calls may run at once."));
    }
    assert_eq!(server.world.calls.lock().len(), 100);
    others_are_served(&server).await;
}

#[tokio::test]
async fn one_byte_at_a_time_is_a_message_in_the_end_or_times_out() {
    let server = serve_with(HubOptions { handshake_timeout: Duration::from_millis(300), ..quick() }).await;
    let mut slow = server.attach(Transport::WebSockets).await;
    // Each byte comes in time; the handshake as a whole does not.
    let mut sent = 0;
    while slow.socket().send(Message::text(" ")).await.is_ok() {
        sent += 1;
        assert!(sent < 10_000, "the handshake does not time out");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    others_are_served(&server).await;
}

#[tokio::test]
async fn half_open_connections_end() {
    let options = HubOptions {
        handshake_timeout: Duration::from_millis(100),
        close_timeout: Duration::from_millis(100),
        ..quick()
    };
    let server = serve_with(options).await;
    let upgrade = "GET /hub HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut sockets = Vec::new();
    for _ in 0..50 {
        let mut socket = TcpStream::connect(&server.address).await.unwrap();
        socket.write_all(upgrade.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    for mut socket in sockets {
        let mut all = Vec::new();
        let _ = within(socket.read_to_end(&mut all)).await;
        assert!(String::from_utf8_lossy(&all).contains("Handshake was canceled."));
    }
    others_are_served(&server).await;
}
