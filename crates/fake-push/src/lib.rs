//! A fake of the two services that bring notifications to phones, for tests: Google's token endpoint with FCM's HTTP v1, and
//! both environments of APNs. It verifies what they verify (signatures and claims of the JWTs, headers, shapes, sizes),
//! answers in their words, and fails in the ways they fail when told to.
//!
//! APNs is spoken over HTTP/2 only, without TLS.

mod apns;
mod files;
mod google;
mod script;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
};

use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

pub use files::{ApnsFile, pem, rsa_pem};
pub use script::{Gate, Reply, Script, Step};

/// The running fake. It stops, and cuts every connection, when dropped.
pub struct FakePush {
    state: Arc<State>,
    google: SocketAddr,
    production: SocketAddr,
    sandbox: SocketAddr,
    servers: Vec<JoinHandle<()>>,
}

/// Which part of the fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Where assertions are changed for access tokens.
    Tokens,
    Fcm,
    ApnsProduction,
    ApnsSandbox,
}

/// A request as it came in, refused ones included.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: Service,
    pub headers: HeaderMap,
    /// The device, where the request names one.
    pub device: String,
    /// The claims of the verified JWT; null where there was none.
    pub claims: Value,
    /// Null if it was not JSON.
    pub body: Value,
    pub status: u16,
}

impl Request {
    /// The text of the notification, wherever this service has it.
    pub fn text(&self) -> &str {
        let text = match self.service {
            Service::Fcm => &self.body["message"]["notification"]["body"],
            _ => &self.body["aps"]["alert"]["body"],
        };
        text.as_str().unwrap_or_default()
    }

    /// The unread messages it speaks of.
    pub fn unread(&self) -> i64 {
        let unread = match self.service {
            Service::Fcm => &self.body["message"]["android"]["notification"]["notification_count"],
            _ => &self.body["aps"]["badge"],
        };
        unread.as_i64().unwrap_or_default()
    }
}

pub(crate) struct State {
    pub(crate) google: files::GoogleFile,
    pub(crate) apns: ApnsFile,
    pub(crate) token_url: String,
    inner: Mutex<Inner>,
    arrived: tokio::sync::watch::Sender<usize>,
}

#[derive(Default)]
struct Inner {
    scripts: HashMap<Service, (VecDeque<Step>, Step)>,
    unregistered: HashSet<String>,
    access_tokens: HashSet<String>,
    expires_in: u64,
    requests: Vec<Request>,
    /// When each provider token was first seen.
    provider_tokens: Vec<String>,
    issued: u64,
}

impl FakePush {
    /// On free ports of the loopback address.
    pub async fn start() -> FakePush {
        let mut listeners = Vec::new();
        for _ in 0..3 {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free"));
        }
        let address = |l: &TcpListener| l.local_addr().expect("a bound listener has an address");
        let [google, production, sandbox] = [0, 1, 2].map(|i| address(&listeners[i]));
        let state = Arc::new(State {
            google: files::GoogleFile::new(),
            apns: ApnsFile::new(),
            token_url: format!("http://{google}/token"),
            inner: Mutex::new(Inner { expires_in: 3599, ..Inner::default() }),
            arrived: tokio::sync::watch::Sender::new(0),
        });
        let mut listeners = listeners.into_iter();
        let mut next = || listeners.next().expect("there are three");
        let servers = vec![
            tokio::spawn(google::run(next(), state.clone())),
            tokio::spawn(apns::run(next(), state.clone(), Service::ApnsProduction)),
            tokio::spawn(apns::run(next(), state.clone(), Service::ApnsSandbox)),
        ];
        FakePush { state, google, production, sandbox, servers }
    }

    /// Google's token endpoint.
    pub fn token_url(&self) -> String {
        self.state.token_url.clone()
    }

    /// FCM's base URL.
    pub fn fcm_url(&self) -> String {
        format!("http://{}", self.google)
    }

    /// The base URLs of APNs.
    pub fn apns_production_url(&self) -> String {
        format!("http://{}", self.production)
    }

    pub fn apns_sandbox_url(&self) -> String {
        format!("http://{}", self.sandbox)
    }

    /// The one service account that is known here, as the JSON file Google hands out.
    pub fn service_account(&self) -> Value {
        self.state.google.json()
    }

    /// The one token key that is known here.
    pub fn apns_key(&self) -> &ApnsFile {
        &self.state.apns
    }

    /// Replaces what is left of the script before.
    pub fn script(&self, service: Service, script: impl Into<Script>) {
        let Script { steps, otherwise } = script.into();
        self.state.inner.lock().scripts.insert(service, (steps.into(), otherwise));
    }

    /// From now on no service knows this device.
    pub fn unregister(&self, device: &str) {
        self.state.inner.lock().unregistered.insert(device.to_owned());
    }

    /// From now on none of the access tokens that were handed out is good.
    pub fn revoke_access_tokens(&self) {
        self.state.inner.lock().access_tokens.clear();
    }

    /// How long access tokens live, in seconds, as the answer says.
    pub fn access_tokens_live(&self, seconds: u64) {
        self.state.inner.lock().expires_in = seconds;
    }

    /// All requests so far that have been answered, in the order of the answers.
    pub fn requests(&self, service: Service) -> Vec<Request> {
        self.state.inner.lock().requests.iter().filter(|r| r.service == service).cloned().collect()
    }

    /// The notifications that were taken, of all services.
    pub fn delivered(&self) -> Vec<Request> {
        let inner = self.state.inner.lock();
        let taken = |r: &&Request| r.service != Service::Tokens && r.status == 200;
        inner.requests.iter().filter(taken).cloned().collect()
    }

    /// Waits until so many requests for notifications have been answered, whatever the answers.
    pub async fn answered(&self, requests: usize) {
        let mut arrived = self.state.arrived.subscribe();
        arrived.wait_for(|n| *n >= requests).await.expect("the fake holds its own sender");
    }
}

impl Drop for FakePush {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

impl State {
    pub(crate) fn next_step(&self, service: Service) -> Step {
        let mut inner = self.inner.lock();
        let Some((steps, otherwise)) = inner.scripts.get_mut(&service) else { return Step::default() };
        steps.pop_front().unwrap_or_else(|| otherwise.clone())
    }

    pub(crate) fn is_registered(&self, device: &str) -> bool {
        !self.inner.lock().unregistered.contains(device)
    }

    pub(crate) fn issue(&self) -> (String, u64) {
        let mut inner = self.inner.lock();
        inner.issued += 1;
        let token = format!("ya29.fake-{}", inner.issued);
        inner.access_tokens.insert(token.clone());
        (token, inner.expires_in)
    }

    pub(crate) fn is_issued(&self, token: &str) -> bool {
        self.inner.lock().access_tokens.contains(token)
    }

    /// Whether a team's tokens change more often than Apple puts up with; here: more than three of them.
    pub(crate) fn changes_too_often(&self, provider_token: &str) -> bool {
        let mut inner = self.inner.lock();
        if !inner.provider_tokens.iter().any(|known| known == provider_token) {
            inner.provider_tokens.push(provider_token.to_owned());
        }
        inner.provider_tokens.len() > 3
    }

    pub(crate) fn record(&self, request: Request) {
        let counts = request.service != Service::Tokens;
        self.inner.lock().requests.push(request);
        if counts {
            self.arrived.send_modify(|n| *n += 1);
        }
    }
}
