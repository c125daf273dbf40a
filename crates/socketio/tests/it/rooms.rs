//! Section 8: rooms.

use serde_json::json;
use socketio::{Binary, Options};

use crate::support::{Got, quick, serve, serve_with};

#[tokio::test]
async fn s8_rooms_are_joined_told_and_left() {
    let served = serve().await;
    let (mut ann, mut ben, mut cid) =
        (served.connected().await, served.connected().await, served.connected().await);
    assert_eq!(ann.call("[\"join\",\"r\"]").await, "[]");
    assert_eq!(ann.call("[\"join\",\"r\"]").await, "[]", "joining twice is joining once");
    ben.call("[\"join\",\"r\"]").await;
    ben.call("[\"join\",\"s\"]").await;
    assert_eq!(ben.call("[\"rooms\"]").await, "[[\"r\",\"s\"]]");
    assert_eq!(ann.call("[\"tell others\",\"r\",1]").await, "[1]");
    assert_eq!(ben.next().await, "42[\"told\",1]");
    assert_eq!(served.io.to("r").to("s").emit("both", &()), 2, "nobody hears twice");
    assert_eq!((ann.next().await, ben.next().await), ("42[\"both\"]".into(), "42[\"both\"]".into()));
    assert_eq!(served.io.to("r").to("s").except(&ben.sid).count(), 1);
    assert_eq!(cid.call("[\"broadcast\",2]").await, "[2]");
    assert_eq!((ann.next().await, ben.next().await), ("42[\"told\",2]".into(), "42[\"told\",2]".into()));
    ben.call("[\"leave\",\"r\"]").await;
    assert_eq!(served.io.to("r").emit("told", &(3,)), 1);
    ben.call("[\"leave all\"]").await;
    assert_eq!(ben.call("[\"rooms\"]").await, "[[]]");
    assert_eq!(served.io.to("s").emit("told", &(3,)), 0);
    assert_eq!(served.io.socket(&cid.sid).emit("you", &()), 1);
    assert_eq!(cid.next().await, "42[\"you\"]");
    assert_eq!(served.io.socket("nobody").emit("you", &()), 0);
    assert_eq!(served.io.sockets(), 3);
}

#[tokio::test]
async fn s8_one_event_has_one_form_for_both_transports() {
    let served = serve().await;
    let mut ann = served.connected_with(r#"{"room":"r"}"#).await;
    ann.next().await;
    let ben = served.polling().await;
    ben.enter().await;
    ben.post("42[\"join\",\"r\"]").await;
    while served.io.to("r").count() < 2 {
        tokio::task::yield_now().await;
    }
    served.io.to("r").emit("told", &(json!({ "é": 1 }), Binary::from("xyz")));
    let text = "451-[\"told\",{\"é\":1},{\"_placeholder\":true,\"num\":0}]";
    assert_eq!(ann.next().await, text);
    assert_eq!(ann.got().await, Got::Binary(b"xyz".to_vec()));
    assert_eq!(ben.get().await.1, format!("{text}\u{1e}beHl6"));
}

#[tokio::test]
async fn s8_who_is_gone_is_in_no_room() {
    let served = serve().await;
    let mut client = served.connected_with(r#"{"room":"r"}"#).await;
    client.send("42[\"keep\"]").await;
    client.next().await;
    client.call("[\"echo\"]").await;
    client.cut();
    served.world.heard("disconnected: transport error, 0 rooms").await;
    assert_eq!((served.io.to("r").count(), served.io.sockets()), (0, 0));
    let kept = served.world.kept.lock().pop().unwrap();
    kept.join("s").unwrap();
    assert_eq!((kept.rooms().len(), served.io.to("s").count()), (0, 0));
    assert!(!kept.is_connected());
}

#[tokio::test]
async fn s8_a_socket_is_in_so_many_rooms_and_no_more() {
    let served = serve_with(Options { max_rooms: 2, ..quick() }).await;
    let mut client = served.connected().await;
    for room in ["a", "b", "b"] {
        assert_eq!(client.call(&format!("[\"join\",\"{room}\"]")).await, "[]");
    }
    client.send("421[\"join\",\"c\"]").await;
    assert_eq!(client.next().await, "42[\"error\",\"join\",\"the socket is in too many rooms\"]");
}

#[tokio::test]
async fn s8_a_value_cannot_pass_for_binary_data() {
    let served = serve().await;
    let mut client = served.connected().await;
    let forged = json!({ "_placeholder": true, "num": 9 });
    served.io.all().emit("told", &(forged.clone(), Binary::from("x")));
    served.io.all().emit("told", &(forged,));
    assert_eq!(client.next().await, "42[\"told\",{\"_placeholder\":true,\"num\":9}]");
}
