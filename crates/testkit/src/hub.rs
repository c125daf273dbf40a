//! A small SignalR client: JSON over a WebSocket.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

/// Nothing takes this long unless it does not come at all.
const PATIENCE: Duration = Duration::from_secs(30);
const END: char = '\u{1e}';

/// A connection to a hub. It ends when dropped.
pub struct HubClient {
    pub connection_id: String,
    outgoing: mpsc::UnboundedSender<String>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// How a connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The server's reason, if it gave one.
    pub error: Option<String>,
    pub reconnect: Reconnect,
}

/// Whether the server asks its client to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reconnect {
    Wanted,
    #[default]
    Unwanted,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    invocations: u64,
    waiting: HashMap<String, oneshot::Sender<Result<Value, String>>>,
    events: VecDeque<(String, Vec<Value>)>,
    closed: Option<Closed>,
}

impl HubClient {
    /// Negotiates, upgrades and shakes hands.
    ///
    /// # Errors
    /// What the server refused with.
    pub async fn connect(url: &str, path: &str, token: Option<&str>) -> Result<HubClient, String> {
        let client = crate::Client::new(url.to_owned());
        let client = token.map_or(client.clone(), |token| client.bearer(token));
        let answer = client.post_empty(&format!("{path}/negotiate?negotiateVersion=1")).await;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text));
        }
        let text = |key: &str| answer.json[key].as_str().unwrap_or_default().to_owned();
        let access = token.map(|token| format!("&access_token={token}")).unwrap_or_default();
        let address =
            format!("{}{path}?id={}{access}", url.replacen("http", "ws", 1), text("connectionToken"));
        let (mut socket, _) = connect_async(address).await.map_err(|error| error.to_string())?;
        socket
            .send(Message::text(format!("{{\"protocol\":\"json\",\"version\":1}}{END}")))
            .await
            .map_err(|e| e.to_string())?;
        let hello = match timeout(PATIENCE, socket.next()).await {
            Ok(Some(Ok(Message::Text(hello)))) => hello.to_string(),
            other => return Err(format!("no handshake: {other:?}")),
        };
        let (hello, rest) = hello.split_once(END).ok_or("the handshake has no end")?;
        if hello != "{}" {
            return Err(hello.to_owned());
        }
        let shared = Arc::new(Shared::default());
        shared.hear(rest);
        let (outgoing, queue) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(socket, queue, shared.clone()));
        Ok(HubClient { connection_id: text("connectionId"), outgoing, shared, task })
    }

    /// Calls a method and waits for its completion.
    ///
    /// # Errors
    /// The text of the HubException, or `closed` when the connection ends before.
    pub async fn invoke(
        &self,
        method: &str,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Value, String> {
        let (reply, answer) = oneshot::channel();
        let id = {
            let mut state = self.shared.state.lock().expect("no test panics in here");
            state.invocations += 1;
            let id = state.invocations.to_string();
            if state.closed.is_some() {
                return Err("closed".into());
            }
            state.waiting.insert(id.clone(), reply);
            id
        };
        let arguments: Vec<Value> = arguments.into_iter().collect();
        self.send(&json!({ "type": 1, "invocationId": id, "target": method, "arguments": arguments }));
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.unwrap_or(Err("closed".into())),
            Err(_) => panic!("{method} was not completed within {PATIENCE:?}"),
        }
    }

    /// Sends one message as it stands.
    pub fn send(&self, message: &Value) {
        // Whether the connection is gone shows in what is waited for.
        let _ = self.outgoing.send(format!("{message}{END}"));
    }

    /// The arguments of the next event of this name; earlier events of other names are kept.
    pub async fn event(&self, name: &str) -> Vec<Value> {
        let next = |state: &mut State| {
            let index = state.events.iter().position(|(event, _)| event == name)?;
            state.events.remove(index).map(|(_, arguments)| arguments)
        };
        self.wait(next).await.unwrap_or_else(|state| panic!("{name} did not come; heard {state}"))
    }

    /// Everything heard so far and not yet asked for. For "nothing else came", ask after something that must come later.
    pub fn heard(&self) -> Vec<(String, Vec<Value>)> {
        self.shared.state.lock().expect("no test panics in here").events.drain(..).collect()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) -> Closed {
        let closed = |state: &mut State| state.closed.clone();
        self.wait(closed).await.unwrap_or_else(|state| panic!("the connection did not end; heard {state}"))
    }

    /// Cuts the connection as a lost network would: without a word.
    pub fn cut(self) {
        drop(self);
    }

    async fn wait<T>(&self, look: impl Fn(&mut State) -> Option<T>) -> Result<T, String> {
        let found = async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(found) = look(&mut self.shared.state.lock().expect("no test panics in here")) {
                    return found;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, found).await.map_err(|_| {
            let state = self.shared.state.lock().expect("no test panics in here");
            format!("{:?}, {:?}", state.events, state.closed)
        })
    }
}

impl Drop for HubClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn run(mut socket: Socket, mut queue: mpsc::UnboundedReceiver<String>, shared: Arc<Shared>) {
    loop {
        tokio::select! {
            Some(message) = queue.recv() => {
                if socket.send(Message::text(message)).await.is_err() {
                    break;
                }
            }
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => shared.hear(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    let mut state = shared.state.lock().expect("no test panics in here");
    state.closed.get_or_insert_default();
    state.waiting.clear();
    drop(state);
    shared.changed.notify_waiters();
}

impl Shared {
    fn hear(&self, text: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        for message in text.split(END).filter(|message| !message.is_empty()) {
            let message: Value = serde_json::from_str(message).expect("a hub speaks JSON");
            state.take(message);
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

impl State {
    fn take(&mut self, mut message: Value) {
        let text = |key: &str| message[key].as_str().map(str::to_owned);
        match message["type"].as_u64() {
            Some(1) => {
                let target = text("target").unwrap_or_default();
                let arguments = message["arguments"].as_array_mut().map(std::mem::take).unwrap_or_default();
                self.events.push_back((target, arguments));
            }
            Some(3) => {
                let waiting = text("invocationId").and_then(|id| self.waiting.remove(&id));
                let result = text("error").map_or_else(|| Ok(message["result"].take()), Err);
                // Nobody waits for it when the caller has given up.
                let _ = waiting.map(|waiting| waiting.send(result));
            }
            Some(7) => {
                let reconnect = match message["allowReconnect"].as_bool() {
                    Some(true) => Reconnect::Wanted,
                    _ => Reconnect::Unwanted,
                };
                self.closed = Some(Closed { error: text("error"), reconnect });
            }
            _ => {}
        }
    }
}
