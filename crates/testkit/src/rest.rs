//! What a person says to the REST doors, and what they hear.

use http::{HeaderMap, Method};
use serde_json::Value;

/// Speaks HTTP, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    proof: Proof,
}

/// How somebody shows who they are.
#[derive(Clone)]
enum Proof {
    None,
    Bearer(String),
    /// A browser's cookie, and the CSRF token of its page.
    Browser {
        cookie: String,
        csrf: Option<String>,
    },
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null if it was not JSON.
    pub json: Value,
}

impl Client {
    pub fn new(url: String) -> Client {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Client { http: http.expect("a client can be built"), url, proof: Proof::None }
    }

    /// The same, but with this token.
    pub fn bearer(&self, token: &str) -> Client {
        Client { proof: Proof::Bearer(token.to_owned()), ..self.clone() }
    }

    /// The same, but as a browser with this `session` cookie on a page that shows this CSRF token.
    pub fn browser(&self, cookie: &str, csrf: &str) -> Client {
        let proof = Proof::Browser { cookie: cookie.to_owned(), csrf: Some(csrf.to_owned()) };
        Client { proof, ..self.clone() }
    }

    /// The same browser, but on a page that does not know the CSRF token.
    pub fn without_csrf(&self) -> Client {
        let mut client = self.clone();
        if let Proof::Browser { csrf, .. } = &mut client.proof {
            *csrf = None;
        }
        client
    }

    /// Where the product is.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// A POST without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        answer(self.request(Method::POST, path)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    /// Any request, to be finished with [`answer`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.proof {
            Proof::None => request,
            Proof::Bearer(token) => request.bearer_auth(token),
            Proof::Browser { cookie, csrf: None } => request.header("cookie", format!("session={cookie}")),
            Proof::Browser { cookie, csrf: Some(csrf) } => {
                request.header("cookie", format!("session={cookie}")).header("x-csrftoken", csrf)
            }
        }
    }
}

/// Sends a request and reads the whole answer.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the product answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("the answer is text");
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, json }
}

impl Answer {
    /// The JSON, if the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
