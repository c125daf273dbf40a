//! A load generator, and the server it loads: `cargo run --release -p socketio --example sockets_load -- [SECONDS] [recovery]`.
//!
//! The server runs in a process of its own, so that its memory and its processor time can be read. All clients are WebSockets.
//!
//! - `echo N`: N clients call an event that emits to a room of one and acknowledges, one call at a time each; calls a second, half and the
//!   slowest of a hundred in milliseconds;
//! - `room 1000, N`: one call emits N events to a room of a thousand, and the next follows when all have heard them; deliveries a second;
//! - `arrive N`: N clients connect at once, each joining a room with the packet after its CONNECT; who is missing then, and how long it took;
//! - `idle`: what a client that does nothing takes of the server's memory.
//!
//! Processor time is the server's own, from `/proc`. With `recovery` sockets may be recovered, so that events are kept and marked.

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
use futures_util::{StreamExt as _, future::join_all, stream};
use socketio::{EventError, Namespace, Options, Recovery, Server, Socket};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let recovery = arguments.last().is_some_and(|last| last == "recovery");
    if recovery {
        arguments.pop();
    }
    if arguments.first().is_some_and(|first| first == "serve") {
        let recovery = recovery.then(Recovery::default);
        return tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(recovery));
    }
    let seconds: u64 = arguments.first().map_or(Ok(5), |seconds| seconds.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(Duration::from_secs(seconds), recovery))
}

// ---- the server ----

async fn serve(recovery: Option<Recovery>) -> Result<(), Failed> {
    let namespace = Namespace::new().on("say", say).on("enter", enter).on("shout", shout).on("count", count);
    let options = Options { recovery, ..Options::default() };
    let server = Server::builder(()).options(options).namespace("/", namespace).build();
    let app = Router::new().nest_service("/socket.io", server.service());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    Ok(axum::serve(listener, app).await?)
}

async fn enter(socket: Socket<()>, (room,): (String,)) -> Result<(), EventError> {
    Ok(socket.join(room)?)
}

async fn say(socket: Socket<()>, (room, text): (String, String)) -> Result<(), EventError> {
    socket.io().to(room).emit("said", &(text,));
    Ok(())
}

async fn shout(socket: Socket<()>, (room, events): (String, u32)) -> Result<(), EventError> {
    let room = socket.io().to(room);
    for number in 0..events {
        room.emit("said", &(number,));
    }
    Ok(())
}

async fn count(socket: Socket<()>, (room,): (String,)) -> Result<(usize,), EventError> {
    Ok((socket.io().to(room).count(),))
}

struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(recovery: bool) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").args(recovery.then_some("recovery"));
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or("the server says nothing")?;
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    fn proc(&self, file: &str) -> Result<String, Failed> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }

    fn resident_kib(&self) -> Result<f64, Failed> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }

    /// Processor time so far, in hundredths of a second as the kernel counts it.
    fn processor(&self) -> Result<Duration, Failed> {
        let stat = self.proc("stat")?;
        let after = stat.rsplit_once(')').ok_or("no stat")?.1;
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// ---- its clients ----

/// A masked text frame; the mask is zero, so that nothing needs masking.
fn frame(payload: &str) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0x81);
    frame.put_u8(0x80 | u8::try_from(payload.len()).expect("packets here are short"));
    frame.put_u32(0);
    frame.extend_from_slice(payload.as_bytes());
    frame.freeze()
}

struct Client {
    socket: TcpStream,
    received: BytesMut,
}

