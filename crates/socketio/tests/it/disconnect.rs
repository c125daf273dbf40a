//! Section 9: leaving, and being sent away.

use crate::support::{Got, recoverable, serve, serve_with};

#[tokio::test]
async fn s9_a_client_leaves_one_namespace_and_stays_in_the_other() {
    let served = serve().await;
    let mut client = served.connected_with(r#"{"room":"r"}"#).await;
    client.next().await;
    client.send("40/other,").await;
    client.next().await;
    client.send("42[\"note\",\"before\"]").await;
    client.send("41").await;
    served.world.heard("disconnected: client namespace disconnect, 0 rooms").await;
    assert_eq!(served.world.notes()[1], "before");
    client.send("42/other,1[\"echo\",1]").await;
    assert_eq!(client.next().await, "43/other,1[1]");
    client.enter("").await;
    assert_eq!(client.call("[\"rooms\"]").await, "[[]]");
}

#[tokio::test]
async fn s9_who_is_sent_away_hears_what_was_said_before_and_nothing_after() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("421[\"kick\"]").await;
    assert_eq!(client.next().await, "42[\"last\"]");
    assert_eq!(client.next().await, "41");
    served.world.heard("disconnected: server namespace disconnect, 0 rooms").await;
    // What was on its way is ignored, and the connection goes on.
    client.send("422[\"echo\",1]").await;
    client.send("41").await;
    client.send("40/other,").await;
    assert!(client.next().await.starts_with("40/other,"));
}

#[tokio::test]
async fn s9_a_room_is_sent_away_and_what_its_members_sent_is_dropped() {
    let served = serve_with(recoverable()).await;
    let mut client = served.connected_with(r#"{"room":"agent"}"#).await;
    client.next().await;
    client.send("42[\"wait\"]").await;
    client.send("42[\"note\",\"too late\"]").await;
    served.world.heard("waiting").await;
    while served.io.to("agent").count() == 0 {
        tokio::task::yield_now().await;
    }
    // The second event has to have come.
    client.send("40/other,").await;
    client.next().await;
    served.io.to("agent").disconnect();
    assert_eq!(client.next().await, "41");
    assert_eq!((served.io.to("agent").count(), served.io.sockets()), (0, 0));
    served.world.gate.notify_one();
    served.world.heard("disconnected: server namespace disconnect, 0 rooms").await;
    assert!(!served.world.notes().contains(&"too late".to_owned()));
    let pass = client.pass(None);
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_ne!(again.sid, client.sid, "nobody comes back from that");
    assert_eq!(again.call("[\"rooms\"]").await, "[[]]");
}

#[tokio::test]
async fn s9_on_disconnect_runs_once_for_each_time_a_client_was_let_in() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("41").await;
    client.send("1").await;
    assert_eq!(client.got().await, Got::Close);
    let mut other = served.web_socket().await;
    other.send(r#"40{"slowly":100}"#).await;
    other.cut();
    served.world.until(|notes| notes.len() == 4).await;
    let mut notes = served.world.notes();
    notes.sort();
    let expected = [
        "connected somebody",
        "connected somebody",
        "disconnected: client namespace disconnect, 0 rooms",
        "disconnected: transport error, 0 rooms",
    ];
    assert_eq!(notes, expected);
}
