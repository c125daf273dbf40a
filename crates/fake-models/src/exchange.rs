//! One request to a model, from its bytes to the answer's last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, OriginalUri, State as Shared};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::dialect::{Asked, Delivery, Dialect, Refused, Said, Stopped, error_response};
use crate::script::{Garbage, Reply, RetryAfter, Step, Stop};
use crate::server::Cut;
use crate::{Request, State, Usage};

/// The `Date` of an answer whose `Retry-After` is a date.
const DATE: &str = "Fri, 12 Jun 2026 10:05:00 GMT";

/// How many tokens a text counts as: one for every four characters begun.
pub fn tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

/// The text of a message's `content`, which both protocols spell as a string or as a list of blocks.
pub(crate) fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| block["text"].as_str().filter(|_| block["type"] == "text"))
            .collect::<Option<String>>(),
        _ => None,
    }
}

pub(crate) async fn exchange<D: Dialect>(
    Shared(state): Shared<Arc<State>>,
    Extension(cut): Extension<Cut>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let parsed = body.map(|bytes| serde_json::from_slice::<Value>(&bytes));
    let json = parsed.as_ref().ok().and_then(|json| json.as_ref().ok()).cloned().unwrap_or_default();
    state.record(Request { provider: D::PROVIDER, headers: headers.clone(), body: json });

    let asked = D::check_headers(&state, &headers).and_then(|()| match &parsed {
        Err(_) => Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "Request exceeds the maximum size")),
        Ok(Err(e)) => Err(Refused::bad(format!("The request body is not valid JSON: {e}"))),
        Ok(Ok(Value::Object(body))) => D::read(&headers, body),
        Ok(Ok(_)) => Err(Refused::bad("The request body is not a JSON object")),
    });
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return error_response::<D>(&state, refused),
    };

    let step = state.next_step();
    if let Some(gate) = &step.gate {
        gate.pass().await;
    }
    tokio::time::sleep(step.delay).await;

    let failure = |status: u16, message: &str| {
        let status = StatusCode::from_u16(status).expect("a script names a status of HTTP");
        error_response::<D>(&state, Refused::new(status, message))
    };
    match &step.reply {
        Reply::Echo => say::<D>(&state, asked.last_user_text.clone(), asked, &step, &cut),
        Reply::Text(text) => say::<D>(&state, text.clone(), asked, &step, &cut),
        Reply::CutMidway => {
            say::<D>(&state, "This sentence is never finished".to_owned(), asked, &step, &cut)
        }
        Reply::Garbage(garbage) => self::garbage::<D>(&state, *garbage, asked, &step, &cut),
        Reply::RateLimited(wait) => {
            let mut response = failure(429, "This request would exceed your rate limit");
            response.headers_mut().extend(wait.headers());
            response
        }
        Reply::Overloaded => failure(D::OVERLOADED, "Overloaded"),
        Reply::WrongKey => error_response::<D>(&state, D::wrong_key()),
        Reply::Status(status) => failure(*status, "The script says so"),
        Reply::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, uri.path().to_owned())]).into_response()
        }
        Reply::Cut => {
            cut.0.cancel();
            std::future::pending().await
        }
    }
}

fn say<D: Dialect>(state: &State, text: String, asked: Asked, step: &Step, cut: &Cut) -> Response {
    let said = speak(state, text, asked, step);
    let pieces: Vec<Bytes> = match (said.delivery, step.trickle) {
        (Delivery::Whole, None) if matches!(step.reply, Reply::CutMidway) => {
            let body = D::completion(&said).to_string();
            let half = body.len() / 2;
            body.as_bytes().chunks(half).map(Bytes::copy_from_slice).collect()
        }
        (Delivery::Whole, None) => vec![Bytes::from(D::completion(&said).to_string())],
        (Delivery::Whole, Some(_)) => {
            D::completion(&said).to_string().bytes().map(|byte| Bytes::copy_from_slice(&[byte])).collect()
        }
        (Delivery::Stream | Delivery::StreamWithUsage, _) => {
            D::events(&said).into_iter().map(Bytes::from).collect()
        }
    };
    let content_type = match said.delivery {
        Delivery::Whole => "application/json",
        Delivery::Stream | Delivery::StreamWithUsage => "text/event-stream; charset=utf-8",
    };
    let end = if matches!(step.reply, Reply::CutMidway) {
        End::Cut { after: pieces.len() / 2, cut: cut.clone() }
    } else {
        state.count(said.usage);
        End::Whole
    };
    deliver::<D>(state, content_type, pieces, step.trickle.unwrap_or_default(), end)
}

