//! HTTP as both protocols need it: one POST of JSON, an answer of bounded size, failures told apart.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::redirect;
use serde::Serialize;

use crate::{ApiKey, ClientOptions, Error};

#[derive(Clone)]
pub(crate) struct Transport {
    options: ClientOptions,
    /// Made at the first use: an installation whose assistant answers by itself never pays for the
    /// certificates.
    http: Arc<OnceLock<reqwest::Client>>,
}

/// An answer of any status, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(options: ClientOptions) -> Self {
        Self { options, http: Arc::default() }
    }

    pub(crate) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: &impl Serialize,
    ) -> Result<Answer, Error> {
        let request = self.http()?.post(url).timeout(self.options.total_timeout).headers(headers).json(body);
        let mut response = request.send().await.map_err(|e| self.failure(e))?;
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
                Ok(Some(_)) => return Err(Error::retryable("the answer is too long")),
                Err(e) => return Err(self.failure(e)),
            }
        }
    }

    fn http(&self) -> Result<&reqwest::Client, Error> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self.build()?;
        Ok(self.http.get_or_init(|| http))
    }

    /// The platform's certificates, so that a company's own authority counts; where there are none (a
    /// container with nothing but the binary), the ones that browsers ship.
    fn build(&self) -> Result<reqwest::Client, Error> {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(self.options.connect_timeout)
                .redirect(redirect::Policy::none())
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

    fn failure(&self, e: reqwest::Error) -> Error {
        if e.is_builder() {
            return Error::permanent(format!("the provider's address is unusable: {}", root_cause(&e)));
        }
        if e.is_timeout() {
            let limit =
                if e.is_connect() { self.options.connect_timeout } else { self.options.total_timeout };
            return Error::retryable(format!("the provider did not answer within {} s", limit.as_secs_f32()));
        }
        if e.is_connect() {
            return Error::retryable(format!("the provider cannot be reached: {}", root_cause(&e)));
        }
        Error::retryable(format!("the connection to the provider broke: {}", root_cause(&e)))
    }
}

/// A header that holds the key, or no header for an empty key.
pub(crate) fn key_header(prefix: &str, key: &ApiKey) -> Result<Option<HeaderValue>, Error> {
    if key.expose().is_empty() {
        return Ok(None);
    }
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose()))
        .map_err(|_| Error::permanent("the key holds characters that no key holds"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// The innermost cause names the fault (`Connection refused`, `UnknownIssuer`); the outer ones name the URL.
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

pub(crate) fn json_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers
}
