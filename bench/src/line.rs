//! A visitor's line to the server, over either of the sockets that visitors have.

use std::net::SocketAddr;

use crate::hub::Hub;
use crate::socket::Socket;

/// Which wire a scenario is played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The store door's widget hub.
    Hub,
    /// The org door's Socket.IO.
    Socket,
}

pub enum Line {
    Hub(Box<Hub>),
    Socket(Box<Socket>),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    Completion {
        call: u64,
        error: Option<String>,
    },
    Message {
        text: String,
        sender: Sender,
    },
    /// Pings and whatever is no concern of a visitor.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Visitor,
    Assistant,
    Agent,
}

impl Line {
    /// Connects and joins the session.
    pub async fn join(wire: Wire, address: SocketAddr, token: &str, session: &str) -> anyhow::Result<Self> {
        Ok(match wire {
            Wire::Hub => Self::Hub(Box::new(Hub::join(address, token, session).await?)),
            Wire::Socket => Self::Socket(Box::new(Socket::join(address, token, session).await?)),
        })
    }

    /// Sends a message to the own session; its number is that of the call.
    pub async fn send(&mut self, text: impl FnOnce(u64) -> String) -> anyhow::Result<u64> {
        match self {
            Self::Hub(hub) => hub.send(text).await,
            Self::Socket(socket) => socket.send(text).await,
        }
    }

    /// The next message. Nothing is lost if the future is dropped.
    pub async fn receive(&mut self) -> anyhow::Result<Incoming> {
        match self {
            Self::Hub(hub) => hub.receive().await,
            Self::Socket(socket) => socket.receive().await,
        }
    }
}

/// A message of a visitor's usual length that can be told from all others of its session.
pub fn numbered(number: u64) -> String {
    format!("{number}: Hello, I ordered a blue lamp last week. Where is my parcel now?")
}

/// The number in such a message.
pub fn number_of(text: &str) -> Option<u64> {
    text.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_knows_its_number() {
        assert_eq!(number_of(&numbered(42)), Some(42));
        assert_eq!(number_of("How can we help?"), None);
    }
}
