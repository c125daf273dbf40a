//! A hub on a free port, and clients that speak its wire by hand.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, serve::ListenerExt as _};
use futures_util::{SinkExt as _, StreamExt as _, stream::BoxStream};
use parking_lot::Mutex;
use signalr::{Caller, Hub, HubBuilder, HubError, HubOptions, Transport, Upload};
use tokio::{net::TcpListener, sync::Notify};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

pub const HANDSHAKE: &str = r#"{"protocol":"json","version":1}"#;

/// What the test hub's methods share.
#[derive(Clone, Default)]
pub struct World {
    pub connected: Arc<AtomicUsize>,
    pub disconnected: Arc<AtomicUsize>,
    pub calls: Arc<Mutex<Vec<String>>>,
    /// `Wait` waits for it.
    pub gate: Arc<Notify>,
    /// Told whenever something above has changed.
    pub changed: Arc<Notify>,
}

impl World {
    pub fn note(&self, call: impl Into<String>) {
        self.calls.lock().push(call.into());
        self.changed.notify_waiters();
    }

    /// Waits until `test` holds.
    pub async fn until(&self, test: impl Fn(&Self) -> bool) {
        within(async {
            loop {
                let changed = self.changed.notified();
                if test(self) {
                    return;
                }
                let _ = tokio::time::timeout(Duration::from_millis(20), changed).await;
            }
        })
        .await;
    }
}

pub struct Server {
    pub hub: Hub<World>,
    pub world: World,
    pub address: String,
    pub http: reqwest::Client,
}

/// Timeouts are looked at often, so that tests need not wait long for them.
pub fn quick() -> HubOptions {
    HubOptions { heartbeat: Duration::from_millis(10), ..HubOptions::default() }
}

pub async fn serve() -> Server {
    serve_with(quick()).await
}

pub async fn serve_with(options: HubOptions) -> Server {
    serve_hub(|hub| hub.options(options)).await
}

pub async fn serve_hub(build: impl FnOnce(HubBuilder<World>) -> HubBuilder<World>) -> Server {
    serve_app(build, |app| app).await
}

