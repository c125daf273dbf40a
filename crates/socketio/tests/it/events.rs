//! Section 6: events and acknowledgements. Section 7: binary data.

use std::time::Duration;

use socketio::Options;

use crate::support::{Got, quick, serve, serve_with, within};

#[tokio::test]
async fn s6_what_a_handler_returns_is_the_acknowledgement() {
    let served = serve().await;
    let mut client = served.connected().await;
    assert_eq!(client.call("[\"echo\",1,\"2\",{\"3\":[true]}]").await, "[1,\"2\",{\"3\":[true]}]");
    assert_eq!(client.call("[\"note\",\"x\"]").await, "[]");
    assert_eq!(client.call("[\"add\",1,2,\"more\"]").await, "[3]");
    assert_eq!(client.call("[\"add\",1]").await, "[2]");
    client.send("42[\"echo\",\"nobody waits for this\"]").await;
    assert_eq!(client.call("[\"echo\"]").await, "[]");
}

#[tokio::test]
async fn s6_a_handler_knows_whether_an_acknowledgement_is_wanted() {
    let served = serve().await;
    let mut client = served.connected().await;
    assert_eq!(client.call("[\"ack?\"]").await, "[\"early\"]");
    client.send("42[\"ack?\"]").await;
    served.world.heard("wants an ack: true").await;
    served.world.heard("wants an ack: false").await;
    assert_eq!(client.call("[\"echo\",1]").await, "[1]", "there was one only");
}

#[tokio::test]
async fn s6_what_goes_wrong_reaches_one_place() {
    let served = serve().await;
    let mut client = served.connected().await;
    for (event, error) in [
        ("[\"add\",\"x\"]", "[\"add\",\"arguments: invalid type: string \\\"x\\\", expected i64"),
        ("[\"add\"]", "[\"add\",\"arguments: an argument is missing"),
        ("[\"fail\",\"no\"]", "[\"fail\",\"no\"]"),
        ("[\"panic\",\"as asked\"]", "[\"panic\",\"panicked\"]"),
        ("[\"nobody\"]", "[\"nobody\",\"nobody\"]"),
    ] {
        client.send(&format!("421{event}")).await;
        let heard = client.next().await;
        assert!(heard.starts_with(&format!("42[\"error\",{}", &error[1..])), "{heard}");
        assert_eq!(client.next().await, "431[\"failed\"]", "what fails may be acknowledged, too");
    }
    assert_eq!(client.call("[\"echo\",1]").await, "[1]");
    client.send("40/other,").await;
    client.next().await;
    client.send("42/other,1[\"unheard of\"]").await;
    client.send("42/other,2[\"echo\"]").await;
    assert_eq!(client.next().await, "43/other,2[]", "without a hook nothing is sent");
}

#[tokio::test]
async fn s6_a_fallback_takes_what_has_no_handler() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("421[\"anything\",1,{}]").await;
    assert_eq!(client.next().await, "42[\"fallback\",\"anything\",[1,{}]]");
    assert_eq!(client.next().await, "431[\"anything\"]");
}

#[tokio::test]
async fn s6_events_of_a_client_are_handled_one_after_another_and_those_of_others_beside() {
    let served = serve().await;
    let (mut ann, mut ben) = (served.connected().await, served.connected().await);
    ann.send("40/other,").await;
    ann.next().await;
    ann.send("421[\"wait\"]").await;
    ann.send("422[\"echo\",\"after\"]").await;
    served.world.heard("waiting").await;
    assert_eq!(ben.call("[\"echo\",\"beside\"]").await, "[\"beside\"]");
    ann.send("42/other,1[\"echo\"]").await;
    assert_eq!(ann.next().await, "43/other,1[]", "another namespace is another socket");
    served.world.gate.notify_one();
    assert_eq!(ann.next().await, "431[\"waited\"]");
    assert_eq!(ann.next().await, "432[\"after\"]");
}

