//! A visitor's connection to the org door: Socket.IO over a WebSocket from the start, no polling.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::http1::Connection;
use crate::line::{Incoming, Sender};

pub struct Socket {
    socket: WebSocketStream<TcpStream>,
    conversation: String,
    session: String,
    calls: u64,
}

#[derive(Deserialize)]
struct MessageReceived {
    sender_type: String,
    content: String,
}

impl Socket {
    /// Opens the visitor's conversation, connects and joins it.
    pub async fn join(address: SocketAddr, token: &str, session: &str) -> anyhow::Result<Self> {
        let conversation = open_conversation(address, token, session).await?;
        Self::join_conversation(address, conversation, session).await
    }

    /// Connects and joins a conversation that is there.
    pub async fn join_conversation(
        address: SocketAddr,
        conversation: String,
        session: &str,
    ) -> anyhow::Result<Self> {
        let mut socket = Self::connect(address, conversation, session).await?;
        let join = json!({"conversation_id": socket.conversation, "external_id": socket.session});
        let joining = socket.emit("join_conversation", join).await?;
        loop {
            match socket.receive().await? {
                Incoming::Completion { call, error } if call == joining => match error {
                    None => return Ok(socket),
                    Some(error) => bail!("join_conversation: {error}"),
                },
                _ => {}
            }
        }
    }

    /// Sends a message to the own conversation; its number is that of the event.
    pub async fn send(&mut self, text: impl FnOnce(u64) -> String) -> anyhow::Result<u64> {
        let message = json!({
            "conversation_id": self.conversation,
            "content": text(self.calls + 1),
            "content_type": "text",
            "sender_type": "end_user",
            "external_id": self.session,
        });
        self.emit("send_message", message).await
    }

    /// The next event or acknowledgement. Nothing is lost if the future is dropped.
    pub async fn receive(&mut self) -> anyhow::Result<Incoming> {
        let packet = self.next_packet().await?;
        Incoming::from_socket(&packet).with_context(|| format!("the server sent {packet}"))
    }

    async fn connect(address: SocketAddr, conversation: String, session: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        // The default buffers would be most of what the generator holds, and of no use to it.
        let small = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(small)).await?;
        let mut socket = Self { socket, conversation, session: session.to_owned(), calls: 0 };
        let opened = socket.next_packet().await?;
        ensure!(opened.starts_with("0{"), "the server opened with {opened}");
        socket.socket.send(Message::text("40")).await?;
        let connected = socket.next_packet().await?;
        ensure!(connected.starts_with("40{"), "the server answered {connected}");
        Ok(socket)
    }

    async fn emit(&mut self, event: &str, payload: Value) -> anyhow::Result<u64> {
        self.calls += 1;
        let packet = format!("42{}{}", self.calls, json!([event, payload]));
        self.socket.send(Message::text(packet)).await?;
        Ok(self.calls)
    }

    async fn next_packet(&mut self) -> anyhow::Result<String> {
        loop {
            match self.socket.next().await.context("the server hung up")?? {
                Message::Text(text) if text.as_str() == "2" => self.socket.send(Message::text("3")).await?,
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(close) => bail!("the server closed: {close:?}"),
                _ => {}
            }
        }
    }
}

/// A visitor's first message opens the conversation; asked again, it stores nothing.
pub async fn open_conversation(address: SocketAddr, token: &str, session: &str) -> anyhow::Result<String> {
    let mut http = Connection::open(address).await?;
    let body = json!({"sessionId": session, "text": "Hello", "clientMessageId": "opening"});
    let answer = http.call(&format!("/api/v1/widget/chat/{token}/messages"), None, &body).await?;
    answer["conversationId"].as_str().map(str::to_owned).context("the answer names no conversation")
}

impl Incoming {
    /// Reads `43<id>[ack]` and `42[event]`.
    fn from_socket(packet: &str) -> anyhow::Result<Self> {
        if let Some(ack) = packet.strip_prefix("43") {
            let begin = ack.find('[').context("an acknowledgement has arguments")?;
            let (id, arguments) = ack.split_at(begin);
            let [answer]: [Value; 1] = serde_json::from_str(arguments)?;
            let error = answer["error"].as_str().map(str::to_owned);
            return Ok(Self::Completion { call: id.parse()?, error });
        }
        let Some(event) = packet.strip_prefix("42") else { return Ok(Self::Other) };
        if !event.starts_with(r#"["message_received""#) {
            return Ok(Self::Other);
        }
        // An offset for recovery may stand at the end.
        let arguments: Vec<&serde_json::value::RawValue> = serde_json::from_str(event)?;
        let message = arguments.get(1).context("a message was received")?;
        let message: MessageReceived = serde_json::from_str(message.get())?;
        let sender = match message.sender_type.as_str() {
            "end_user" => Sender::Visitor,
            "bot" => Sender::Assistant,
            _ => Sender::Agent,
        };
        Ok(Self::Message { text: message.content, sender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_socket_says_is_understood() {
        let read = |packet: &str| Incoming::from_socket(packet).unwrap();
        assert_eq!(read(r#"4312[{"message":{}}]"#), Incoming::Completion { call: 12, error: None });
        assert_eq!(
            read(r#"437[{"error":"No."}]"#),
            Incoming::Completion { call: 7, error: Some("No.".to_owned()) }
        );
        assert_eq!(
            read(r#"42["message_received",{"id":"x","sender_type":"agent","content":"caf\u00e9"},"offset"]"#),
            Incoming::Message { text: "café".to_owned(), sender: Sender::Agent }
        );
        assert_eq!(read(r#"42["typing_indicator",{}]"#), Incoming::Other);
        assert_eq!(read("2"), Incoming::Other);
    }
}
