//! A server to try clients against: `cargo run -p socketio --example sockets -- [PORT] [--suite] [--recovery]`.
//!
//! `/engine.io` echoes Engine.IO messages. `/socket.io` has the namespaces `/`, `/custom` and `/closed`. With `--suite` the
//! times and limits are those that the public test suites of both protocols expect; with `--recovery` sockets survive the loss of their connection.

use std::time::Duration;

use axum::{Router, serve::ListenerExt as _};
use serde_json::{Value, json};
use socketio::{
    AckError, Args, EventError, Failure, FailureKind, Namespace, Options, Recovery, Refusal, Server, Socket,
};
use tower_http::cors::CorsLayer;

/// The client hears what it sent to connect.
async fn greet(socket: Socket<()>, auth: Value) -> Result<(), Refusal> {
    if !socket.recovered() {
        socket.emit("auth", &(auth,));
    }
    Ok(())
}

async fn message(socket: Socket<()>, args: Args) -> Result<(), EventError> {
    socket.emit("message-back", &args);
    Ok(())
}

async fn with_ack(_: Socket<()>, args: Args) -> Result<Args, EventError> {
    Ok(args)
}

async fn join(socket: Socket<()>, (room,): (String,)) -> Result<(), EventError> {
    Ok(socket.join(room)?)
}

async fn leave(socket: Socket<()>, (room,): (String,)) -> Result<(), EventError> {
    socket.leave(&room);
    Ok(())
}

async fn rooms(socket: Socket<()>, (): ()) -> Result<(Vec<String>,), EventError> {
    Ok((socket.rooms().iter().map(ToString::to_string).collect(),))
}

/// Tells others in a room.
async fn tell(socket: Socket<()>, (room, value): (String, Value)) -> Result<(usize,), EventError> {
    Ok((socket.to(room).emit("told", &(value,)),))
}

/// Tells everybody in a room, numbered, with a pause between.
async fn count(socket: Socket<()>, (room, to, pause): (String, u32, u64)) -> Result<(), EventError> {
    let io = socket.io();
    tokio::spawn(async move {
        for number in 0..to {
            io.to(room.as_str()).emit("counted", &(number,));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    });
    Ok(())
}

/// Asks the client while its event is handled.
async fn ask(socket: Socket<()>, args: Args) -> Result<Args, EventError> {
    match socket.emit_with_ack("question", &args, Duration::from_secs(5)).await {
        Ok(answer) => Ok(answer),
        Err(AckError::Gone) => Err(EventError::new("gone")),
        Err(error) => Err(error.into()),
    }
}

/// Takes a while, so that what was sent after it could overtake it if the server let it.
async fn slowly(_: Socket<()>, (value, millis): (Value, u64)) -> Result<(Value,), EventError> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok((value,))
}

async fn kick(socket: Socket<()>, (): ()) -> Result<(), EventError> {
    socket.disconnect();
    Ok(())
}

fn complain(socket: &Socket<()>, failure: Failure) {
    let message = match failure.kind {
        FailureKind::Failed(error) => error.told().unwrap_or("Internal server error").to_owned(),
        FailureKind::Arguments(text) => text,
        FailureKind::Unknown => "Unknown event".to_owned(),
        _ => "Internal server error".to_owned(),
    };
    socket.emit("error", &(json!({ "message": message }),));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != name);
        arguments.len() < before
    };
    let (suite, recovery) = (flag("--suite"), flag("--recovery"));
    let port: u16 = arguments.first().map_or(Ok(0), |port| port.parse())?;
    let mut options = Options { recovery: recovery.then(Recovery::default), ..Options::default() };
    if suite {
        options.ping_interval = Duration::from_millis(300);
        options.ping_timeout = Duration::from_millis(200);
        options.connect_timeout = Duration::from_secs(1);
        options.heartbeat = Duration::from_millis(20);
        options.max_payload = 1_000_000;
    }
    let main = Namespace::new()
        .on_connect(greet)
        .on("message", message)
        .on("message-with-ack", with_ack)
        .on("join", join)
        .on("leave", leave)
        .on("rooms", rooms)
        .on("tell", tell)
        .on("count", count)
        .on("ask", ask)
        .on("slowly", slowly)
        .on("kick", kick)
        .on_failure(complain);
    let refuse =
        async |_: Socket<()>, _: Value| Err(Refusal::new("Not authorized").data(json!({ "code": 7 })));
    let server = Server::builder(())
        .options(options.clone())
        .namespace("/", main)
        .namespace("/custom", Namespace::new().on_connect(greet).on("message-with-ack", with_ack))
        .namespace("/closed", Namespace::new().on_connect(refuse))
        .build();
    let echo = Server::engine(options, |client, message| client.send(message));
    let app = Router::new()
        .nest_service("/socket.io", server.service())
        .nest_service("/engine.io", echo.service())
        .layer(CorsLayer::permissive());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            server.shutdown().await;
        })
        .await?;
    Ok(())
}