#[tokio::test]
async fn s6_answers_reach_a_handler_that_waits_for_them() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("429[\"ask\",\"why\",5000]").await;
    client.send("428[\"echo\",\"after\"]").await;
    assert_eq!(client.next().await, "421[\"question\",\"why\"]");
    client.send("437[\"nobody asked\"]").await;
    client.send("431[\"because\"]").await;
    client.send("431[\"twice\"]").await;
    assert_eq!(client.next().await, "439[\"because\"]");
    assert_eq!(client.next().await, "438[\"after\"]");
}

#[tokio::test]
async fn s6_answers_are_found_behind_what_has_to_wait() {
    let served = serve_with(Options { input_buffer_bytes: 2_000, ..quick() }).await;
    let mut client = served.connected().await;
    client.send("429[\"ask\",\"why\",10000]").await;
    assert_eq!(client.next().await, "421[\"question\",\"why\"]");
    for _ in 0..20 {
        client.send(&format!("42[\"note\",\"{}\"]", "x".repeat(200))).await;
    }
    client.send("431[\"because\"]").await;
    assert_eq!(client.next().await, "439[\"because\"]");
    served.world.until(|notes| notes.len() == 21).await;
}

#[tokio::test]
async fn s6_a_question_without_an_answer_fails() {
    let served = serve().await;
    let mut client = served.connected().await;
    client.send("429[\"ask\",\"why\",20]").await;
    client.next().await;
    assert_eq!(client.next().await, "439[\"the client did not answer in time\"]");
    client.send("42[\"keep\"]").await;
    assert_eq!(client.call("[\"echo\"]").await, "[]");
    let kept = served.world.kept.lock().pop().unwrap();
    let asking = tokio::spawn({
        let kept = kept.clone();
        async move { kept.emit_with_ack::<(), _>("question", &(), Duration::from_secs(10)).await }
    });
    assert_eq!(client.next().await, "422[\"question\"]");
    client.cut();
    let error = within(asking).await.unwrap().unwrap_err();
    assert!(matches!(error, socketio::AckError::Gone), "{error}");
    let error = kept.emit_with_ack::<(), _>("question", &(), Duration::from_secs(10)).await.unwrap_err();
    assert!(matches!(error, socketio::AckError::Gone), "{error}");
}

#[tokio::test]
async fn s7_binary_data_go_both_ways() {
    let served = serve().await;
    let mut client = served.connected().await;
    client
        .send("452-5[\"echo\",{\"_placeholder\":true,\"num\":1},{\"a\":{\"_placeholder\":true,\"num\":0}}]")
        .await;
    client.send_binary(&[1, 2]).await;
    client.send_binary(&[3]).await;
    let text = "462-5[{\"_placeholder\":true,\"num\":1},{\"a\":{\"_placeholder\":true,\"num\":0}}]";
    assert_eq!(client.next().await, text);
    assert_eq!(client.got().await, Got::Binary(vec![1, 2]));
    assert_eq!(client.got().await, Got::Binary(vec![3]));
    client.send("451-1[\"reverse\",{\"_placeholder\":true,\"num\":0}]").await;
    client.send_binary(&[1, 2, 3]).await;
    assert_eq!(client.next().await, "461-1[{\"_placeholder\":true,\"num\":0}]");
    assert_eq!(client.got().await, Got::Binary(vec![3, 2, 1]));
    client.send("421[\"reverse\",{\"_placeholder\":true,\"num\":0}]").await;
    assert!(
        client.next().await.starts_with("42[\"error\",\"reverse\",\"arguments: there are no binary data")
    );
}

#[tokio::test]
async fn s7_attachments_out_of_place_end_the_connection() {
    let served = serve().await;
    for wrong in [
        &["451-[\"echo\",{\"_placeholder\":true,\"num\":0}]", "42[\"echo\"]"][..],
        &["4511-[\"echo\"]"][..],
        &["45-[\"echo\"]"][..],
        &["452-[\"echo\",{\"_placeholder\":true,\"num\":7}]", "bAA==", "bAA=="][..],
        &["bAA=="][..],
    ] {
        let mut client = served.connected().await;
        for packet in wrong {
            client.send(packet).await;
        }
        assert_eq!(client.got().await, Got::Close, "{wrong:?}");
    }
}
