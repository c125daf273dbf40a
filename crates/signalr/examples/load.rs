//! A load generator, and the hub it loads: `cargo run --release -p signalr --example load -- [SECONDS [SCENARIO]]`.
//! Of all scenarios, or of those whose name begins like that.
//!
//! The hub runs in a process of its own, so that its memory and its processor time can be read. Each row is one
//! scenario in one protocol:
//!
//! - `echo N`: N connections call a method that answers and sends an event to a group of one, one call at a time
//!   each; calls a second and the slowest of a hundred;
//! - `group 1000, N`: one call sends N events to a group of a thousand, and the next follows when all have heard
//!   them; deliveries a second;
//! - `idle`: what a connection that does nothing takes of the hub's memory.
//!
//! Processor time is from `/proc`, for each message: the hub's own, and the generator's. Both have a thread for each core.

use std::{
    error::Error,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{Router, serve::ListenerExt as _};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::future::join_all;
use signalr::{Caller, Hub, HubError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("serve") {
        return tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve());
    }
    let seconds: u64 = argument.map_or(Ok(5), |seconds| seconds.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wanted = std::env::args().nth(2).unwrap_or_default();
    runtime.block_on(measure(Duration::from_secs(seconds), &wanted))
}

// ---- the hub ----

async fn serve() -> Result<(), Failure> {
    let hub = Hub::builder(()).method("Say", say).method("Enter", enter).method("Shout", shout).build();
    let app = Router::new().nest_service("/chat", hub.service());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    Ok(axum::serve(listener, app).await?)
}

async fn enter(caller: Caller<()>, (room,): (String,)) -> Result<(), HubError> {
    caller.join(room);
    Ok(())
}

/// A method call with a group echo.
async fn say(caller: Caller<()>, (room, text): (String, String)) -> Result<(), HubError> {
    caller.hub().group(&room).send("Said", &(text,));
    Ok(())
}

async fn shout(caller: Caller<()>, (room, count): (String, u32)) -> Result<(), HubError> {
    for number in 0..count {
        caller.hub().group(&room).send("Said", &(number,));
    }
    Ok(())
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or("the hub says nothing")?;
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }

    fn resident_kib(&self) -> Result<f64, Failure> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }
}

/// Processor time so far, in hundredths of a second as the kernel counts it.
fn processor(process: u32) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after = stat.rsplit_once(')').ok_or("no stat")?.1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// What a scenario takes.
struct Watch {
    hub: u32,
    start: Instant,
    before: [Duration; 2],
}

/// What it took: on the clock, and of the processors for the hub and for the generator.
struct Taken {
    time: Duration,
    processor: [Duration; 2],
}

impl Watch {
    fn start(server: &Server) -> Result<Self, Failure> {
        let hub = server.child.id();
        Ok(Self { hub, before: [processor(hub)?, processor(std::process::id())?], start: Instant::now() })
    }

    fn stop(&self) -> Result<Taken, Failure> {
        let time = self.start.elapsed();
        let [hub, own] = self.before;
        Ok(Taken { time, processor: [processor(self.hub)? - hub, processor(std::process::id())? - own] })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// ---- its clients ----

#[derive(Clone, Copy)]
enum Protocol {
    Json,
    MessagePack,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "messagepack",
        }
    }

    fn call(self, target: &str, room: &str, second: Option<&str>) -> Bytes {
        match self {
            Self::Json => {
                let second = second.map(|text| format!(",{text}")).unwrap_or_default();
                let call = format!(
                    "{{\"type\":1,\"invocationId\":\"1\",\"target\":\"{target}\",\"arguments\":[\"{room}\"{second}]}}\u{1e}"
                );
                frame(1, call.as_bytes())
            }
            Self::MessagePack => {
                let mut body = vec![0x96, 1, 0x80, 0xA1, b'1'];
                pack_text(&mut body, target);
                body.push(if second.is_some() { 0x92 } else { 0x91 });
                pack_text(&mut body, room);
                if let Some(text) = second {
                    match text.parse::<u16>() {
                        Ok(number) => {
                            body.push(0xCD);
                            body.extend_from_slice(&number.to_be_bytes());
                        }
                        Err(_) => pack_text(&mut body, text.trim_matches('"')),
                    }
                }
                body.push(0x90);
                let mut message = vec![body.len() as u8];
                message.extend_from_slice(&body);
                frame(2, &message)
            }
        }
    }

