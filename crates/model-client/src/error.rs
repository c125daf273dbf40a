use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use crate::transport::Answer;

/// No provider may put a job to sleep for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Why there is no completion. The reasons are short and for staff's eyes: they hold neither the key nor
/// anything of the prompt, and of the provider's words only its error code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Asking again may help.
    #[error("{reason}")]
    Retryable {
        reason: String,
        /// What the provider asks to wait, one hour at most.
        retry_after: Option<Duration>,
    },
    /// Asking again in the same way will not help.
    #[error("{reason}")]
    Permanent { reason: String },
}

impl Error {
    pub(crate) fn retryable(reason: impl Into<String>) -> Self {
        Self::Retryable { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into() }
    }
}

/// The part of an error answer that both protocols have alike: `{"error": {"type", "code", "param"}}`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    r#type: Option<String>,
    code: Option<serde_json::Value>,
    pub(crate) param: Option<String>,
}

impl Refusal {
    pub(crate) fn read(answer: &Answer) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Refusal,
        }
        serde_json::from_slice::<Envelope>(&answer.body).map(|envelope| envelope.error).unwrap_or_default()
    }

    /// The most exact name of what is wrong. Messages are not quoted, since providers repeat keys and
    /// prompts in them; a name of small letters is neither.
    pub(crate) fn name(&self) -> Option<&str> {
        let is_name = |text: &&str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let code = self.code.as_ref().and_then(serde_json::Value::as_str).filter(is_name);
        code.or(self.r#type.as_deref().filter(is_name))
    }
}

/// What an answer other than 2xx means.
pub(crate) fn of_status(answer: &Answer) -> Error {
    let reason = match Refusal::read(answer).name() {
        Some(name) => format!("the provider answered {} {name}", answer.status.as_u16()),
        None => format!("the provider answered {}", answer.status.as_u16()),
    };
    if may_pass(answer.status) {
        Error::Retryable { reason, retry_after: retry_after(&answer.headers) }
    } else {
        Error::Permanent { reason }
    }
}

fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

/// `retry-after-ms` is OpenAI's, and finer; `Retry-After` is RFC 9110's, seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let wait = text("retry-after-ms").and_then(|ms| duration(ms, 0.001)).or_else(|| {
        text(header::RETRY_AFTER.as_str()).and_then(|s| duration(s, 1.0).or_else(|| until(s, headers)))
    })?;
    Some(wait.min(LONGEST_WAIT))
}

fn duration(number: &str, unit: f64) -> Option<Duration> {
    let seconds = number.parse::<f64>().ok().filter(|n| *n >= 0.0)? * unit;
    Some(Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())))
}

/// The distance is taken from the answer's own `Date`, so that it does not matter whose clock is wrong; who
/// can name a date in `Retry-After` has a clock and must send `Date` (RFC 9110, 6.6.1).
fn until(date: &str, headers: &HeaderMap) -> Option<Duration> {
    let then = httpdate::parse_http_date(date).ok()?;
    let now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(then.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: Option<Duration>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        assert_eq!(retry_after(&headers), expected);
    }

    #[test]
    fn the_wait_is_read_in_every_form_and_bounded() {
        let s = Duration::from_secs;
        check(&[], None);
        check(&[("retry-after", "7")], Some(s(7)));
        check(&[("retry-after", " 1.5 ")], Some(Duration::from_millis(1500)));
        check(&[("retry-after", "0")], Some(s(0)));
        check(&[("retry-after", "86400")], Some(s(3600)));
        check(&[("retry-after", "1e300")], Some(s(3600)));
        check(&[("retry-after", "inf")], Some(s(3600)));
        check(&[("retry-after", "NaN")], None);
        check(&[("retry-after", "-3")], None);
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after-ms", "250"), ("retry-after", "9")], Some(Duration::from_millis(250)));
        check(&[("retry-after-ms", "x"), ("retry-after", "9")], Some(s(9)));

        let now = ("date", "Fri, 12 Jun 2026 10:05:00 GMT");
        check(&[now, ("retry-after", "Fri, 12 Jun 2026 10:05:30 GMT")], Some(s(30)));
        check(&[now, ("retry-after", "Fri, 12 Jun 2026 10:04:00 GMT")], Some(s(0)));
        check(&[now, ("retry-after", "Sat, 13 Jun 2026 10:05:00 GMT")], Some(s(3600)));
        check(&[("retry-after", "Fri, 12 Jun 2026 10:05:30 GMT")], None);
    }

    #[test]
    fn which_answers_may_pass() {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert!(may_pass(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [301, 307, 400, 401, 402, 403, 404, 405, 413, 418, 422] {
            assert!(!may_pass(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[test]
    fn an_error_is_named_by_its_code_and_never_quoted() {
        let name = |body: &str| {
            let answer = Answer {
                status: StatusCode::BAD_REQUEST,
                headers: HeaderMap::new(),
                body: body.as_bytes().to_vec(),
            };
            Refusal::read(&answer).name().map(str::to_owned)
        };
        assert_eq!(
            name(r#"{"error":{"type":"overloaded_error","message":"secret"}}"#).as_deref(),
            Some("overloaded_error")
        );
        assert_eq!(
            name(r#"{"error":{"type":"invalid_request_error","code":"model_not_found"}}"#).as_deref(),
            Some("model_not_found")
        );
        assert_eq!(name(r#"{"error":{"type":"a","code":400}}"#).as_deref(), Some("a"));
        assert_eq!(name(r#"{"error":{"type":"sk-Secret"}}"#), None);
        assert_eq!(name(r#"{"error":"text"}"#), None);
        assert_eq!(name("<html>"), None);
    }
}
