//! A chat: `cargo run -p socketio --example chat -- [PORT]`, and open the printed address in two windows.
//!
//! The page takes the official client from a CDN.

use axum::{Router, response::Html, routing::get, serve::ListenerExt as _};
use serde_json::Value;
use socketio::{EventError, Namespace, Options, Reason, Recovery, Refusal, Server, Socket};

#[derive(Clone)]
struct Name(String);

async fn connect(socket: Socket<()>, auth: Value) -> Result<(), Refusal> {
    let name = auth["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::new("Who are you?"))?;
    socket.set(Name(name.to_owned()));
    Ok(())
}

async fn enter(socket: Socket<()>, (room,): (String,)) -> Result<(usize,), EventError> {
    let Name(name) = socket.get().unwrap_or(Name(String::new()));
    socket.leave_all();
    socket.join(room.as_str())?;
    socket.to(room.as_str()).emit("entered", &(name,));
    Ok((socket.io().to(room).count(),))
}

async fn say(socket: Socket<()>, (text,): (String,)) -> Result<(), EventError> {
    let Name(name) = socket.get().unwrap_or(Name(String::new()));
    for room in socket.rooms() {
        socket.io().to(room).emit("said", &(&name, &text));
    }
    Ok(())
}

async fn disconnect(socket: Socket<()>, reason: Reason) {
    println!("{} has gone: {reason}", socket.id());
}

const PAGE: &str = r##"<!doctype html><meta charset="utf-8"><title>Chat</title>
<script src="https://cdn.socket.io/4.8.1/socket.io.min.js"></script>
<ul id="said"></ul><input id="text" autofocus>
<script>
const socket = io({ auth: { name: prompt("Your name") } });
const tell = (line) => document.querySelector("#said").append(Object.assign(document.createElement("li"), { textContent: line }));
socket.on("connect", () => socket.recovered || socket.emit("enter", "kitchen", (count) => tell(`${count} here`)));
socket.on("connect_error", (error) => tell(error.message));
socket.on("entered", (name) => tell(`${name} has come`));
socket.on("said", (name, text) => tell(`${name}: ${text}`));
document.querySelector("#text").onchange = ({ target }) => { socket.emit("say", target.value); target.value = ""; };
</script>"##;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(5000), |port| port.parse())?;
    let namespace =
        Namespace::new().on_connect(connect).on("enter", enter).on("say", say).on_disconnect(disconnect);
    let options = Options { recovery: Some(Recovery::default()), ..Options::default() };
    let server = Server::builder(()).options(options).namespace("/", namespace).build();
    let app = Router::new().route("/", get(async || Html(PAGE))).nest_service("/socket.io", server.service());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    Ok(axum::serve(listener, app).await?)
}
