//! Section 8.1: JSON on the wire. The codec's own properties are tested beside it.

use signalr::Transport;

use crate::support::serve;

#[tokio::test]
async fn s8_properties_come_in_any_order_and_unknown_ones_are_skipped() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    for message in [
        r#"{"arguments":["x"],"target":"Echo","invocationId":"1","type":1}"#,
        r#"{"more":{"a":[1,{}]},"type":1,"headers":{"h":"v"},"invocationId":"1","arguments":["x"],"target":"Echo"}"#,
        r#" { "type" : 1 , "invocationId" : "1" , "target" : "Ec\u0068o" , "arguments" : [ "x" ] } "#,
        r#"{"type":6,"type":1,"invocationId":"0","invocationId":"1","target":"Echo","arguments":["x"]}"#,
    ] {
        client.send(message).await;
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"1","result":"x"}"#, "{message}");
    }
}

#[tokio::test]
async fn s8_invocation_ids_are_any_text() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":1,"invocationId":"\"ü\\ \n","target":"Void","arguments":[]}"#).await;
    assert_eq!(client.next().await, r#"{"type":3,"invocationId":"\"ü\\ \n","result":null}"#);
}

#[tokio::test]
async fn s8_text_holds_any_character() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        let text = r#""\u001e\u0000\r\n🎉 grüße \\ \"""#;
        let result = client.call("Echo", &format!("[{text}]")).await;
        let expected: String = serde_json::from_str(text).unwrap();
        let told = result.strip_prefix(r#""result":"#).unwrap();
        assert_eq!(serde_json::from_str::<String>(told).unwrap(), expected, "over {transport}");
    }
}

#[tokio::test]
async fn s17_unknown_message_types_are_ignored() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(r#"{"type":99,"anything":["goes"]}"#).await;
    assert_eq!(client.call("Echo", r#"["alive"]"#).await, r#""result":"alive""#);
}
