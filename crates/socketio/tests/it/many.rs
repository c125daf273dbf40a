//! Section 5: nothing that comes right after the connect is dropped, however many come at once.

use futures_util::future::join_all;

use crate::support::serve;

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
