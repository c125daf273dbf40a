//! Section 5: nothing that comes right after the connect is dropped, however many come at once.

use futures_util::future::join_all;

use socketio::{Binary, Options};

use crate::support::{Got, quick, serve, serve_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_hundreds_connect_and_join_at_once_and_none_is_lost() {
    let served = serve().await;
    let clients = join_all((0..500).map(async |number| {
        let mut client = served.web_socket().await;
        client.send("40").await;
        client.send(&format!("42{number}[\"join\",\"all\"]")).await;
        assert!(client.next().await.starts_with("40{"));
        assert_eq!(client.next().await, format!("43{number}[]"));
        client
    }))
    .await;
    assert_eq!(served.io.to("all").count(), clients.len());
    assert_eq!(served.io.to("all").emit("told", &(1,)), clients.len());
    join_all(clients.into_iter().map(async |mut client| {
        assert_eq!(client.next().await, "42[\"told\",1]");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_what_many_are_told_comes_to_each_whole_and_in_order() {
    let served = serve().await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(served.connected_with(r#"{"room":"all"}"#).await);
    }
    // Some share a write, some are too long for that, and bytes stand between texts.
    let length = |number: usize| [1, 3_000, 5_000, 20_000][number % 4];
    let room = served.io.to("all");
    for number in 0..20 {
        assert_eq!(room.emit("told", &(number, "x".repeat(length(number)))), 100);
        room.emit("bytes", &(Binary::from(vec![7; length(number)]),));
    }
    join_all(clients.into_iter().map(async |mut client| {
        assert_eq!(client.next().await, r#"42["welcome","all"]"#);
        for number in 0..20 {
            let text = format!("42[\"told\",{number},\"{}\"]", "x".repeat(length(number)));
            assert_eq!(client.next().await, text);
            assert!(client.next().await.starts_with("451-"));
            assert_eq!(client.got().await, Got::Binary(vec![7; length(number)]));
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_one_of_many_that_does_not_read_holds_nobody_up() {
    let served = serve_with(Options { output_hard_bytes: 200_000, ..quick() }).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(served.connected_with(r#"{"room":"all"}"#).await);
    }
    join_all(clients.iter_mut().map(async |client| drop(client.next().await))).await;
    let silent = clients.pop();
    let text = "x".repeat(50_000);
    let mut told = 0;
    while !served.world.notes().iter().any(|note| note.starts_with("disc")) {
        served.io.to("all").emit("told", &(&text,));
        join_all(clients.iter_mut().map(async |client| assert!(client.next().await.starts_with("42")))).await;
        told += 1;
        assert!(told < 1_000, "it is never cut off");
    }
    served.world.heard("disconnected: overrun, 0 rooms").await;
    assert_eq!(served.io.to("all").count(), 99);
    drop(silent);
}
