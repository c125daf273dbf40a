//! Section 8.2: MessagePack.

use futures_util::{SinkExt as _, StreamExt as _};
use signalr::{HubOptions, Transport};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Server, quick, serve, serve_with, within};

const HANDSHAKE: &[u8] = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";

/// A call of `target` with id `1` and these arguments, which are MessagePack already.
fn call(target: &str, arguments: &[u8]) -> Vec<u8> {
    let mut body = vec![0x96, 1, 0x80, 0xA1, b'1', 0xA0 | target.len() as u8];
    body.extend_from_slice(target.as_bytes());
    body.extend_from_slice(arguments);
    body.push(0x90);
    framed(&body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut message = vec![u8::try_from(body.len()).unwrap()];
    assert!(message[0] < 0x80, "one byte of length is enough for these tests");
    message.extend_from_slice(body);
    message
}

async fn send(client: &mut Client, bytes: impl Into<bytes::Bytes>) {
    within(client.socket().send(Message::binary(bytes.into()))).await.unwrap();
}

async fn next(client: &mut Client) -> Vec<u8> {
    loop {
        match within(client.socket().next()).await.unwrap().unwrap() {
            Message::Binary(bytes) => return bytes.to_vec(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("not binary: {other:?}"),
        }
    }
}

async fn packed(server: &Server) -> Client {
    let mut client = server.attach(Transport::WebSockets).await;
    send(&mut client, HANDSHAKE).await;
    assert_eq!(next(&mut client).await, b"{}\x1e");
    client
}

#[tokio::test]
async fn s8_everything_goes_in_binary_frames() {
    let server = serve().await;
    let mut client = packed(&server).await;
    send(&mut client, call("Echo", &[0x91, 0xA1, b'x'])).await;
    assert_eq!(next(&mut client).await, framed(&[0x95, 3, 0x80, 0xA1, b'1', 3, 0xA1, b'x']));
    send(&mut client, call("Void", &[0x90])).await;
    assert_eq!(next(&mut client).await, framed(&[0x95, 3, 0x80, 0xA1, b'1', 3, 0xC0]));
}

#[tokio::test]
async fn s8_arguments_must_fit_in_messagepack_too() {
    let server = serve_with(HubOptions { detailed_errors: true, ..quick() }).await;
    let mut client = packed(&server).await;
    for (arguments, text) in [
        (&[0x90][..], "Invocation provides 0 argument(s) but target expects 2."),
        (&[0x92, 1, 0xA1, b'2'], "Error binding arguments."),
        (&[0x92, 1, 0xC0], "Error binding arguments."),
        (&[0x92, 1, 0xCA, 0x40, 0x20, 0, 0], "Error binding arguments."),
    ] {
        send(&mut client, call("Add", arguments)).await;
        let answer = String::from_utf8_lossy(&next(&mut client).await).into_owned();
        assert!(answer.contains(text), "{answer}");
    }
    send(&mut client, call("Add", &[0x92, 1, 0xD3, 0, 0, 0, 0, 0, 0, 0, 2])).await;
    assert_eq!(
        next(&mut client).await,
        framed(&[0x95, 3, 0x80, 0xA1, b'1', 3, 3]),
        "any integer width is fine"
    );
}

#[tokio::test]
async fn s8_frame_borders_mean_nothing_in_messagepack_too() {
    let server = serve().await;
    let mut client = server.attach(Transport::WebSockets).await;
    let mut bytes = HANDSHAKE.to_vec();
    bytes.extend(call("Echo", &[0x91, 0xA1, b'x']));
    for byte in bytes {
        send(&mut client, vec![byte]).await;
    }
    assert_eq!(next(&mut client).await, b"{}\x1e");
    assert_eq!(next(&mut client).await, framed(&[0x95, 3, 0x80, 0xA1, b'1', 3, 0xA1, b'x']));
}

#[tokio::test]
async fn s8_over_long_polling() {
    let server = serve().await;
    let client = server.attach(Transport::LongPolling).await;
    assert_eq!(server.post(&client.token, HANDSHAKE).await.status(), 200);
    assert_eq!(server.poll(&client.token).await.bytes().await.unwrap(), &b"{}\x1e"[..]);
    assert_eq!(server.post(&client.token, call("Echo", &[0x91, 0xA1, b'x'])).await.status(), 200);
    let answer = server.poll(&client.token).await.bytes().await.unwrap();
    assert_eq!(answer, framed(&[0x95, 3, 0x80, 0xA1, b'1', 3, 0xA1, b'x']));
}

#[tokio::test]
async fn s14_what_is_no_messagepack_is_fatal() {
    for bytes in
        [&[0][..], &[1, 0xC0], &[3, 0x91, 0xA1, b'x'], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &[0xFF, 0xFF, 0x03]]
    {
        let server = serve().await;
        let mut client = packed(&server).await;
        send(&mut client, bytes.to_vec()).await;
        let close = next(&mut client).await;
        assert_eq!(close[1..3], [0x93, 7]);
        assert!(close.ends_with(b"Connection closed with an error.\xC3"), "{close:?}");
    }
}

#[tokio::test]
async fn s9_an_event_is_written_once_for_each_protocol() {
    let server = serve().await;
    let mut packed = packed(&server).await;
    send(&mut packed, call("Join", &[0x91, 0xA1, b'g'])).await;
    next(&mut packed).await;
    let mut json = server.client(Transport::WebSockets).await;
    json.call("Join", r#"["g"]"#).await;
    assert_eq!(server.hub.group("g").send("News", &(1, "x")), 2);
    assert_eq!(json.next().await, r#"{"type":1,"target":"News","arguments":[1,"x"]}"#);
    let event = [0x96, 1, 0x80, 0xC0, 0xA4, b'N', b'e', b'w', b's', 0x92, 1, 0xA1, b'x', 0x90];
    assert_eq!(next(&mut packed).await, framed(&event));
}
