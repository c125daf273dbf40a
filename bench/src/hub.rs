//! A visitor's connection to the widget hub: SignalR's JSON protocol over a WebSocket, negotiation skipped.

use std::borrow::Cow;
use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::line::{Incoming, Sender};

/// Ends a message of the hub protocol.
const RECORD_SEPARATOR: u8 = 0x1e;

pub struct Hub {
    socket: WebSocketStream<TcpStream>,
    /// What came in and is not yet taken: frames and messages need not begin or end together.
    text: BytesMut,
    token: String,
    session: String,
    calls: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    r#type: u8,
    #[serde(borrow, default)]
    invocation_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    target: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageReceived {
    direction: Direction,
    content_text: String,
    is_ai_generated: bool,
}

#[derive(Deserialize)]
enum Direction {
    Inbound,
    Outbound,
}

impl Hub {
    /// Connects, shakes hands and joins the session.
    pub async fn join(address: SocketAddr, token: &str, session: &str) -> anyhow::Result<Self> {
        let mut hub = Self::connect(address, token, session).await?;
        hub.write(json!({"protocol": "json", "version": 1})).await?;
        let answer = hub.next_message().await?;
        ensure!(answer.as_ref() == b"{}", "handshake: {}", String::from_utf8_lossy(&answer));
        let joining = hub.call("JoinSession", json!([token, session])).await?;
        loop {
            match hub.receive().await? {
                Incoming::Completion { call, error } if call == joining => match error {
                    None => return Ok(hub),
                    Some(error) => bail!("JoinSession: {error}"),
                },
                _ => {}
            }
        }
    }

    /// Sends a message to the own session; its number is that of the call.
    pub async fn send(&mut self, text: impl FnOnce(u64) -> String) -> anyhow::Result<u64> {
        let text = text(self.calls + 1);
        let arguments = json!([self.token, self.session, text, null]);
        self.call("SendMessage", arguments).await
    }

    /// The next message. Nothing is lost if the future is dropped.
    pub async fn receive(&mut self) -> anyhow::Result<Incoming> {
        let message = self.next_message().await?;
        Incoming::from_hub(&message)
            .with_context(|| format!("the server sent {}", String::from_utf8_lossy(&message)))
    }

    async fn connect(address: SocketAddr, token: &str, session: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/hubs/widget-chat");
        // The default buffers would be most of what the generator holds, and of no use to it.
        let small = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(small)).await?;
        let (token, session) = (token.to_owned(), session.to_owned());
        Ok(Self { socket, text: BytesMut::new(), token, session, calls: 0 })
    }

    async fn call(&mut self, target: &str, arguments: Value) -> anyhow::Result<u64> {
        self.calls += 1;
        let id = self.calls.to_string();
        self.write(json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments})).await?;
        Ok(self.calls)
    }

    async fn write(&mut self, message: Value) -> anyhow::Result<()> {
        let text = format!("{message}{}", char::from(RECORD_SEPARATOR));
        Ok(self.socket.send(Message::text(text)).await?)
    }

    async fn next_message(&mut self) -> anyhow::Result<Bytes> {
        loop {
            if let Some(end) = self.text.iter().position(|&byte| byte == RECORD_SEPARATOR) {
                let message = self.text.split_to(end).freeze();
                self.text.advance(1);
                return Ok(message);
            }
            match self.socket.next().await.context("the server hung up")?? {
                Message::Text(text) => self.text.extend_from_slice(text.as_bytes()),
                Message::Close(close) => bail!("the server closed: {close:?}"),
                _ => {}
            }
        }
    }
}

impl Incoming {
    fn from_hub(message: &[u8]) -> anyhow::Result<Self> {
        let wire: Wire<'_> = serde_json::from_slice(message)?;
        match (wire.r#type, wire.target.as_deref()) {
            (3, _) => {
                let call = wire.invocation_id.context("a completion has an id")?.parse()?;
                Ok(Self::Completion { call, error: wire.error })
            }
            (1, Some("MessageReceived")) => {
                let arguments = wire.arguments.context("an invocation has arguments")?;
                let [message]: [MessageReceived; 1] = serde_json::from_str(arguments.get())?;
                let sender = match (message.direction, message.is_ai_generated) {
                    (Direction::Inbound, _) => Sender::Visitor,
                    (Direction::Outbound, true) => Sender::Assistant,
                    (Direction::Outbound, false) => Sender::Agent,
                };
                Ok(Self::Message { text: message.content_text, sender })
            }
            (7, _) => bail!("the hub closed: {}", wire.error.unwrap_or_default()),
            _ => Ok(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_hub_says_is_understood() {
        let read = |message: &str| Incoming::from_hub(message.as_bytes()).unwrap();
        assert_eq!(
            read(r#"{"type":3,"invocationId":"7","result":null}"#),
            Incoming::Completion { call: 7, error: None }
        );
        assert_eq!(
            read(r#"{"type":3,"invocationId":"8","error":"Too \"many\""}"#),
            Incoming::Completion { call: 8, error: Some("Too \"many\"".to_owned()) }
        );
        assert_eq!(
            read(
                r#"{"type":1,"target":"MessageReceived","arguments":[{"id":"x","direction":"Outbound",
                    "contentText":"caf\u00e9","isAiGenerated":true,"createdAt":"2026-06-12T10:05:00Z"}]}"#
            ),
            Incoming::Message { text: "café".to_owned(), sender: Sender::Assistant }
        );
        assert_eq!(read(r#"{"type":6}"#), Incoming::Other);
        assert!(Incoming::from_hub(br#"{"type":7,"error":"Gone"}"#).is_err());
    }
}