    /// How many messages end in these bytes. Answers and events here are short, so their frames are, too.
    fn count(self, payload: &[u8]) -> usize {
        match self {
            Self::Json => payload.iter().filter(|&&byte| byte == 0x1E).count(),
            Self::MessagePack => {
                let (mut rest, mut count) = (payload, 0);
                while let Some((&length, after)) = rest.split_first() {
                    rest = after.get(usize::from(length)..).unwrap_or_default();
                    count += 1;
                }
                count
            }
        }
    }
}

fn pack_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&[0xD9, text.len() as u8]);
    body.extend_from_slice(text.as_bytes());
}

/// A masked frame; the mask is zero, so that nothing needs masking.
fn frame(kind: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0x80 | kind);
    if payload.len() < 126 {
        frame.put_u8(0x80 | payload.len() as u8);
    } else {
        frame.put_u8(0x80 | 126);
        frame.put_u16(payload.len() as u16);
    }
    frame.put_u32(0);
    frame.extend_from_slice(payload);
    frame.freeze()
}

struct Client {
    socket: TcpStream,
    received: BytesMut,
    protocol: Protocol,
}

impl Client {
    async fn connect(address: &str, protocol: Protocol) -> Result<Self, Failure> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let upgrade = format!(
            "GET /chat HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write_all(upgrade.as_bytes()).await?;
        let mut client = Self { socket, received: BytesMut::with_capacity(4096), protocol };
        while !client.received.windows(4).any(|end| end == b"\r\n\r\n") {
            client.read().await?;
        }
        client.received.clear();
        let handshake = format!("{{\"protocol\":\"{}\",\"version\":1}}\u{1e}", protocol.name());
        client.socket.write_all(&frame(1, handshake.as_bytes())).await?;
        while client.received.len() < 5 {
            client.read().await?;
        }
        client.received.clear();
        Ok(client)
    }

    async fn read(&mut self) -> Result<(), Failure> {
        match self.socket.read_buf(&mut self.received).await? {
            0 => Err("the hub has closed a connection".into()),
            _ => Ok(()),
        }
    }

    /// Waits for messages, and says how many have come.
    async fn next(&mut self) -> Result<usize, Failure> {
        loop {
            let mut messages = 0;
            while let Some((header, length)) = self.frame() {
                if self.received.len() < header + length {
                    break;
                }
                messages += self.protocol.count(&self.received[header..header + length]);
                let _ = self.received.split_to(header + length);
            }
            if messages > 0 {
                return Ok(messages);
            }
            self.read().await?;
        }
    }

    fn frame(&self) -> Option<(usize, usize)> {
        match *self.received.get(1)? {
            126 => {
                Some((4, usize::from(u16::from_be_bytes([*self.received.get(2)?, *self.received.get(3)?]))))
            }
            length => Some((2, length.into())),
        }
    }

    async fn say(&mut self, call: &[u8], messages: usize) -> Result<(), Failure> {
        self.socket.write_all(call).await?;
        let mut missing = messages;
        while missing > 0 {
            missing = missing.saturating_sub(self.next().await?);
        }
        Ok(())
    }
}

// ---- scenarios ----

