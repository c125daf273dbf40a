//! The accept loop. It is not axum's own because a handler must be able to cut its connection.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::anthropic::Anthropic;
use crate::dialect::{Dialect, Refused, error_response};
use crate::exchange::exchange;
use crate::openai::OpenAi;
use crate::{Provider, State};

/// What Anthropic takes at most.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// Cancelled by a handler that wants its connection cut.
#[derive(Clone)]
pub(crate) struct Cut(pub(crate) CancellationToken);

pub(crate) async fn run(listener: TcpListener, state: Arc<State>) {
    let router = Router::new()
        .route("/v1/messages", post(exchange::<Anthropic>))
        .route("/v1/chat/completions", post(exchange::<OpenAi>))
        .route("/v1/models", get(models))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state);
    // Dropped with this future, and the connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let cut = Cut(CancellationToken::new());
                let service = TowerToHyperService::new(router.clone().layer(Extension(cut.clone())));
                connections.spawn(async move {
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        // A client that goes away is no concern of a fake.
                        _ = connection => {}
                        () = cut.0.cancelled() => {}
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Both providers have this path; their clients tell themselves apart by their headers.
fn provider(headers: &HeaderMap) -> Provider {
    if headers.contains_key("anthropic-version") { Provider::Anthropic } else { Provider::OpenAi }
}

fn refuse(state: &State, provider: Provider, refused: Refused) -> Response {
    match provider {
        Provider::Anthropic => error_response::<Anthropic>(state, refused),
        Provider::OpenAi => error_response::<OpenAi>(state, refused),
    }
}

async fn models(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let provider = provider(&headers);
    let listed = match provider {
        Provider::Anthropic => Anthropic::models(&state, &headers),
        Provider::OpenAi => OpenAi::models(&state, &headers),
    };
    match listed {
        Ok(models) => axum::Json(models).into_response(),
        Err(refused) => refuse(&state, provider, refused),
    }
}

async fn not_found(Shared(state): Shared<Arc<State>>, headers: HeaderMap, request: Request) -> Response {
    let message = format!("Not found: {}", request.uri().path());
    refuse(&state, provider(&headers), Refused::new(StatusCode::NOT_FOUND, message))
}

async fn method_not_allowed(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    refuse(&state, provider(&headers), Refused::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
}
