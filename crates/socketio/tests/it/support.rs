//! A server on a free port, and clients that speak its wire by hand.

use std::{sync::Arc, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use socketio::{
    Args, Binary, Event, EventError, Failure, FailureKind, Io, Namespace, Options, Reason, Recovery, Refusal,
    Server, Socket,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// What the test server's handlers share.
#[derive(Clone, Default)]
pub struct World {
    notes: Arc<Mutex<Vec<String>>>,
    /// `wait` waits for it, one at a time.
    pub gate: Arc<Notify>,
    changed: Arc<Notify>,
    /// Nobody is let in any more.
    pub barred: Arc<Mutex<bool>>,
    /// Kept sockets, by what `keep` called them.
    pub kept: Arc<Mutex<Vec<Socket<World>>>>,
}

impl World {
    pub fn note(&self, note: impl Into<String>) {
        self.notes.lock().push(note.into());
        self.changed.notify_waiters();
    }

    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().clone()
    }

    /// Waits until there is this note.
    pub async fn heard(&self, note: &str) {
        self.until(|notes| notes.iter().any(|it| it == note)).await;
    }

    pub async fn until(&self, test: impl Fn(&[String]) -> bool) {
        within(async {
            loop {
                let changed = self.changed.notified();
                if test(&self.notes()) {
                    return;
                }
                let _ = tokio::time::timeout(Duration::from_millis(20), changed).await;
            }
        })
        .await;
    }
}

pub struct Served {
    pub server: Server,
    pub io: Io,
    pub world: World,
    pub address: String,
    pub http: reqwest::Client,
}

/// Timeouts are looked at often, so that tests need not wait long for them.
pub fn quick() -> Options {
    Options { heartbeat: Duration::from_millis(10), ..Options::default() }
}

pub fn recoverable() -> Options {
    Options { recovery: Some(Recovery::default()), ..quick() }
}

pub async fn serve() -> Served {
    serve_with(quick()).await
}

pub async fn serve_with(options: Options) -> Served {
    let world = World::default();
    let server = Server::builder(world.clone())
        .options(options)
        .namespace("/", main_namespace())
        .namespace("/other", Namespace::new().on("echo", async |_: Socket<World>, args: Args| Ok(args)))
        .build();
    let address = listen(Router::new().nest_service("/socket.io", server.service())).await;
    let io = server.of("/").unwrap();
    Served { server, io, world, address, http: reqwest::Client::new() }
}

pub async fn listen(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn connect(socket: Socket<World>, auth: Value) -> Result<(), Refusal> {
    let world = socket.state();
    if *world.barred.lock() {
        return Err(Refusal::new("Barred").data(json!({ "code": 7 })));
    }
    if let Some(millis) = auth["slowly"].as_u64() {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    if auth["panic"] == true {
        panic!("as asked");
    }
    if let Some(room) = auth["room"].as_str() {
        socket.join(room)?;
        socket.emit("welcome", &(room,));
    }
    let how = if socket.recovered() { "recovered" } else { "connected" };
    world.note(format!("{how} {}", auth["name"].as_str().unwrap_or("somebody")));
    Ok(())
}

async fn disconnect(socket: Socket<World>, reason: Reason) {
    let rooms = socket.rooms().len();
    socket.state().note(format!("disconnected: {reason}, {rooms} rooms"));
}

fn fail(socket: &Socket<World>, failure: Failure) {
    let kind = match failure.kind {
        FailureKind::Unknown => "unknown".to_owned(),
        FailureKind::Arguments(text) => format!("arguments: {text}"),
        FailureKind::Failed(error) => error.told().unwrap_or("internal").to_owned(),
        FailureKind::Panicked => "panicked".to_owned(),
        _ => "new".to_owned(),
    };
    socket.emit("error", &(&failure.event, kind));
    socket.ack(&("failed",));
}

fn main_namespace() -> Namespace<World> {
    Namespace::new()
        .on_connect(connect)
        .on_disconnect(disconnect)
        .on_failure(fail)
        .on("echo", async |_: Socket<World>, args: Args| Ok(args))
        .on("back", async |socket: Socket<World>, args: Args| {
            socket.emit("back", &args);
            Ok(())
        })
        .on("add", async |_: Socket<World>, (a, b): (i64, Option<i64>)| Ok((a + b.unwrap_or(1),)))
        .on("note", async |socket: Socket<World>, (text,): (String,)| {
            socket.state().note(text);
            Ok(())
        })
        .on("wait", async |socket: Socket<World>, (): ()| {
            socket.state().note("waiting");
            socket.state().gate.notified().await;
            socket.state().note("waited");
            Ok(("waited",))
        })
        .on("panic", async |_: Socket<World>, (text,): (String,)| {
            if text.is_empty() {
                return Ok(());
            }
            panic!("{text}")
        })
        .on("fail", async |_: Socket<World>, (text,): (String,)| Err::<(), _>(EventError::new(text)))
        .on("ack?", async |socket: Socket<World>, (): ()| {
            socket.state().note(format!("wants an ack: {}", socket.wants_ack()));
            socket.ack(&("early",));
            Ok(("late", socket.wants_ack()))
        })
        .on("join", async |socket: Socket<World>, (room,): (String,)| Ok(socket.join(room)?))
        .on("leave", async |socket: Socket<World>, (room,): (String,)| {
            socket.leave(&room);
            Ok(())
        })
        .on("leave all", async |socket: Socket<World>, (): ()| {
            socket.leave_all();
            Ok(())
        })
        .on("rooms", async |socket: Socket<World>, (): ()| {
            Ok((socket.rooms().iter().map(ToString::to_string).collect::<Vec<_>>(),))
        })
        .on("tell others", async |socket: Socket<World>, (room, value): (String, Value)| {
            Ok((socket.to(room).emit("told", &(value,)),))
        })
        .on("broadcast", async |socket: Socket<World>, (value,): (Value,)| {
            Ok((socket.broadcast().emit("told", &(value,)),))
        })
        .on("ask", async |socket: Socket<World>, (text, millis): (String, u64)| {
            let within = Duration::from_millis(millis);
            match socket.emit_with_ack::<(Value,), _>("question", &(text,), within).await {
                Ok((answer,)) => Ok((answer,)),
                Err(error) => Ok((Value::String(format!("{error}")),)),
            }
        })
        .on("reverse", async |_: Socket<World>, (bytes,): (Binary,)| {
            Ok((Binary::from(bytes.iter().rev().copied().collect::<Vec<_>>()),))
        })
        .on("set", async |socket: Socket<World>, (text,): (String,)| {
            socket.set(text);
            Ok(())
        })
        .on("get", async |socket: Socket<World>, (): ()| Ok((socket.get::<String>(),)))
        .on("header", async |socket: Socket<World>, (name,): (String,)| {
            let value = socket.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok((value, socket.request().uri().query().map(str::to_owned)))
        })
        .on("keep", async |socket: Socket<World>, (): ()| {
            socket.state().kept.lock().push(socket.clone());
            Ok(())
        })
        .on("kick", async |socket: Socket<World>, (): ()| {
            socket.emit("last", &());
            socket.disconnect();
            socket.emit("too late", &());
            Ok(("never",))
        })
        .fallback(async |socket: Socket<World>, event: Event| {
            if event.name == "nobody" {
                return Err(EventError::new("nobody"));
            }
            socket.emit("fallback", &(&event.name, event.args.values().map_err(EventError::internal)?));
            Ok((event.name,))
        })
}

impl Served {
    pub fn url(&self, query: &str) -> String {
        format!("http://{}/socket.io/?{query}", self.address)
    }

    /// A WebSocket whose handshake is done.
    pub async fn web_socket(&self) -> Client {
        let mut client = Client::open(&self.address, "EIO=4&transport=websocket").await;
        client.opening = client.next().await;
        client
    }

    /// A WebSocket in the main namespace.
    pub async fn connected(&self) -> Client {
        self.connected_with("").await
    }

    /// … that has sent `auth`.
    pub async fn connected_with(&self, auth: &str) -> Client {
        let mut client = self.web_socket().await;
        client.enter(auth).await;
        client
    }

    pub async fn polling(&self) -> Polling {
        let opening = self.http.get(self.url("EIO=4&transport=polling")).send().await.unwrap();
        let text = opening.text().await.unwrap();
        let value: Value = serde_json::from_str(&text[1..]).unwrap();
        let sid = value["sid"].as_str().unwrap().to_owned();
        Polling { http: self.http.clone(), url: self.url(&format!("EIO=4&transport=polling&sid={sid}")), sid }
    }
}

type Socket_ = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Client {
    pub socket: Socket_,
    /// The packet that began the connection.
    pub opening: String,
    /// What the server told it about its socket.
    pub sid: String,
    pub pid: Option<String>,
}

#[derive(Debug, PartialEq)]
pub enum Got {
    Text(String),
    Binary(Vec<u8>),
    Close,
}

impl Client {
    pub async fn open(address: &str, query: &str) -> Self {
        let request = format!("ws://{address}/socket.io/?{query}");
        let mut request = request.into_client_request().unwrap();
        request.headers_mut().insert("x-test", "yes".parse().unwrap());
        let (socket, _) = within(connect_async(request)).await.unwrap();
        Self { socket, opening: String::new(), sid: String::new(), pid: None }
    }

    pub async fn enter(&mut self, auth: &str) {
        self.send(&format!("40{auth}")).await;
        let connected = self.next().await;
        let value: Value = serde_json::from_str(connected.strip_prefix("40").unwrap()).unwrap();
        self.sid = value["sid"].as_str().unwrap().to_owned();
        self.pid = value["pid"].as_str().map(str::to_owned);
    }

    pub async fn send(&mut self, text: &str) {
        within(self.socket.send(Message::text(text))).await.unwrap();
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        within(self.socket.send(Message::binary(bytes.to_vec()))).await.unwrap();
    }

    pub async fn got(&mut self) -> Got {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Got::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Got::Binary(bytes.to_vec()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Got::Close,
            }
        }
    }

    /// The next text.
    pub async fn next(&mut self) -> String {
        match self.got().await {
            Got::Text(text) => text,
            other => panic!("{other:?} instead of a text"),
        }
    }

    /// Calls an event and waits for its acknowledgement, which has to be the next that comes.
    pub async fn call(&mut self, event: &str) -> String {
        self.send(&format!("421{event}")).await;
        let answer = self.next().await;
        answer.strip_prefix("431").unwrap_or(&answer).to_owned()
    }

    /// Reads until the server has closed it.
    pub async fn closed(&mut self) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.got().await {
                Got::Text(text) => before.push(text),
                Got::Binary(_) => {}
                Got::Close => return before,
            }
        }
    }

    /// Goes without a word.
    pub fn cut(self) {
        drop(self);
    }

    /// How to come back to where this client was.
    pub fn pass(&self, offset: Option<&str>) -> String {
        let mut pass = json!({ "pid": self.pid });
        if let Some(offset) = offset {
            pass["offset"] = offset.into();
        }
        pass.to_string()
    }
}

pub struct Polling {
    pub http: reqwest::Client,
    pub url: String,
    pub sid: String,
}

impl Polling {
    pub async fn get(&self) -> (u16, String) {
        let response = within(self.http.get(&self.url).send()).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A poll that waits beside what else goes on.
    pub fn waiting(&self) -> tokio::task::JoinHandle<(u16, String)> {
        let (http, url) = (self.http.clone(), self.url.clone());
        tokio::spawn(async move {
            let response = http.get(url).send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        })
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        let response = within(self.http.post(&self.url).body(body).send()).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Enters the main namespace.
    pub async fn enter(&self) {
        self.post("40").await;
        let (_, connected) = self.get().await;
        assert!(connected.starts_with("40{"), "{connected}");
    }
}

/// The last argument of an event, which is its offset.
pub fn offset(event: &str) -> String {
    let array: Vec<Value> = serde_json::from_str(event.trim_start_matches(|c: char| c != '[')).unwrap();
    array.last().unwrap().as_str().unwrap().to_owned()
}

/// An event without its offset.
pub fn plain(event: &str) -> String {
    format!("{}]", &event[..event.rfind(",\"").unwrap()])
}

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it takes too long")
}
