//! The HTTP surface of a server: which request means what.

use std::{
    convert::Infallible,
    future::ready,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::{OriginalUri, Request as HttpRequest},
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, request::Parts};
use socket_kit::{WebSocket, WebSocketUpgrade, headers, query};

use crate::{
    Request, Transport,
    connection::Connection,
    fault::Fault,
    outbox::Carrier,
    protocol::engine::Frame,
    server::Core,
    transport::{polling, upgrade, web_socket},
};

/// A server as a tower service, to be nested where clients look for it:
/// `router.nest_service("/socket.io", server.service())`.
///
/// Put authorisation and CORS around it as layers; what they put into the request's extensions is what
/// [`Socket::extensions`](crate::Socket::extensions) shows.
#[derive(Clone)]
pub struct SocketIoService {
    core: Arc<Core>,
}

impl SocketIoService {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl tower::Service<HttpRequest<Body>> for SocketIoService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        if !request.uri().path().trim_matches('/').is_empty() {
            return Box::pin(ready(Ok(StatusCode::NOT_FOUND.into_response())));
        }
        self.core.settle();
        let core = self.core.clone();
        let (parts, body) = request.into_parts();
        Box::pin(async move { Ok(serve(core, parts, body).await.into_response()) })
    }
}

/// The checks and their order are the reference server's.
async fn serve(core: Arc<Core>, parts: Parts, body: Body) -> Result<Response, Fault> {
    let transport = transport(&core, &parts).ok_or(Fault::UnknownTransport)?;
    let upgrades = headers::want_web_socket(&parts.headers);
    let sid = query::find(parts.uri.query(), "sid").filter(|sid| !sid.is_empty());
    let Some(sid) = sid else {
        return begin(core, parts, transport, upgrades).await;
    };
    // Nobody is served after his time, however late the heartbeat looks.
    core.find(&sid).ok_or(Fault::UnknownSid)?.tick();
    let connection = core.find(&sid).ok_or(Fault::UnknownSid)?;
    match (upgrades, transport) {
        (true, Transport::WebSocket) => upgrade_with(parts, connection).await,
        (true, Transport::Polling) => Err(Fault::BadRequest),
        (false, _) if transport != name(connection.carrier()) => Err(Fault::BadRequest),
        (false, _) => match parts.method {
            Method::GET => {
                // Nothing of the request is kept while it waits.
                drop((parts, body));
                polling::poll(connection).await
            }
            Method::POST => polling::post(connection, &parts.headers, body).await,
            _ => Err(Fault::BadRequest),
        },
    }
}

fn transport(core: &Core, parts: &Parts) -> Option<Transport> {
    let name = query::find(parts.uri.query(), "transport")?;
    let served = |transport: &Transport| core.house.options.transports.contains(transport);
    Transport::ALL.into_iter().find(|transport| transport.name() == name).filter(served)
}

fn name(carrier: Carrier) -> Transport {
    match carrier {
        Carrier::Polling => Transport::Polling,
        Carrier::WebSocket => Transport::WebSocket,
    }
}

/// A client begins a connection.
async fn begin(
    core: Arc<Core>,
    mut parts: Parts,
    transport: Transport,
    upgrades: bool,
) -> Result<Response, Fault> {
    if parts.method != Method::GET {
        return Err(Fault::BadMethod);
    }
    if upgrades != (transport == Transport::WebSocket) {
        return Err(Fault::BadRequest);
    }
    if query::find(parts.uri.query(), "EIO").as_deref() != Some("4") {
        return Err(Fault::UnsupportedVersion);
    }
    if !core.has_room() {
        return Err(Fault::Unavailable);
    }
    if transport == Transport::Polling {
        let connection = Arc::new(Connection::new(core.clone(), visible(&parts), Carrier::Polling));
        let offers = core.house.options.transports.contains(&Transport::WebSocket);
        let opening = connection.opening(if offers { &["websocket"] } else { &[] });
        core.remember(connection);
        return Ok(polling::payload(opening.into()));
    }
    let request = visible(&parts);
    let upgrade = match WebSocketUpgrade::of(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(lacking) => return Ok(lacking.into_response()),
    };
    Ok(upgrade.open(core.house.options.max_payload, move |link| {
        // Only now is there somebody to hear of it.
        let connection = Arc::new(Connection::new(core.clone(), request, Carrier::WebSocket));
        connection.send([Frame::Text(connection.opening(&[]).into())]);
        core.remember(connection.clone());
        // A task of its own is as large as it has to be and no larger.
        core.house.spawn(web_socket::run(connection, link));
    }))
}

/// A WebSocket for a connection that polls. One that comes too late, or second, is closed as soon as it is open.
async fn upgrade_with(mut parts: Parts, connection: Arc<Connection>) -> Result<Response, Fault> {
    let upgrade = match WebSocketUpgrade::of(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(lacking) => return Ok(lacking.into_response()),
    };
    Ok(upgrade.open(connection.house().options.max_payload, move |link| {
        let house = connection.house().clone();
        house.spawn(upgrade::run(connection, WebSocket::from(link)));
    }))
}

/// What handlers may see of the request.
fn visible(parts: &Parts) -> Request {
    let uri = parts.uri.to_string().parse().unwrap_or_default();
    let mut extensions = parts.extensions.clone();
    // It shares its buffer with the request.
    extensions.remove::<OriginalUri>();
    Request { extensions, headers: headers::of_client(&parts.headers), uri }
}