async fn measure(time: Duration, wanted: &str) -> Result<(), Failure> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!("load before: {}", load.trim());
    println!(
        "{:<18}{:<13}{:>12}{:>10}{:>10}{:>10}{:>12}",
        "scenario", "protocol", "a second", "p50 ms", "p99 ms", "hub us", "generator us"
    );
    for protocol in [Protocol::Json, Protocol::MessagePack] {
        for connections in [64, 500] {
            let name = format!("echo {connections}");
            if name.starts_with(wanted) {
                echo(&name, protocol, connections, time).await?;
            }
        }
        for events in [1, 100] {
            let name = format!("group 1000, {events}");
            if name.starts_with(wanted) {
                group(&name, protocol, 1000, events, time).await?;
            }
        }
        if "idle".starts_with(wanted) {
            idle(protocol, 1000).await?;
        }
    }
    Ok(())
}

async fn echo(name: &str, protocol: Protocol, connections: usize, time: Duration) -> Result<(), Failure> {
    let server = Server::start()?;
    let mut clients = Vec::new();
    for number in 0..connections {
        let mut client = Client::connect(&server.address, protocol).await?;
        let room = format!("room{number}");
        client.say(&protocol.call("Enter", &room, None), 1).await?;
        clients.push((client, protocol.call("Say", &room, Some("\"Hello, is anybody there?\""))));
    }
    let watch = Watch::start(&server)?;
    let start = watch.start;
    let running: Vec<JoinHandle<Result<Vec<u32>, Failure>>> = clients
        .into_iter()
        .map(|(mut client, call)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < time {
                    let sent = Instant::now();
                    client.say(&call, 2).await?;
                    times.push(u32::try_from(sent.elapsed().as_micros())?);
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for ended in join_all(running).await {
        times.extend(ended??);
    }
    let taken = watch.stop()?;
    times.sort_unstable();
    let at = |part: usize| f64::from(times[times.len() * part / 100]) / 1000.0;
    report(name, protocol, times.len(), Some((at(50), at(99))), &taken);
    Ok(())
}

/// Sends `events` at a time to a group, and more when all of its members have heard them.
async fn group(
    name: &str,
    protocol: Protocol,
    size: usize,
    events: usize,
    time: Duration,
) -> Result<(), Failure> {
    let server = Server::start()?;
    let heard = Arc::new((AtomicUsize::new(0), Notify::new()));
    for _ in 0..size {
        let mut client = Client::connect(&server.address, protocol).await?;
        client.say(&protocol.call("Enter", "all", None), 1).await?;
        let heard = heard.clone();
        tokio::spawn(async move {
            while let Ok(messages) = client.next().await {
                if (heard.0.fetch_add(messages, Relaxed) + messages).is_multiple_of(size * events) {
                    heard.1.notify_one();
                }
            }
        });
    }
    let mut caller = Client::connect(&server.address, protocol).await?;
    let call = protocol.call("Shout", "all", Some(&events.to_string()));
    let watch = Watch::start(&server)?;
    while watch.start.elapsed() < time {
        caller.say(&call, 1).await?;
        heard.1.notified().await;
    }
    report(name, protocol, heard.0.load(Relaxed), None, &watch.stop()?);
    Ok(())
}

async fn idle(protocol: Protocol, connections: usize) -> Result<(), Failure> {
    let server = Server::start()?;
    let mut clients = vec![Client::connect(&server.address, protocol).await?];
    let before = server.resident_kib()?;
    while clients.len() <= connections {
        clients.push(Client::connect(&server.address, protocol).await?);
    }
    let each = (server.resident_kib()? - before) / connections as f64;
    println!("{:<18}{:<13}{each:>8.1} KiB a connection", "idle", protocol.name());
    Ok(())
}

fn report(scenario: &str, protocol: Protocol, done: usize, times: Option<(f64, f64)>, taken: &Taken) {
    let rate = done as f64 / taken.time.as_secs_f64();
    let [hub, own] = taken.processor.map(|used| used.as_secs_f64() * 1e6 / done as f64);
    let (half, slowest) = times.map_or((String::new(), String::new()), |(half, slowest)| {
        (format!("{half:.2}"), format!("{slowest:.2}"))
    });
    println!(
        "{scenario:<18}{:<13}{rate:>12.0}{half:>10}{slowest:>10}{hub:>10.2}{own:>12.2}",
        protocol.name()
    );
}