pub async fn serve_app(
    build: impl FnOnce(HubBuilder<World>) -> HubBuilder<World>,
    layers: impl FnOnce(Router) -> Router,
) -> Server {
    let world = World::default();
    let hub = build(methods(world.clone())).build();
    let app = layers(Router::new().nest_service("/hub", hub.service()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Server { hub, world, address, http: reqwest::Client::new() }
}

fn methods(world: World) -> HubBuilder<World> {
    Hub::builder(world)
        .method("Echo", async |_: Caller<World>, (text,): (Option<String>,)| Ok(text))
        .method("Add", async |_: Caller<World>, (a, b): (i32, i32)| Ok(a + b))
        .method("Void", async |_: Caller<World>, (): ()| Ok(()))
        .method("Note", async |caller: Caller<World>, (text,): (String,)| {
            caller.state().note(text);
            Ok(())
        })
        .method("Wait", async |caller: Caller<World>, (): ()| {
            caller.state().note("waiting");
            caller.state().gate.notified().await;
            caller.state().note("waited");
            Ok("waited")
        })
        .method("Throw", async |_: Caller<World>, (text,): (String,)| {
            Err::<(), _>(HubError::internal(std::io::Error::other(text)))
        })
        .method("ThrowHub", async |_: Caller<World>, (text,): (String,)| Err::<(), _>(HubError::new(text)))
        .method("Forbidden", async |_: Caller<World>, (): ()| Err::<(), _>(HubError::unauthorized()))
        .method("Panic", panics)
        .method("Tell", async |caller: Caller<World>, (event, text): (String, String)| {
            caller.send(&event, &(text,));
            Ok(())
        })
        .method("Join", async |caller: Caller<World>, (group,): (String,)| {
            caller.join(group);
            Ok(())
        })
        .method("Leave", async |caller: Caller<World>, (group,): (String,)| {
            caller.leave(&group);
            Ok(())
        })
        .method("TellOthers", async |caller: Caller<World>, (group, text): (String, String)| {
            let others = caller.hub().group(&group).except(caller.connection_id());
            Ok(others.send("News", &(text,)))
        })
        .method("Id", async |caller: Caller<World>, (): ()| Ok(caller.connection_id().to_string()))
        .method("Abort", async |caller: Caller<World>, (): ()| {
            caller.send("Last", &());
            caller.abort();
            caller.send("TooLate", &());
            Ok("never told")
        })
        .method("Header", async |caller: Caller<World>, (name,): (String,)| {
            Ok(caller.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned))
        })
        .method("User", async |caller: Caller<World>, (): ()| {
            Ok(caller.extensions().get::<User>().map(|user| user.0.clone()))
        })
        .method_with_optional(
            "Greet",
            1,
            async |_: Caller<World>, (name, greeting): (String, Option<String>)| {
                Ok(format!("{} {name}", greeting.as_deref().unwrap_or("Hello")))
            },
        )
        .stream("Count", async |_: Caller<World>, (number,): (u32,)| {
            Ok(futures_util::stream::iter((0..number).map(Ok)))
        })
        .stream("Endless", async |caller: Caller<World>, (): ()| {
            let noted = NoteOnDrop(caller.state().clone());
            caller.state().note("opened");
            Ok(futures_util::stream::pending::<Result<u32, _>>().inspect(move |_| {
                let _ = &noted;
            }))
        })
        .stream("Breaks", async |_: Caller<World>, (text,): (String,)| {
            Ok(futures_util::stream::iter([Ok(1), Err(HubError::new(text))]))
        })
        .stream("Panics", async |_: Caller<World>, (): ()| {
            Ok(futures_util::stream::iter(0..2).map(|number| {
                assert_eq!(number, 0, "as asked");
                Ok(number)
            }))
        })
        .method_with_uploads(
            "Concat",
            async |_: Caller<World>, (start,): (String,), (items,): (Upload<String>,)| {
                let (mut items, mut text) = (items, start);
                while let Some(item) = items.next().await {
                    text.push_str(&item?);
                }
                Ok(text)
            },
        )
        .method_with_uploads("Gated", async |caller: Caller<World>, (): (), (items,): (Upload<u32>,)| {
            let mut items = items;
            caller.state().gate.notified().await;
            let mut sum = 0;
            while let Some(item) = items.next().await {
                sum += item.inspect_err(|_| caller.state().note("upload failed"))?;
            }
            Ok(sum)
        })
        .method("Ask", async |caller: Caller<World>, (number,): (u32,)| {
            let answer = caller.invoke::<u32, _>("Ask", &(number,)).await;
            caller.state().note(format!("asked: {}", answer.is_ok()));
            Ok(answer?)
        })
        .method("UntilCancelled", async |caller: Caller<World>, (): ()| {
            caller.state().note("running");
            caller.cancelled().await;
            Ok("stopped")
        })
        .on_connected(async |caller: Caller<World>| {
            caller.state().connected.fetch_add(1, SeqCst);
            caller.state().changed.notify_waiters();
            Ok(())
        })
        .on_disconnected(async |caller: Caller<World>| {
            caller.state().disconnected.fetch_add(1, SeqCst);
            caller.state().changed.notify_waiters();
        })
}

/// Notes that what holds it was dropped.
struct NoteOnDrop(World);

impl Drop for NoteOnDrop {
    fn drop(&mut self) {
        self.0.note("dropped");
    }
}

async fn panics(_: Caller<World>, (): ()) -> Result<(), HubError> {
    panic!("as asked")
}

/// Who an authorisation layer says is calling.
#[derive(Clone)]
pub struct User(pub String);

impl Server {
    pub fn url(&self, rest: &str) -> String {
        format!("http://{}/hub{rest}", self.address)
    }

    pub fn ws_url(&self, rest: &str) -> String {
        format!("ws://{}/hub{rest}", self.address)
    }

    /// The id and the token of a fresh negotiation.
    pub async fn negotiate(&self) -> (String, String) {
        let answer = self.http.post(self.url("/negotiate?negotiateVersion=1")).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("connectionId"), text("connectionToken"))
    }

    pub async fn post(&self, token: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
        within(self.http.post(self.url(&format!("?id={token}"))).body(body).send()).await.unwrap()
    }

    pub async fn poll(&self, token: &str) -> reqwest::Response {
        within(self.http.get(self.url(&format!("?id={token}"))).send()).await.unwrap()
    }

    pub async fn delete(&self, token: &str) -> reqwest::Response {
        within(self.http.delete(self.url(&format!("?id={token}"))).send()).await.unwrap()
    }

    pub async fn events(&self, token: &str) -> reqwest::Response {
        let request = self.http.get(self.url(&format!("?id={token}"))).header("Accept", "text/event-stream");
        within(request.send()).await.unwrap()
    }

    /// A client whose handshake is done.
    pub async fn client(&self, transport: Transport) -> Client {
        let mut client = self.attach(transport).await;
        client.send(HANDSHAKE).await;
        assert_eq!(client.next().await, "{}");
        client
    }

    /// A client on its transport, before its handshake.
    pub async fn attach(&self, transport: Transport) -> Client {
        let (id, token) = self.negotiate().await;
        let wire = match transport {
            Transport::WebSockets => {
                let url = self.ws_url(&format!("?id={token}"));
                Wire::WebSocket(Box::new(within(connect_async(url)).await.unwrap().0))
            }
            Transport::ServerSentEvents => {
                let response = self.events(&token).await;
                assert_eq!(response.status(), 200);
                let mut stream = response.bytes_stream().boxed();
                let first = within(stream.next()).await.unwrap().unwrap();
                assert_eq!(first, ":\r\n");
                Wire::Events(stream, Vec::new())
            }
            Transport::LongPolling => {
                let first = self.poll(&token).await;
                assert_eq!(first.status(), 200);
                assert_eq!(first.bytes().await.unwrap(), "");
                Wire::Polls
            }
        };
        let url = self.url(&format!("?id={token}"));
        Client { id, token, http: self.http.clone(), url, wire, received: VecDeque::new() }
    }

    /// A WebSocket at a query of the hub.
    pub async fn direct_at(&self, query: &str) -> Client {
        let socket = within(connect_async(self.ws_url(query))).await.unwrap().0;
        Client {
            id: String::new(),
            token: String::new(),
            http: self.http.clone(),
            url: String::new(),
            wire: Wire::WebSocket(Box::new(socket)),
            received: VecDeque::new(),
        }
    }

    /// A WebSocket that has not negotiated, with headers of its own.
    pub async fn direct(&self, headers: &[(&'static str, &str)]) -> Client {
        let mut request = self.ws_url("").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let socket = within(connect_async(request)).await.unwrap().0;
        Client {
            id: String::new(),
            token: String::new(),
            http: self.http.clone(),
            url: String::new(),
            wire: Wire::WebSocket(Box::new(socket)),
            received: VecDeque::new(),
        }
    }
}

pub type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

enum Wire {
    WebSocket(Box<Socket>),
    Events(BoxStream<'static, reqwest::Result<bytes::Bytes>>, Vec<u8>),
    Polls,
}

/// One connection, seen from the client.
pub struct Client {
    pub id: String,
    pub token: String,
    http: reqwest::Client,
    url: String,
    wire: Wire,
    received: VecDeque<String>,
}

/// How a client saw its connection end.
#[derive(Debug, PartialEq, Eq)]
pub enum Closed {
    Normally,
    WithCode(u16),
    Abruptly,
}

impl Client {
    /// Sends one message; its end mark is added.
    pub async fn send(&mut self, message: &str) {
        self.send_raw(&format!("{message}\u{1e}")).await;
    }

    pub async fn send_raw(&mut self, text: &str) {
        match &mut self.wire {
            Wire::WebSocket(socket) => within(socket.send(Message::text(text))).await.unwrap(),
            Wire::Events(..) | Wire::Polls => {
                let answer = within(self.http.post(&self.url).body(text.to_owned()).send()).await.unwrap();
                assert_eq!(answer.status(), 200);
            }
        }
    }

    /// Calls a method and returns what follows `"invocationId":"i",` of its completion.
    pub async fn call(&mut self, method: &str, arguments: &str) -> String {
        self.send(&format!(r#"{{"type":1,"invocationId":"i","target":"{method}","arguments":{arguments}}}"#))
            .await;
        let completion = self.next().await;
        let rest = completion.strip_prefix(r#"{"type":3,"invocationId":"i","#);
        let rest = rest.unwrap_or_else(|| panic!("not a completion: {completion}"));
        rest.strip_suffix('}').unwrap().to_owned()
    }

    /// The next message, without its end mark.
    pub async fn next(&mut self) -> String {
        within(self.receive()).await.unwrap_or_else(|end| panic!("the connection is over: {end:?}"))
    }

    /// All messages until the end of the connection, and how it ended.
    pub async fn rest(&mut self) -> (Vec<String>, Closed) {
        within(async {
            let mut messages = Vec::new();
            loop {
                match self.receive().await {
                    Ok(message) => messages.push(message),
                    Err(end) => return (messages, end),
                }
            }
        })
        .await
    }

    async fn receive(&mut self) -> Result<String, Closed> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            let text = match &mut self.wire {
                Wire::WebSocket(socket) => match socket.next().await {
                    Some(Ok(Message::Text(text))) => text.to_string(),
                    Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) != 1000 => {
                        return Err(Closed::WithCode(frame.code.into()));
                    }
                    Some(Ok(Message::Close(_))) => return Err(Closed::Normally),
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return Err(Closed::Abruptly),
                },
                Wire::Events(stream, partial) => match stream.next().await {
                    Some(Ok(bytes)) => {
                        partial.extend_from_slice(&bytes);
                        take_events(partial)
                    }
                    Some(Err(_)) => return Err(Closed::Abruptly),
                    None => return Err(Closed::Normally),
                },
                Wire::Polls => {
                    let answer = self.http.get(&self.url).send().await.unwrap();
                    match answer.status().as_u16() {
                        200 => answer.text().await.unwrap(),
                        204 => return Err(Closed::Normally),
                        status => panic!("a poll was answered {status}"),
                    }
                }
            };
            self.received.extend(text.split_terminator('\u{1e}').map(str::to_owned));
        }
    }

    /// The socket itself, for what only WebSockets can do.
    pub fn socket(&mut self) -> &mut Socket {
        match &mut self.wire {
            Wire::WebSocket(socket) => socket,
            Wire::Events(..) | Wire::Polls => panic!("not a WebSocket"),
        }
    }
}

/// Cuts whole events off the front.
fn take_events(partial: &mut Vec<u8>) -> String {
    let mut text = String::new();
    while let Some(end) = partial.windows(4).position(|window| window == b"\r\n\r\n") {
        let event: Vec<u8> = partial.drain(..end + 4).collect();
        let event = String::from_utf8(event).unwrap();
        for line in event.trim_end().split("\r\n") {
            text.push_str(line.strip_prefix("data: ").unwrap());
        }
    }
    text
}

/// A test that waits for something that never comes fails instead of hanging.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it should have happened by now")
}
