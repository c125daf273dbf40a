//! Section 10: connection state recovery.

use std::time::Duration;

use socketio::{Offer, Options, Recovery};

use crate::support::{Client, Served, offset, plain, quick, recoverable, serve, serve_with};

fn with(recovery: Recovery) -> Options {
    Options { recovery: Some(recovery), ..quick() }
}

/// A client in the room `r`, and the offset of the one event it has heard.
async fn ann(served: &Served) -> (Client, String) {
    let mut ann = served.connected_with(r#"{"room":"r"}"#).await;
    let welcome = ann.next().await;
    assert_eq!(plain(&welcome), "42[\"welcome\",\"r\"]");
    (ann, offset(&welcome))
}

async fn gone(served: &Served, times: usize) {
    served.world.until(|notes| notes.iter().filter(|note| note.starts_with("disc")).count() == times).await;
}

#[tokio::test]
async fn s10_who_comes_back_finds_rooms_data_and_all_that_was_missed() {
    let served = serve_with(recoverable()).await;
    let (mut ann, offset) = ann(&served).await;
    ann.call("[\"set\",\"kept\"]").await;
    let (sid, pid, pass) = (ann.sid.clone(), ann.pid.clone(), ann.pass(Some(&offset)));
    served.io.to("r").emit("told", &(1,));
    ann.cut();
    served.world.heard("disconnected: transport error, 1 rooms").await;
    assert_eq!((served.io.sockets(), served.io.to("r").count()), (0, 0), "who is away is not here");
    assert_eq!(served.io.to("r").emit("told", &(2,)), 0);
    served.io.socket(&sid).emit("told", &(3,));
    served.io.to("r").except(&sid).emit("told", &("not for her",));
    served.io.all().emit("told", &(4,));
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_eq!((&again.sid, &again.pid), (&sid, &pid));
    for number in 1..=4 {
        assert_eq!(plain(&again.next().await), format!("42[\"told\",{number}]"));
    }
    assert_eq!(again.call("[\"rooms\"]").await, "[[\"r\"]]");
    assert_eq!(again.call("[\"get\"]").await, "[\"kept\"]");
    served.world.heard("recovered somebody").await;
    assert_eq!(served.io.to("r").emit("told", &(5,)), 1);
    assert_eq!(plain(&again.next().await), "42[\"told\",5]");
}

#[tokio::test]
async fn s10_what_was_heard_does_not_come_again() {
    let served = serve_with(recoverable()).await;
    let (mut ann, _) = ann(&served).await;
    for number in 1..=5 {
        served.io.to("r").emit("told", &(number,));
    }
    let mut third = String::new();
    for number in 1..=5 {
        let heard = ann.next().await;
        if number == 3 {
            third = offset(&heard);
        }
    }
    let pass = ann.pass(Some(&third));
    ann.cut();
    gone(&served, 1).await;
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_eq!(plain(&again.next().await), "42[\"told\",4]");
    assert_eq!(plain(&again.next().await), "42[\"told\",5]");
    assert_eq!(again.call("[\"echo\"]").await, "[]");
}

#[tokio::test]
async fn s10_a_client_that_has_heard_nothing_yet_is_recovered_too() {
    let served = serve_with(recoverable()).await;
    let mut ann = served.connected().await;
    ann.call("[\"join\",\"r\"]").await;
    let pass = ann.pass(None);
    ann.cut();
    gone(&served, 1).await;
    served.io.to("r").emit("told", &(1,));
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_eq!(plain(&again.next().await), "42[\"told\",1]");
}

#[tokio::test]
async fn s10_a_client_keeps_the_offset_of_an_earlier_life() {
    let served = serve_with(recoverable()).await;
    let mut ann =
        served.connected_with(r#"{"pid":"0123456789012345678901","offset":"00000000000000ff"}"#).await;
    ann.call("[\"join\",\"r\"]").await;
    let pass = ann.pass(Some("00000000000000ff"));
    ann.cut();
    gone(&served, 1).await;
    served.io.to("r").emit("told", &(1,));
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_eq!(again.sid.len(), 22);
    assert_eq!(plain(&again.next().await), "42[\"told\",1]");
}

#[tokio::test]
async fn s10_a_client_may_come_back_before_its_loss_is_noticed() {
    let served = serve_with(recoverable()).await;
    let (mut before, offset) = ann(&served).await;
    served.io.to("r").emit("told", &(1,));
    let mut again = served.web_socket().await;
    again.enter(&before.pass(Some(&offset))).await;
    assert_eq!(again.sid, before.sid);
    assert_eq!(plain(&again.next().await), "42[\"told\",1]");
    assert_eq!(plain(&before.closed().await[0]), "42[\"told\",1]", "the old one is closed");
    assert_eq!(again.call("[\"echo\",1]").await, "[1]");
    let notes = served.world.notes();
    assert_eq!(notes[1..], ["disconnected: transport close, 1 rooms", "recovered somebody"]);
    assert_eq!(served.io.sockets(), 1);
}

#[tokio::test]
async fn s10_the_product_may_refuse_who_comes_back() {
    let served = serve_with(recoverable()).await;
    let (ann, offset) = ann(&served).await;
    let (sid, pass) = (ann.sid.clone(), ann.pass(Some(&offset)));
    ann.cut();
    gone(&served, 1).await;
    served.io.to("r").emit("told", &("secret",));
    *served.world.barred.lock() = true;
    let mut again = served.web_socket().await;
    again.send(&format!("40{pass}")).await;
    assert_eq!(again.next().await, r#"44{"data":{"code":7},"message":"Barred"}"#);
    *served.world.barred.lock() = false;
    again.enter(&pass).await;
    assert_ne!(again.sid, sid);
    assert_eq!(again.call("[\"rooms\"]").await, "[[]]", "nothing is left of the socket");
}

#[tokio::test]
async fn s10_who_was_sent_away_while_away_does_not_come_back() {
    let served = serve_with(recoverable()).await;
    let (ann, offset) = ann(&served).await;
    let (sid, pass) = (ann.sid.clone(), ann.pass(Some(&offset)));
    ann.cut();
    gone(&served, 1).await;
    served.io.to("r").disconnect();
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_ne!(again.sid, sid);
    assert_eq!(served.world.notes().len(), 3, "on_disconnect has run already");
}

#[tokio::test]
async fn s10_where_something_is_missing_a_client_begins_anew() {
    let limits = [
        Recovery { max_packets: 3, ..Recovery::default() },
        Recovery { max_bytes: 120, ..Recovery::default() },
        Recovery { max_total_bytes: 120, ..Recovery::default() },
        Recovery { max_waiting: 0, ..Recovery::default() },
    ];
    for recovery in limits {
        let named = format!("{recovery:?}");
        let served = serve_with(with(recovery)).await;
        let (ann, offset) = ann(&served).await;
        let (sid, pass) = (ann.sid.clone(), ann.pass(Some(&offset)));
        ann.cut();
        gone(&served, 1).await;
        for number in 0..4 {
            served.io.to("r").emit("told", &(number,));
        }
        let mut again = served.web_socket().await;
        again.enter(&pass).await;
        assert_ne!(again.sid, sid, "{named}");
        assert_eq!(again.call("[\"rooms\"]").await, "[[]]", "{named}");
    }
}

#[tokio::test]
async fn s10_an_offset_from_elsewhere_or_from_long_ago_recovers_nothing() {
    let recovery = Recovery { max_packets: 2, ..Recovery::default() };
    for from in ["0000000000000001", "a word", "old"] {
        let served = serve_with(with(recovery.clone())).await;
        let (mut ann, first) = ann(&served).await;
        for number in 0..4 {
            served.io.to("r").emit("told", &(number,));
            ann.next().await;
        }
        let (sid, pass) = (ann.sid.clone(), ann.pass(Some(if from == "old" { &first } else { from })));
        ann.cut();
        gone(&served, 1).await;
        let mut again = served.web_socket().await;
        again.enter(&pass).await;
        assert_ne!(again.sid, sid, "{from}");
    }
}

#[tokio::test]
async fn s10_an_answered_ping_confirms_what_came_before_it() {
    let options = Options { ping_interval: Duration::from_millis(100), ..recoverable() };
    let served = serve_with(options).await;
    let (mut ann, first) = ann(&served).await;
    served.io.to("r").emit("told", &(1,));
    let last = offset(&ann.next().await);
    for _ in 0..2 {
        assert_eq!(ann.next().await, "2");
        ann.send("3").await;
    }
    let (sid, stale, pass) = (ann.sid.clone(), ann.pass(Some(&first)), ann.pass(Some(&last)));
    assert_ne!(stale, pass);
    ann.cut();
    gone(&served, 1).await;
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_eq!(again.sid, sid);
    again.cut();
    gone(&served, 2).await;
    let mut again = served.web_socket().await;
    again.enter(&stale).await;
    assert_ne!(again.sid, sid, "what was confirmed is not kept");
}

#[tokio::test]
async fn s10_who_comes_too_late_begins_anew() {
    let served =
        serve_with(with(Recovery { max_disconnection: Duration::from_millis(50), ..Recovery::default() }))
            .await;
    let (ann, offset) = ann(&served).await;
    let (sid, pass) = (ann.sid.clone(), ann.pass(Some(&offset)));
    ann.cut();
    gone(&served, 1).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(served.io.socket(&sid).ids(), []);
    let mut again = served.web_socket().await;
    again.enter(&pass).await;
    assert_ne!(again.sid, sid);
    assert_eq!(served.world.notes().len(), 3, "nothing more was told of the first");
}

#[tokio::test]
async fn s10_a_purposeful_end_is_one() {
    let served = serve_with(recoverable()).await;
    for how in ["41", "4abc"] {
        let (mut ann, offset) = ann(&served).await;
        ann.send(how).await;
        served.world.until(|notes| notes.last().is_some_and(|note| note.contains("0 rooms"))).await;
        let mut again = served.web_socket().await;
        again.enter(&ann.pass(Some(&offset))).await;
        assert_ne!(again.sid, ann.sid, "{how}");
        again.send("41").await;
        let ended = |notes: &[String]| notes.iter().filter(|note| note.contains("client namespace")).count();
        let expected = ended(&served.world.notes()).max(1);
        served.world.until(|notes| ended(notes) >= expected).await;
    }
}

#[tokio::test]
async fn s10_a_client_comes_back_by_another_transport() {
    let served = serve_with(recoverable()).await;
    let (ann, offset) = ann(&served).await;
    let (sid, pass) = (ann.sid.clone(), ann.pass(Some(&offset)));
    ann.cut();
    gone(&served, 1).await;
    served.io.to("r").emit("told", &(1,));
    let polling = served.polling().await;
    polling.post(format!("40{pass}")).await;
    let (_, payload) = polling.get().await;
    let mut packets = payload.split('\u{1e}');
    assert!(packets.next().unwrap().contains(&sid));
    assert_eq!(plain(packets.next().unwrap()), "42[\"told\",1]");
}

#[tokio::test]
async fn s10_questions_and_acknowledgements_are_not_marked() {
    let served = serve_with(recoverable()).await;
    let (mut ann, _) = ann(&served).await;
    assert_eq!(ann.call("[\"echo\",1]").await, "[1]");
    ann.send("429[\"ask\",\"why\",5000]").await;
    assert_eq!(ann.next().await, "421[\"question\",\"why\"]");
}

#[tokio::test]
async fn s10_it_is_offered_to_whom_the_product_chooses() {
    let offer = Offer::to(|request, auth| request.headers().contains_key("x-test") && auth["plain"] != true);
    let served = serve_with(with(Recovery { offer, ..Recovery::default() })).await;
    let mut ann = served.connected_with(r#"{"room":"r"}"#).await;
    let mut ben = served.connected_with(r#"{"room":"r","plain":true}"#).await;
    assert!(ann.pid.is_some() && ben.pid.is_none());
    assert_eq!(ben.next().await, "42[\"welcome\",\"r\"]");
    ann.next().await;
    assert_eq!(served.io.to("r").emit("told", &(1,)), 2);
    assert_eq!(ben.next().await, "42[\"told\",1]", "every event is as it is");
    let heard = ann.next().await;
    assert_eq!((plain(&heard).as_str(), offset(&heard).len()), ("42[\"told\",1]", 16));
    ben.cut();
    served.world.heard("disconnected: transport error, 0 rooms").await;
}

#[tokio::test]
async fn s10_where_it_is_off_nothing_is_offered() {
    let served = serve().await;
    let mut ann = served.connected_with(r#"{"room":"r","pid":"x","offset":"y"}"#).await;
    assert_eq!(ann.pid, None);
    assert_eq!(ann.next().await, "42[\"welcome\",\"r\"]");
}
