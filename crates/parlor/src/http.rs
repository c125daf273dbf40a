//! The server under the doors: connections, health, and one line of log a request.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parlor_core::{App, params};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;
use tracing::Level;

/// A head that takes longer than this to arrive is not waited for.
const HEAD: Duration = Duration::from_secs(30);
/// After a failed accept (no file descriptor left, mostly).
const PAUSE: Duration = Duration::from_millis(250);
/// The database must answer within this to count as ready.
const READY: Duration = Duration::from_secs(2);

/// Takes the address, or says who is in the way.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "another program listens there: stop it, or choose another with --listen"
                }
                io::ErrorKind::PermissionDenied => {
                    "that port needs more rights: choose one above 1023 with --listen"
                }
                io::ErrorKind::AddrNotAvailable => {
                    "this machine does not have that address: choose another with --listen"
                }
                _ => "choose another address with --listen",
            };
            anyhow::Error::from(error).context(hint)
        })
        .with_context(|| format!("cannot listen on {address}"))
}

/// The doors' routes with what belongs to the program itself.
pub fn router(app: &App, doors: Router) -> Router {
    let health = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(app.clone());
    doors.merge(health).layer(middleware::from_fn(log))
}

async fn ready(State(app): State<App>) -> Response {
    let asked = app.db.read(|tx| {
        Box::pin(async move { tx.one("select cast(1 as bigint)", params![], |row| row.get::<i64>(0)).await })
    });
    let problem = match timeout(READY, asked).await {
        Ok(Ok(_)) => return "ready".into_response(),
        Ok(Err(error)) => format!("{error:?}"),
        Err(_) => format!("no answer within {READY:?}"),
    };
    tracing::warn!(problem, "the database does not answer");
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
}

/// Names the route, never the address: tokens and session ids stand in it.
async fn log(request: Request, next: Next) -> Response {
    if !tracing::enabled!(target: "parlor::http", Level::DEBUG) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or("(none)".into(), |path| path.as_str().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    tracing::debug!(target: "parlor::http", %method, route, status, ?took, "answered");
    response
}

/// Serves until `stop` says so, then lets requests under way come to their end.
pub async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let (leave, _) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, caller)) => {
                drop(tokio::spawn(connection(stream, caller, router.clone(), leave.subscribe())))
            }
            // The caller went away before we came to it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    leave.send_replace(());
    leave.closed().await;
}

async fn connection(stream: TcpStream, caller: SocketAddr, router: Router, mut leave: watch::Receiver<()>) {
    // Without it, small answers wait for the other side's acknowledgement; where it fails, the connection is gone anyway.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(caller));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = leave.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "parlor::http", %error, "a connection broke");
    }
}
