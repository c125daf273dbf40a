//! HTTP as the services need it: one POST, an answer of bounded size, failures told apart.

use std::{
    error::Error as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{RequestBuilder, redirect};

use crate::{ClientOptions, Error};

#[derive(Clone)]
pub(crate) struct Transport {
    options: ClientOptions,
    clients: Arc<Clients>,
}

/// Made at the first use: an installation without phones never pays for the certificates.
#[derive(Default)]
struct Clients {
    any: OnceLock<reqwest::Client>,
    http2: OnceLock<reqwest::Client>,
}

/// Which versions of HTTP a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Any,
    /// Nothing else is offered, and nothing else taken.
    Http2,
}

/// An answer of any status, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(options: ClientOptions) -> Transport {
        Transport { options, clients: Arc::default() }
    }

    /// Posts what `fill` makes of the request. `service` is who failures are blamed on.
    pub(crate) async fn post(
        &self,
        service: &str,
        version: Version,
        url: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Error> {
        let request = self.http(version)?.post(url).timeout(self.options.total_timeout);
        let mut response = fill(request).send().await.map_err(|e| self.failure(service, e))?;
        let mut answer = Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
        };
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(answer),
                Ok(Some(chunk)) if answer.body.len() + chunk.len() <= self.options.max_response_bytes => {
                    answer.body.extend_from_slice(&chunk);
                }
                // The status of a refusal says enough without its body.
                _ if !answer.status.is_success() => return Ok(answer),
                Ok(Some(_)) => return Err(Error::retryable(format!("the answer of {service} is too long"))),
                Err(e) => return Err(self.failure(service, e)),
            }
        }
    }

    fn http(&self, version: Version) -> Result<&reqwest::Client, Error> {
        let place = match version {
            Version::Any => &self.clients.any,
            Version::Http2 => &self.clients.http2,
        };
        if let Some(http) = place.get() {
            return Ok(http);
        }
        let http = self.build(version)?;
        Ok(place.get_or_init(|| http))
    }

    /// The platform's certificates, so that a company's own authority counts; where there are none (a container with nothing
    /// but the binary), the ones that browsers ship.
    fn build(&self, version: Version) -> Result<reqwest::Client, Error> {
        let builder = || {
            let builder = reqwest::Client::builder()
                .connect_timeout(self.options.connect_timeout)
                .redirect(redirect::Policy::none());
            match version {
                Version::Any => builder,
                // A connection that has died unnoticed must not take the next notifications with it.
                Version::Http2 => builder
                    .http2_prior_knowledge()
                    .http2_keep_alive_interval(Duration::from_secs(30))
                    .http2_keep_alive_timeout(Duration::from_secs(5)),
            }
        };
        let bundled = || {
            let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .filter_map(|der| reqwest::Certificate::from_der(der).ok());
            builder().tls_certs_only(certificates).build()
        };
        builder().build().or_else(|_| bundled()).map_err(|e| {
            Error::permanent(format!("this machine cannot make HTTPS requests: {}", root_cause(&e)))
        })
    }

    fn failure(&self, service: &str, e: reqwest::Error) -> Error {
        if e.is_builder() {
            return Error::permanent(format!("the address of {service} is unusable: {}", root_cause(&e)));
        }
        if e.is_timeout() {
            let limit =
                if e.is_connect() { self.options.connect_timeout } else { self.options.total_timeout };
            return Error::retryable(format!("{service} did not answer within {} s", limit.as_secs_f32()));
        }
        if e.is_connect() {
            return Error::retryable(format!("{service} cannot be reached: {}", root_cause(&e)));
        }
        Error::retryable(format!("the connection to {service} broke: {}", root_cause(&e)))
    }
}

/// The innermost cause names the fault (`Connection refused`, `UnknownIssuer`); the outer ones name the URL, which holds a
/// device's token.
fn root_cause(e: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = match e.source() {
        Some(source) => source,
        None => return "unknown".to_owned(),
    };
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().take(160).collect()
}

/// A header that shows in no log.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Error::retryable("the access token holds characters that no token holds"))?;
    value.set_sensitive(true);
    Ok(value)
}
