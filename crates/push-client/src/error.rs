use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::transport::Answer;

/// No service may put a job to sleep for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Why a notification was not taken. The reasons are short and for staff's eyes: they hold no key, no device token and
/// nothing of the notification, and of the service's words only its error code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device is not there any more, or never was: forget its token.
    #[error("{reason}")]
    Gone { reason: String },
    /// Trying again may help.
    #[error("{reason}")]
    Retryable {
        reason: String,
        /// What the service asks to wait, one hour at most.
        retry_after: Option<Duration>,
    },
    /// Trying again in the same way will not help: the credentials do not do.
    #[error("{reason}")]
    Permanent { reason: String },
}

/// What is wrong with a credential or a device token, as the rest of a sentence that begins with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

impl Error {
    pub(crate) fn retryable(reason: impl Into<String>) -> Error {
        Error::Retryable { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Error {
        Error::Permanent { reason: reason.into() }
    }
}

/// A service's name of what is wrong, if it is one. Messages are not quoted, since services repeat tokens in them.
pub(crate) fn name(text: &str) -> Option<&str> {
    let is_name = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(text)
}

/// `FCM answered 403 SENDER_ID_MISMATCH`.
pub(crate) fn reason(service: &str, status: StatusCode, name: Option<&str>) -> String {
    let gap = if name.is_some() { " " } else { "" };
    format!("{service} answered {}{gap}{}", status.as_u16(), name.unwrap_or_default())
}

/// What an answer other than 2xx means where its body does not say more.
pub(crate) fn of_status(service: &str, answer: &Answer, name: Option<&str>) -> Error {
    let reason = reason(service, answer.status, name);
    if may_pass(answer.status) {
        Error::Retryable { reason, retry_after: retry_after(&answer.headers) }
    } else {
        Error::Permanent { reason }
    }
}

fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) || status.is_server_error()
}

/// RFC 9110's, seconds or a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(text, headers)?,
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The distance is taken from the answer's own `Date`, so that it does not matter whose clock is wrong.
fn until(date: &str, headers: &HeaderMap) -> Option<Duration> {
    let then = httpdate::parse_http_date(date).ok()?;
    let now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(then.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: Option<u64>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs));
    }

    #[test]
    fn the_wait_is_read_in_both_forms_and_bounded() {
        check(&[], None);
        check(&[("retry-after", " 7 ")], Some(7));
        check(&[("retry-after", "86400")], Some(3600));
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "-3")], None);
        let now = ("date", "Fri, 12 Jun 2026 10:05:00 GMT");
        check(&[now, ("retry-after", "Fri, 12 Jun 2026 10:05:30 GMT")], Some(30));
        check(&[now, ("retry-after", "Fri, 12 Jun 2026 10:04:00 GMT")], Some(0));
        check(&[("retry-after", "Fri, 12 Jun 2026 10:05:30 GMT")], None);
    }

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        assert_eq!(name("BadDeviceToken"), Some("BadDeviceToken"));
        assert_eq!(name("UNREGISTERED"), Some("UNREGISTERED"));
        for text in ["", "the token abc", "a:b", &"x".repeat(65)] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