impl Client {
    /// A client in the main namespace, if `first` has it enter.
    async fn connect(address: &str, first: &str) -> Result<Self, Failed> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let upgrade = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write_all(upgrade.as_bytes()).await?;
        let mut client = Self { socket, received: BytesMut::with_capacity(1024) };
        loop {
            if let Some(end) = client.received.windows(4).position(|end| end == b"\r\n\r\n") {
                let _ = client.received.split_to(end + 4);
                break;
            }
            client.read().await?;
        }
        client.next().await?;
        for packet in ["40", first].into_iter().filter(|packet| !packet.is_empty()) {
            client.socket.write_all(&frame(packet)).await?;
        }
        client.next().await?;
        if !first.is_empty() {
            client.next().await?;
        }
        Ok(client)
    }

    async fn read(&mut self) -> Result<(), Failed> {
        match self.socket.read_buf(&mut self.received).await? {
            0 => Err("the server has closed a connection".into()),
            _ => Ok(()),
        }
    }

    /// Waits for the next packet that is no ping.
    async fn next(&mut self) -> Result<Bytes, Failed> {
        loop {
            while let Some((header, length)) = self.frame() {
                if self.received.len() < header + length {
                    break;
                }
                let packet = self.received.split_to(header + length).freeze().slice(header..);
                match &packet[..] {
                    b"2" => self.socket.write_all(&frame("3")).await?,
                    _ => return Ok(packet),
                }
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

    async fn call(&mut self, packet: &[u8], answers: usize) -> Result<Bytes, Failed> {
        self.socket.write_all(packet).await?;
        let mut last = Bytes::new();
        for _ in 0..answers {
            last = self.next().await?;
        }
        Ok(last)
    }
}

// ---- scenarios ----

async fn measure(time: Duration, recovery: bool) -> Result<(), Failed> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!("load before: {}", load.trim());
    println!("{:<18}{:>12}{:>10}{:>10}{:>16}", "scenario", "a second", "p50 ms", "p99 ms", "CPU us/message");
    for clients in [64, 500] {
        echo(clients, time, recovery).await?;
    }
    for events in [1, 100] {
        room(1000, events, time, recovery).await?;
    }
    arrive(10_000, recovery).await?;
    idle(1000, recovery).await
}

async fn echo(number: usize, time: Duration, recovery: bool) -> Result<(), Failed> {
    let server = Process::start(recovery)?;
    let mut clients = Vec::new();
    for number in 0..number {
        let client = Client::connect(&server.address, &format!("421[\"enter\",\"{number}\"]")).await?;
        clients.push((client, frame(&format!("421[\"say\",\"{number}\",\"Hello, is anybody there?\"]"))));
    }
    let (before, start) = (server.processor()?, Instant::now());
    let running: Vec<JoinHandle<Result<Vec<u32>, Failed>>> = clients
        .into_iter()
        .map(|(mut client, call)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < time {
                    let sent = Instant::now();
                    client.call(&call, 2).await?;
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
    let (took, used) = (start.elapsed(), server.processor()? - before);
    times.sort_unstable();
    let at = |part: usize| f64::from(times[times.len() * part / 100]) / 1000.0;
    report(&format!("echo {number}"), times.len(), took, Some((at(50), at(99))), used);
    Ok(())
}

/// Emits `events` at a time to a room, and more when all of its members have heard them.
async fn room(size: usize, events: usize, time: Duration, recovery: bool) -> Result<(), Failed> {
    let server = Process::start(recovery)?;
    let heard = Arc::new((AtomicUsize::new(0), Notify::new()));
    for _ in 0..size {
        let mut client = Client::connect(&server.address, "421[\"enter\",\"all\"]").await?;
        let heard = heard.clone();
        tokio::spawn(async move {
            while client.next().await.is_ok() {
                if (heard.0.fetch_add(1, Relaxed) + 1).is_multiple_of(size * events) {
                    heard.1.notify_one();
                }
            }
        });
    }
    let mut caller = Client::connect(&server.address, "").await?;
    let call = frame(&format!("421[\"shout\",\"all\",{events}]"));
    let (before, start) = (server.processor()?, Instant::now());
    while start.elapsed() < time {
        caller.call(&call, 1).await?;
        heard.1.notified().await;
    }
    let (took, used, heard) = (start.elapsed(), server.processor()? - before, heard.0.load(Relaxed));
    report(&format!("room {size}, {events}"), heard, took, None, used);
    Ok(())
}

/// Clients that come at once, as many as there may be sockets at a time in their way.
async fn arrive(number: usize, recovery: bool) -> Result<(), Failed> {
    let server = Process::start(recovery)?;
    let start = Instant::now();
    let clients: Vec<Result<Client, Failed>> = stream::iter(0..number)
        .map(|_| Client::connect(&server.address, "421[\"enter\",\"all\"]"))
        .buffer_unordered(number)
        .collect()
        .await;
    let took = start.elapsed();
    let clients = clients.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut last = Client::connect(&server.address, "").await?;
    let counted = last.call(&frame("421[\"count\",\"all\"]"), 1).await?;
    let counted = std::str::from_utf8(&counted)?.trim_start_matches("431[").trim_end_matches(']');
    let missing = clients.len() - counted.parse::<usize>()?;
    let kib = server.resident_kib()? / number as f64;
    println!(
        "{:<18}{missing} missing after {:.2} s, {kib:.1} KiB each",
        format!("arrive {number}"),
        took.as_secs_f64()
    );
    Ok(())
}

async fn idle(number: usize, recovery: bool) -> Result<(), Failed> {
    let server = Process::start(recovery)?;
    let mut clients = vec![Client::connect(&server.address, "421[\"enter\",\"all\"]").await?];
    let before = server.resident_kib()?;
    while clients.len() <= number {
        clients.push(Client::connect(&server.address, "421[\"enter\",\"all\"]").await?);
    }
    let each = (server.resident_kib()? - before) / number as f64;
    println!("{:<18}{each:>8.1} KiB a client", "idle");
    Ok(())
}

fn report(scenario: &str, done: usize, took: Duration, times: Option<(f64, f64)>, used: Duration) {
    let rate = done as f64 / took.as_secs_f64();
    let each = used.as_secs_f64() * 1e6 / done as f64;
    let (half, slowest) = times.map_or((String::new(), String::new()), |(half, slowest)| {
        (format!("{half:.2}"), format!("{slowest:.2}"))
    });
    println!("{scenario:<18}{rate:>12.0}{half:>10}{slowest:>10}{each:>16.2}");
}
