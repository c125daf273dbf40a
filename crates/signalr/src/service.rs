//! The HTTP surface of a hub: which request means what.

use std::{
    convert::Infallible,
    future::ready,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::{OriginalUri, Request},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, header::ACCEPT, request::Parts};
use http_body_util::BodyExt as _;
use socket_kit::{Token, WebSocketUpgrade, headers, query};

use crate::{
    ConnectionId, Hub, Transport, connection,
    connection::{Connection, End},
    hub::Core,
    negotiate,
    refusal::{Refusal, plain},
    registry::{Known, Negotiated},
    session::{Attached, Session},
    transport::{
        Requests,
        lane::{Closed, Lane},
        long_polling, server_sent_events,
        web_socket::Socket,
    },
};

/// A hub as a tower service, to be nested at the hub's path:
/// `router.nest_service("/chat", hub.service())`.
///
/// Put authorisation around it as a layer; it sees every request before the hub does. Put CORS around that,
/// so that preflights are answered before anybody asks for a token.
pub struct HubService<S> {
    hub: Hub<S>,
}

impl<S> HubService<S> {
    pub(crate) fn new(hub: Hub<S>) -> Self {
        Self { hub }
    }
}

impl<S> Clone for HubService<S> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone() }
    }
}

impl<S: Clone + Send + Sync + 'static> tower::Service<Request<Body>> for HubService<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.hub.core().start_sweeping();
        let (parts, body) = request.into_parts();
        let answer = match (parts.uri.path().trim_matches('/'), &parts.method) {
            ("negotiate", &Method::POST) => {
                negotiate::negotiate(self.hub.core(), parts.uri.query()).into_response()
            }
            ("negotiate", _) => Refusal::WrongMethod.into_response(),
            ("", _) => {
                let hub = self.hub.clone();
                return Box::pin(async move { Ok(serve(hub, parts, body).await.into_response()) });
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        };
        Box::pin(ready(Ok(answer)))
    }
}

async fn serve<S>(hub: Hub<S>, parts: Parts, body: Body) -> Result<Response, Refusal>
where
    S: Clone + Send + Sync + 'static,
{
    let id = query::find_in_any_case(parts.uri.query(), "id").unwrap_or_default().into_owned();
    match parts.method {
        Method::GET if headers::want_web_socket(&parts.headers) => accept_web_socket(hub, parts, &id),
        Method::GET | Method::POST | Method::DELETE if id.is_empty() => Err(Refusal::NoId),
        Method::GET if accepts_events(&parts.headers) => open_events(hub, &parts, &id),
        Method::GET => poll(hub, parts, &id).await,
        Method::POST => post(hub.core(), body, &id).await,
        Method::DELETE => delete(hub.core(), &id),
        _ => Err(Refusal::WrongMethod),
    }
}

// ---- transports come ----

/// What a request for a transport found.
enum Found {
    New(Arc<Connection>),
    Live(Arc<Connection>),
}

/// Brings a transport to the connection that `id` names, or finds it there.
fn attach(core: &Core, id: &str, transport: Transport, parts: &Parts) -> Result<Found, Refusal> {
    let token = Token::parse(id).ok_or(Refusal::Unknown)?;
    let request = visible(parts);
    core.registry.with(token, |known| {
        let known = known.ok_or(Refusal::Unknown)?;
        check_enabled(core, transport)?;
        let waiting = match known {
            Known::Live(connection) if connection.transport != transport => {
                return Err(Refusal::OtherTransport);
            }
            Known::Live(connection) => {
                if connection.is_polled() {
                    connection.replace_request(request);
                }
                return Ok(Found::Live(connection.clone()));
            }
            Known::Waiting(_) if core.is_closed() => {
                return Err(Refusal::Unavailable);
            }
            Known::Waiting(waiting) => waiting,
        };
        let early = waiting.lane.take();
        let lane = match transport {
            Transport::WebSockets => {
                if let Some(early) = early {
                    early.close();
                }
                None
            }
            Transport::ServerSentEvents | Transport::LongPolling => {
                let lane = early.unwrap_or_default();
                lane.open(core.options.input_buffer_bytes);
                Some(lane)
            }
        };
        let mut connection =
            Connection::new(waiting.id, token, core.next_serial(), transport, lane, request, core.now());
        connection.may_resume = waiting.resumable && transport == Transport::WebSockets;
        let connection = Arc::new(connection);
        *known = Known::Live(connection.clone());
        Ok(Found::New(connection))
    })
}

fn check_enabled(core: &Core, transport: Transport) -> Result<(), Refusal> {
    if core.options.transports.contains(&transport) { Ok(()) } else { Err(Refusal::Disabled(transport)) }
}

