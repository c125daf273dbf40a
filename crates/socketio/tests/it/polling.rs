//! Section 3: long polling.

use socketio::Options;

use crate::support::{quick, serve, serve_with, within};

#[tokio::test]
async fn s3_packets_go_both_ways_several_at_a_time() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    let (status, body) = client.post("421[\"echo\",1]\u{1e}422[\"echo\",\"é\"]\u{1e}423[\"add\",1]").await;
    assert_eq!((status, body.as_str()), (200, "ok"));
    served.world.until(|_| true).await;
    let mut got = String::new();
    while got.split('\u{1e}').count() < 3 {
        if !got.is_empty() {
            got.push('\u{1e}');
        }
        got += &client.get().await.1;
    }
    assert_eq!(got, "431[1]\u{1e}432[\"é\"]\u{1e}433[2]");
}

#[tokio::test]
async fn s3_a_payload_has_sixteen_packets_and_the_rest_comes_with_the_next_also_at_the_end() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    for number in 0..40 {
        served.io.all().emit("told", &(number,));
    }
    client.post("4abc").await;
    let mut got = Vec::new();
    for packets in [16, 16, 9] {
        let (status, payload) = client.get().await;
        assert_eq!((status, payload.split('\u{1e}').count()), (200, packets));
        got.extend(payload.split('\u{1e}').map(str::to_owned));
    }
    let expected = (0..40).map(|number| format!("42[\"told\",{number}]")).chain(["1".to_owned()]);
    assert_eq!(got, expected.collect::<Vec<_>>());
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s3_binary_data_are_base64() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    client.post("451-1[\"reverse\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==").await;
    let (_, got) = client.get().await;
    assert_eq!(got, "461-1[{\"_placeholder\":true,\"num\":0}]\u{1e}bBAMCAQ==");
}

#[tokio::test]
async fn s3_a_second_poll_ends_the_connection() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    let (one, other) = (client.waiting(), client.waiting());
    let mut answers = [within(one).await.unwrap(), within(other).await.unwrap()];
    answers.sort();
    assert_eq!(answers[0], (200, "1".to_owned()));
    assert_eq!(answers[1].0, 400);
    assert_eq!(client.get().await.0, 400);
    served.world.heard("disconnected: transport error, 0 rooms").await;
}

#[tokio::test]
async fn s3_a_second_post_ends_the_connection() {
    let served = serve().await;
    let client = served.polling().await;
    let (sender, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    sender.send(Ok(b"40".to_vec())).await.unwrap();
    let body = reqwest::Body::wrap_stream(futures_util::stream::unfold(body, async |mut body| {
        body.recv().await.map(|part| (part, body))
    }));
    let first = tokio::spawn(client.http.post(&client.url).body(body).send());
    // Until the first has begun, others are just posts.
    while client.post("3").await.0 == 200 {}
    drop(sender);
    let _ = within(first).await;
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s3_what_is_no_packet_ends_the_connection() {
    for body in ["abc", "2", "b!", "", "3\u{1e}x"] {
        let served = serve().await;
        let client = served.polling().await;
        client.enter().await;
        assert_eq!(client.post(body).await.0, 400, "{body}");
        assert_eq!(client.get().await.0, 400, "{body}");
        served.world.heard("disconnected: parse error, 0 rooms").await;
    }
    let served = serve().await;
    let client = served.polling().await;
    assert_eq!(client.post(vec![b'4', 0xff]).await.0, 400);
    let client = served.polling().await;
    let binary = client.http.post(&client.url).header("content-type", "application/octet-stream").body("40");
    assert_eq!(binary.send().await.unwrap().status(), 400);
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s3_what_is_no_packet_of_a_namespace_ends_it_after_what_was_said_before() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    served.io.all().emit("told", &(1,));
    assert_eq!(client.post("4abc\u{1e}421[\"echo\"]").await.0, 200);
    assert_eq!(client.get().await, (200, "42[\"told\",1]\u{1e}1".to_owned()));
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s3_a_post_has_a_bound() {
    let served = serve_with(Options { max_payload: 100, ..quick() }).await;
    let client = served.polling().await;
    client.enter().await;
    assert_eq!(client.post(format!("42[\"echo\",\"{}\"]", "x".repeat(100))).await.0, 413);
    assert_eq!(client.post("421[\"echo\",\"y\"]").await.0, 200, "the connection goes on");
    assert_eq!(client.get().await.1, "431[\"y\"]");
}

#[tokio::test]
async fn s3_a_poll_that_is_dropped_ends_the_connection() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    let waiting = client.waiting();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    waiting.abort();
    served.world.heard("disconnected: transport error, 0 rooms").await;
    assert_eq!(client.get().await.0, 400);
}

#[tokio::test]
async fn s3_a_client_that_closes_gets_its_poll_back() {
    let served = serve().await;
    let client = served.polling().await;
    client.enter().await;
    let waiting = client.waiting();
    assert_eq!(client.post("1").await, (200, "ok".to_owned()));
    assert_eq!(within(waiting).await.unwrap(), (200, "6".to_owned()), "also if it crossed the close");
    assert_eq!(client.get().await.0, 400);
    served.world.heard("disconnected: transport close, 0 rooms").await;
}
