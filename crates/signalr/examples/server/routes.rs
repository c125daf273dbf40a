//! Which path is what. Paths have no case.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{any, get, post},
};
use http::{
    HeaderValue, Method, StatusCode, Uri,
    header::{AUTHORIZATION, HeaderMap, LOCATION, SET_COOKIE},
};
use serde::Deserialize;
use serde_json::{Value, json};
use signalr::{Hub, HubError, HubOptions, InvokeError, Transport};
use tower::{ServiceExt as _, util::BoxCloneSyncService};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use uuid::Uuid;

use crate::{
    echo,
    payload::InvalidOperationException,
    test_hub::{self, Redirects},
};

type Service = BoxCloneSyncService<Request, Response, std::convert::Infallible>;

/// Everything, and the hubs of it.
pub fn service(options: &HubOptions, url: &str) -> (Service, Vec<Hub<()>>) {
    let stateful = HubOptions { stateful_reconnect: true, ..options.clone() };
    let short = HubOptions { poll_timeout: Duration::from_secs(2), ..options.clone() };
    let newest = HubOptions { minimum_negotiate_version: 1, ..options.clone() };
    let requests = HubOptions {
        transports: vec![Transport::ServerSentEvents, Transport::LongPolling],
        ..options.clone()
    };
    let test_hubs = [
        ("/testhub", stateful),
        ("/testhub-nostateful", options.clone()),
        ("/testhub-shortpoll", short),
        ("/testhub-v1only", newest),
        ("/testhub-nowebsockets", requests),
    ];
    let test_hubs = test_hubs.map(|(path, options)| (path, test_hub::build(options).build()));
    let refusing = [
        ("/throwonconnect", refuse(options, || internal("no entry"))),
        ("/throwhubonconnect", refuse(options, || HubError::new("no entry"))),
        (
            "/uncreatable",
            refuse(options, || {
                internal(
                    "Unable to resolve service for type 'System.Object' while attempting to activate \
                     'FunctionalTests.UncreatableHub'.",
                )
            }),
        ),
    ];
    let tokens = Tokens::default();
    let redirects = Arc::new(AtomicU32::new(0));
    let authorized = Hub::builder(()).options(options.clone()).method("Echo", test_hub::echo).build();
    let protected = middleware::from_fn_with_state(tokens.clone(), check_token);

    let mut hubs: Vec<Hub<()>> = Vec::new();
    let mut router = Router::new();
    for (path, hub) in test_hubs.iter().chain(&refusing) {
        router = router.nest_service(path, hub.service());
        hubs.push(hub.clone());
    }
    let asked = test_hubs.map(|(_, hub)| hub).to_vec();
    let router = router
        .merge(Router::new().nest_service("/authorizedhub", authorized.service()).layer(protected))
        .merge(echo::router())
        .route("/generatejwttoken", get(generate_token).with_state(tokens))
        .route("/clientresult/{id}", get(client_result).with_state(Arc::from(asked)))
        .route("/redirect", post(redirect).with_state(redirects.clone()))
        .route("/redirect/{*rest}", post(redirect).with_state(redirects))
        .fallback(any(fallback).with_state(Arc::from(url)))
        .layer(middleware::from_fn(around_hubs))
        .layer(cors());
    hubs.push(authorized);
    let service = router.map_request(without_case);
    (BoxCloneSyncService::new(service), hubs)
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(true)
}

fn internal(text: &str) -> HubError {
    HubError::internal(InvalidOperationException(text.into()))
}

fn refuse(options: &HubOptions, error: impl Fn() -> HubError + Clone + Send + Sync + 'static) -> Hub<()> {
    let refuse = move |_| std::future::ready(Err(error()));
    Hub::builder(()).options(options.clone()).on_connected(refuse).build()
}

/// Paths in lower case, as the router knows them; but the id in a path stays as it is.
fn without_case(mut request: Request) -> Request {
    let path = request.uri().path();
    let (mut lower, rest) = match path.get(..14) {
        Some(prefix) if prefix.eq_ignore_ascii_case("/clientresult/") => {
            (prefix.to_ascii_lowercase(), &path[14..])
        }
        _ => (path.to_ascii_lowercase(), ""),
    };
    lower.push_str(rest);
    if let Some(query) = request.uri().query() {
        lower.push('?');
        lower.push_str(query);
    }
    if let Ok(uri) = lower.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// Tells hubs how often the client was sent elsewhere, and gives cookies with each negotiation.
async fn around_hubs(mut request: Request, next: Next) -> Response {
    let redirects = query(request.uri(), "numRedirects").and_then(|number| number.parse().ok());
    request.extensions_mut().insert(Redirects(redirects.unwrap_or(0)));
    let negotiates = request.method() == Method::POST && request.uri().path().ends_with("/negotiate");
    let mut response = next.run(request).await;
    if negotiates {
        for cookie in [
            "testCookie=testValue; path=/",
            "testCookie2=testValue2; path=/",
            "expiredCookie=doesntmatter; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/",
        ] {
            response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
    }
    response
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    socket_kit::query::find_in_any_case(uri.query(), name).map(Cow::into_owned)
}

// ---- authorisation ----

#[derive(Clone, Default)]
struct Tokens(Arc<Mutex<HashSet<String>>>);

#[expect(clippy::disallowed_methods, reason = "an example has no clock of its own")]
async fn generate_token(State(tokens): State<Tokens>) -> String {
    let token = Uuid::new_v4().simple().to_string();
    tokens.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
    token
}

async fn check_token(State(tokens): State<Tokens>, request: Request, next: Next) -> Response {
    let header = bearer(request.headers()).map(str::to_owned);
    let token = header.or_else(|| query(request.uri(), "access_token")).unwrap_or_default();
    let known = tokens.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&token);
    if known { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

// ---- plain routes ----

/// Asks the client with that id, whichever hub it is at.
async fn client_result(State(hubs): State<Arc<[Hub<()>]>>, Path(id): Path<String>) -> String {
    for hub in &*hubs {
        match hub.invoke::<i32, _>(&id, "Result", &()).await {
            Ok(number) => return number.to_string(),
            Err(InvokeError::Gone) => {}
            Err(error) => return error.to_string(),
        }
    }
    InvokeError::Gone.to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redirection {
    base_url: String,
}

/// Counts on for as long as the server runs, so that a client that comes again can be told from one that stayed.
async fn redirect(
    State(redirects): State<Arc<AtomicU32>>,
    Query(redirection): Query<Redirection>,
) -> Json<Value> {
    let number = redirects.fetch_add(1, Ordering::Relaxed) + 1;
    let base = redirection.base_url.trim_end_matches('/');
    Json(json!({ "url": format!("{base}/testHub?numRedirects={number}") }))
}

/// Paths that only begin as one of these.
async fn fallback(State(url): State<Arc<str>>, uri: Uri) -> Response {
    if uri.path().starts_with("/bad-negotiate") {
        return (StatusCode::BAD_REQUEST, "Some response from server").into_response();
    }
    let Some(rest) = uri.path().strip_prefix("/echoredirect") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, format!("{url}/echo{rest}{query}"))]).into_response()
}