fn accept_web_socket<S>(hub: Hub<S>, mut parts: Parts, id: &str) -> Result<Response, Refusal>
where
    S: Clone + Send + Sync + 'static,
{
    let core = hub.core();
    let upgrade = match WebSocketUpgrade::of(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(lacking) => return Ok(lacking.into_response()),
    };
    let most = core.options.max_frame_bytes.max(core.options.max_message_bytes);
    let connection = match attach_web_socket(core, id, &parts)? {
        Found::New(connection) => connection,
        Found::Live(connection) if connection.is_ending() => return Err(Refusal::Gone),
        // The next one for a connection that has lost, or is about to lose, its own.
        Found::Live(connection) if connection.resume().is_some() => {
            let request = visible(&parts);
            return Ok(upgrade.open(most, move |link| connection.hand_over(link, request)));
        }
        Found::Live(_) => return Err(Refusal::AlreadyCarried),
    };
    let attached = Attached::new(core.clone(), connection);
    Ok(upgrade.open(most, move |link| {
        // A task of its own is as large as the session and no larger.
        let socket = Socket::new(attached.connection(), link);
        tokio::spawn(Session::new(hub, attached, socket).run());
    }))
}

/// A WebSocket may come without having negotiated.
fn attach_web_socket(core: &Core, id: &str, parts: &Parts) -> Result<Found, Refusal> {
    if !id.is_empty() {
        return attach(core, id, Transport::WebSockets, parts);
    }
    check_enabled(core, Transport::WebSockets)?;
    if core.is_closed() {
        return Err(Refusal::Unavailable);
    }
    let connection = Arc::new(Connection::new(
        ConnectionId::random(),
        Token::random(),
        core.next_serial(),
        Transport::WebSockets,
        None,
        visible(parts),
        core.now(),
    ));
    core.registry.insert(connection.clone());
    Ok(Found::New(connection))
}

fn open_events<S>(hub: Hub<S>, parts: &Parts, id: &str) -> Result<Response, Refusal>
where
    S: Clone + Send + Sync + 'static,
{
    let core = hub.core().clone();
    let Found::New(connection) = attach(&core, id, Transport::ServerSentEvents, parts)? else {
        return Err(Refusal::AlreadyCarried);
    };
    begin_on_requests(hub, connection.clone());
    Ok(server_sent_events::respond(core, connection))
}

async fn poll<S>(hub: Hub<S>, parts: Parts, id: &str) -> Result<Response, Refusal>
where
    S: Clone + Send + Sync + 'static,
{
    let core = hub.core().clone();
    match attach(&core, id, Transport::LongPolling, &parts)? {
        Found::New(connection) => {
            let answer = long_polling::attached(&core, &connection);
            begin_on_requests(hub, connection);
            Ok(answer)
        }
        Found::Live(connection) => {
            drop((hub, parts));
            Ok(long_polling::poll(core, connection).await)
        }
    }
}

fn begin_on_requests<S: Clone + Send + Sync + 'static>(hub: Hub<S>, connection: Arc<Connection>) {
    let transport = connection.transport;
    if let Some(lane) = connection.lane.clone() {
        let attached = Attached::new(hub.core().clone(), connection);
        tokio::spawn(Session::new(hub, attached, Requests::new(lane, transport)).run());
    }
}

// ---- bytes come ----

/// Appends the body to the connection's input, which may come before its transport does.
async fn post(core: &Core, mut body: Body, id: &str) -> Result<Response, Refusal> {
    let lane = find_lane(core, id)?;
    let _turn = lane.turn().await;
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() {
            lane.write(bytes).await.map_err(|Closed| Refusal::Gone)?;
        }
    }
    Ok(plain(StatusCode::OK, ""))
}

fn find_lane(core: &Core, id: &str) -> Result<Arc<Lane>, Refusal> {
    let token = Token::parse(id).ok_or(Refusal::Unknown)?;
    core.registry.with(token, |known| match known.ok_or(Refusal::Unknown)? {
        Known::Waiting(Negotiated { lane, .. }) => Ok(lane.get_or_insert_default().clone()),
        Known::Live(connection) => match &connection.lane {
            None => Err(Refusal::PostToWebSocket),
            Some(_) if connection.is_ending() => Err(Refusal::Unknown),
            Some(lane) => Ok(lane.clone()),
        },
    })
}

fn delete(core: &Core, id: &str) -> Result<Response, Refusal> {
    let token = Token::parse(id).ok_or(Refusal::Unknown)?;
    core.registry.with(token, |known| match known.ok_or(Refusal::Unknown)? {
        Known::Live(connection) if connection.is_polled() => {
            connection.end(End::GoingAway);
            Ok(())
        }
        Known::Live(_) | Known::Waiting(_) => Err(Refusal::NotDeletable),
    })?;
    core.registry.forget(token);
    Ok(plain(StatusCode::ACCEPTED, ""))
}

// ---- helpers ----

fn accepts_events(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|range| {
            let kind = range.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("text/event-stream")
        })
}

/// What methods may see of the request.
fn visible(parts: &Parts) -> connection::Request {
    let mut extensions = parts.extensions.clone();
    // It shares its buffer with the request.
    extensions.remove::<OriginalUri>();
    connection::Request { extensions, headers: headers::of_client(&parts.headers) }
}