fn speak(state: &State, text: String, asked: Asked, step: &Step) -> Said {
    let fits: String = text
        .chars()
        .take(usize::try_from(asked.max_tokens.saturating_mul(4)).unwrap_or(usize::MAX))
        .collect();
    let stop = match step.stop {
        _ if fits.len() < text.len() => Stopped::MaxTokens,
        Stop::EndTurn => Stopped::EndTurn,
        Stop::Refusal => Stopped::Refusal,
    };
    let read: u64 = asked.texts.iter().map(|text| tokens(text)).sum();
    let usage =
        Usage { input_tokens: read + step.cached.created + step.cached.read, output_tokens: tokens(&fits) };
    let id = state.next_id("");
    Said { id, model: asked.model, text: fits, stop, usage, cached: step.cached, delivery: asked.delivery }
}

fn garbage<D: Dialect>(state: &State, garbage: Garbage, asked: Asked, step: &Step, cut: &Cut) -> Response {
    match garbage {
        Garbage::NotJson => {
            ([(header::CONTENT_TYPE, "application/json")], "<html><h1>Bad gateway</h1></html>")
                .into_response()
        }
        Garbage::WrongShape => axum::Json(json!({"status": "ok"})).into_response(),
        Garbage::EmptyContent => say::<D>(state, String::new(), asked, step, cut),
        Garbage::WrongContentType => {
            let text = asked.last_user_text.clone();
            let mut response = say::<D>(state, text, asked, step, cut);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            response
        }
    }
}

enum End {
    Whole,
    Cut { after: usize, cut: Cut },
}

fn deliver<D: Dialect>(
    state: &State,
    content_type: &'static str,
    pieces: Vec<Bytes>,
    pause: Duration,
    end: End,
) -> Response {
    let length = (content_type == "application/json").then(|| pieces.iter().map(Bytes::len).sum::<usize>());
    let (after, cut) = match end {
        End::Whole => (usize::MAX, None),
        End::Cut { after, cut } => (after, Some(cut)),
    };
    let body = stream::iter(pieces.into_iter().enumerate()).then(move |(i, piece)| {
        let cut = cut.clone().filter(|_| i >= after);
        async move {
            if i > 0 && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if let Some(cut) = cut {
                // Once around the scheduler, so that what was said before is on the wire.
                tokio::task::yield_now().await;
                cut.0.cancel();
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(piece)
        }
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let request_id = HeaderValue::from_str(&state.next_id("req_")).expect("ids are plain text");
    headers.insert(D::REQUEST_ID_HEADER, request_id);
    response
}

impl RetryAfter {
    fn headers(&self) -> HeaderMap {
        let ms = HeaderName::from_static("retry-after-ms");
        match self {
            Self::Missing => HeaderMap::new(),
            Self::Seconds(s) => HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from(*s))]),
            Self::Millis(n) => HeaderMap::from_iter([(ms, HeaderValue::from(*n))]),
            Self::DateIn(wait) => HeaderMap::from_iter([
                (header::DATE, HeaderValue::from_static(DATE)),
                (header::RETRY_AFTER, date_after(*wait)),
            ]),
        }
    }
}

/// `DATE` and so many seconds, up to the end of that day.
fn date_after(wait: Duration) -> HeaderValue {
    let seconds = (10 * 60 + 5) * 60 + wait.as_secs().min(13 * 3600);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    HeaderValue::from_str(&format!("Fri, 12 Jun 2026 {h:02}:{m:02}:{s:02} GMT"))
        .expect("a date is plain text")
}
