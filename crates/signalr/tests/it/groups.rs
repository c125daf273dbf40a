//! Pushes and groups.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde::{Serialize, Serializer};
use signalr::Transport;

use crate::support::serve;

fn event(text: &str) -> String {
    format!(r#"{{"type":1,"target":"News","arguments":["{text}"]}}"#)
}

#[tokio::test]
async fn who_is_in_a_group_hears_and_nobody_else() {
    let server = serve().await;
    let mut members = Vec::new();
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.call("Join", r#"["room"]"#).await;
        members.push(client);
    }
    let mut other = server.client(Transport::WebSockets).await;
    other.call("Join", r#"["Room"]"#).await;
    assert_eq!(server.hub.group("room").send("News", &("a",)), 3);
    assert_eq!(server.hub.all().send("News", &("b",)), 4);
    for client in &mut members {
        assert_eq!(client.next().await, event("a"));
        assert_eq!(client.next().await, event("b"));
    }
    assert_eq!(other.next().await, event("b"));
}

#[tokio::test]
async fn one_may_be_left_out() {
    let server = serve().await;
    let mut one = server.client(Transport::WebSockets).await;
    let mut two = server.client(Transport::WebSockets).await;
    for client in [&mut one, &mut two] {
        client.call("Join", r#"["room"]"#).await;
    }
    assert_eq!(one.call("TellOthers", r#"["room","x"]"#).await, r#""result":1"#, "and nothing before it");
    assert_eq!(two.next().await, event("x"));
    let nobody_left = server.hub.client(&one.id).except(&one.id);
    assert!(nobody_left.is_empty());
    assert_eq!(nobody_left.send("News", &("x",)), 0);
}

#[tokio::test]
async fn a_connection_is_reached_by_its_id() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(client.call("Id", "[]").await, format!(r#""result":"{}""#, client.id));
    assert_eq!(server.hub.client(&client.id).send("News", &("x",)), 1);
    assert_eq!(client.next().await, event("x"));
    for nobody in ["nobody", "AAAAAAAAAAAAAAAAAAAAAA", ""] {
        assert_eq!(server.hub.client(nobody).send("News", &("x",)), 0);
    }
}

#[tokio::test]
async fn joining_twice_is_joining_once() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.call("Join", r#"["room"]"#).await;
    client.call("Join", r#"["room"]"#).await;
    assert_eq!(server.hub.group("room").send("News", &("a",)), 1);
    assert_eq!(client.next().await, event("a"));
    client.call("Leave", r#"["room"]"#).await;
    assert!(server.hub.group("room").is_empty());
    client.call("Leave", r#"["room"]"#).await;
    assert_eq!(server.hub.group("room").send("News", &("b",)), 0);
}

#[tokio::test]
async fn an_event_is_written_once_for_all_and_never_for_nobody() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Serialize for Counted<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, SeqCst);
            to.serialize_str("x")
        }
    }
    let server = serve().await;
    let written = AtomicUsize::new(0);
    server.hub.group("room").send("News", &(Counted(&written),));
    server.hub.all().send("News", &(Counted(&written),));
    assert_eq!(written.load(SeqCst), 0);
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = server.client(Transport::WebSockets).await;
        client.call("Join", r#"["room"]"#).await;
        clients.push(client);
    }
    server.hub.group("room").send("News", &(Counted(&written),));
    assert_eq!(written.load(SeqCst), 1);
    for client in &mut clients {
        assert_eq!(client.next().await, event("x"));
    }
}

#[tokio::test]
async fn pushes_arrive_in_the_order_they_were_sent() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        for index in 0..500 {
            server.hub.client(&client.id).send("News", &(index.to_string(),));
        }
        for index in 0..500 {
            assert_eq!(client.next().await, event(&index.to_string()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pushes_to_many_arrive_in_the_order_they_were_sent() {
    const MEMBERS: usize = 150;
    const EVENTS: usize = 200;
    let server = serve().await;
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        let mut client = server.client(Transport::WebSockets).await;
        client.call("Join", r#"["room"]"#).await;
        members.push(client);
    }
    // Two at once, so that sockets are written to by several tasks and by sessions that answer meanwhile.
    let sending = ["a", "b"].map(|name| {
        let hub = server.hub.clone();
        tokio::spawn(async move {
            for number in 0..EVENTS {
                assert_eq!(hub.group("room").send("News", &(format!("{name}{number}"),)), MEMBERS);
                tokio::task::yield_now().await;
            }
        })
    });
    let hearing = members.into_iter().map(|mut client| {
        tokio::spawn(async move {
            client.send(r#"{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}"#).await;
            let mut heard = [0, 0];
            let mut answers = 0;
            while answers + heard.iter().sum::<usize>() < 2 * EVENTS + 1 {
                let message = client.next().await;
                match ["a", "b"]
                    .iter()
                    .position(|name| message == event(&format!("{name}{}", heard[usize::from(*name == "b")])))
                {
                    Some(sender) => heard[sender] += 1,
                    None => {
                        assert_eq!(message, r#"{"type":3,"invocationId":"1","result":"x"}"#);
                        answers += 1;
                    }
                }
            }
            (heard, answers)
        })
    });
    for heard in futures_util::future::join_all(hearing).await {
        assert_eq!(heard.unwrap(), ([EVENTS; 2], 1));
    }
    for sent in sending {
        sent.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_that_does_not_read_holds_nobody_up_and_loses_nothing() {
    const EVENTS: usize = 30;
    let server = serve().await;
    let mut members = Vec::new();
    for _ in 0..40 {
        let mut client = server.client(Transport::WebSockets).await;
        client.call("Join", r#"["room"]"#).await;
        members.push(client);
    }
    // More than a socket takes, and less than what a client is cut off for.
    let large = "x".repeat(30_000);
    let mut late = members.split_off(39);
    for number in 0..EVENTS {
        server.hub.group("room").send("News", &(format!("{number}{large}"),));
        for client in &mut members {
            assert_eq!(client.next().await, event(&format!("{number}{large}")));
        }
    }
    for number in 0..EVENTS {
        assert_eq!(late[0].next().await, event(&format!("{number}{large}")));
    }
}

/// The hub's owner may be anywhere, also where no runtime is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_without_a_runtime_may_send_to_many() {
    let server = serve().await;
    let mut members = Vec::new();
    for _ in 0..40 {
        let mut client = server.client(Transport::WebSockets).await;
        client.call("Join", r#"["room"]"#).await;
        members.push(client);
    }
    let hub = server.hub.clone();
    let sent = std::thread::spawn(move || hub.group("room").send("News", &("x",))).join().unwrap();
    assert_eq!(sent, 40);
    for client in &mut members {
        assert_eq!(client.next().await, event("x"));
    }
}

#[tokio::test]
async fn connections_are_counted_from_handshake_to_end() {
    let server = serve().await;
    let attached = server.attach(Transport::WebSockets).await;
    assert_eq!(server.hub.connections(), 0);
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(server.hub.connections(), 1);
    client.send(r#"{"type":7}"#).await;
    client.rest().await;
    server.world.until(|_| server.hub.connections() == 0).await;
    drop(attached);
}
