//! Section 5: namespaces.

use crate::support::{Got, serve};

#[tokio::test]
async fn s5_a_client_enters_namespaces_by_name() {
    let served = serve().await;
    let mut client = served.connected_with(r#"{"name":"Ann"}"#).await;
    served.world.heard("connected Ann").await;
    assert_eq!((client.sid.len(), client.pid.clone()), (22, None));
    client.send("40/other,").await;
    assert!(client.next().await.starts_with("40/other,{\"sid\":\""));
    client.send("42/other,7[\"echo\",1]").await;
    assert_eq!(client.next().await, "43/other,7[1]");
    client.send("40/nowhere,{}").await;
    assert_eq!(client.next().await, "44/nowhere,{\"message\":\"Invalid namespace\"}");
    assert_eq!(client.call("[\"echo\",2]").await, "[2]");
}

#[tokio::test]
async fn s5_who_is_refused_hears_why_and_may_try_again() {
    let served = serve().await;
    *served.world.barred.lock() = true;
    let mut client = served.web_socket().await;
    client.send("40").await;
    assert_eq!(client.next().await, r#"44{"data":{"code":7},"message":"Barred"}"#);
    assert_eq!(served.io.sockets(), 0);
    *served.world.barred.lock() = false;
    client.enter("").await;
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
    client.cut();
    served.world.heard("disconnected: transport error, 0 rooms").await;
}

#[tokio::test]
async fn s5_a_panic_refuses() {
    let served = serve().await;
    let mut client = served.web_socket().await;
    client.send(r#"40{"panic":true}"#).await;
    assert_eq!(client.next().await, r#"44{"message":"Internal server error"}"#);
}

#[tokio::test]
async fn s5_events_wait_until_the_client_is_let_in() {
    let served = serve().await;
    let mut client = served.web_socket().await;
    client.send(r#"40{"slowly":100,"room":"r"}"#).await;
    client.send("421[\"rooms\"]").await;
    assert!(client.next().await.starts_with("40{"));
    assert_eq!(client.next().await, "42[\"welcome\",\"r\"]");
    assert_eq!(client.next().await, "431[[\"r\"]]");
}

#[tokio::test]
async fn s5_what_a_room_hears_while_a_client_is_let_in_comes_after_the_connect() {
    let served = serve().await;
    let mut client = served.web_socket().await;
    client.send(r#"40{"slowly":0,"room":"r"}"#).await;
    served.world.heard("connected somebody").await;
    served.io.to("r").emit("told", &(1,));
    assert!(client.next().await.starts_with("40{"));
    assert_eq!(client.next().await, "42[\"welcome\",\"r\"]");
    assert_eq!(client.next().await, "42[\"told\",1]");
}

#[tokio::test]
async fn s5_what_is_out_of_place_ends_the_connection() {
    let served = serve().await;
    for wrong in ["42[\"echo\"]", "41", "43[]", "4abc", "44{}"] {
        let mut client = served.web_socket().await;
        client.send(wrong).await;
        assert_eq!(client.got().await, Got::Close, "{wrong}");
    }
    for wrong in
        ["40", "42", "42{}", "42[]", "42abc[\"echo\"]", "42[\"connect\"]", "44{}", "4", "42[\"a\u{1e}\"]"]
    {
        let mut client = served.connected().await;
        client.send(wrong).await;
        assert_eq!(client.got().await, Got::Close, "{wrong}");
    }
    served.world.until(|notes| notes.iter().filter(|note| note.contains("parse error")).count() == 9).await;
}
