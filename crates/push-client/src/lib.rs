//! Sends notifications to phones: Firebase Cloud Messaging (HTTP v1) and the Apple Push Notification service.
//!
//! The crate knows nothing of Parlor: it is given credentials, a device and a notification, and says whether the service has
//! taken it, whether the device is gone, or whether trying again may help. It keeps no clock (the caller says what time it
//! is), retries nothing by itself and logs nothing. What it does keep are open connections and the short-lived tokens that
//! both services want re-used.

mod apns;
mod error;
mod fcm;
mod google;
mod jwt;
mod text;
mod transport;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

pub use apns::{ApnsKey, Environment};
pub use error::{Error, Invalid};
pub use google::ServiceAccount;

/// The most bytes that either service takes as one notification.
pub const LARGEST_PAYLOAD: usize = 4096;
/// The most bytes of a [`Notification::collapse`].
pub const LONGEST_COLLAPSE: usize = 64;

/// Where the services are. Whoever runs the program sets them; what a credential says about addresses is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Where Google changes a signed assertion for an access token; it is the assertion's audience, too.
    pub google_token: String,
    /// Without a path.
    pub fcm: String,
    /// Without a path. `http://` means HTTP/2 without TLS, which only a fake speaks.
    pub apns_production: String,
    pub apns_sandbox: String,
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        Endpoints {
            google_token: "https://oauth2.googleapis.com/token".into(),
            fcm: "https://fcm.googleapis.com".into(),
            apns_production: "https://api.push.apple.com".into(),
            apns_sandbox: "https://api.sandbox.push.apple.com".into(),
        }
    }
}

/// In whose name something is sent, and by which service.
#[derive(Clone, Debug)]
pub enum Credentials {
    Fcm(ServiceAccount),
    Apns(ApnsKey),
}

/// What a service calls one app on one device. It is as good as an address, so it shows itself to the service only.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// The most characters that FCM's may have.
    pub const LONGEST: usize = 4096;

    /// A registration token of FCM.
    ///
    /// # Errors
    /// [`Invalid`] unless it has 1 to 4,096 printable ASCII characters without spaces.
    pub fn fcm(text: &str) -> Result<DeviceToken, Invalid> {
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(DeviceToken(text.into())) } else { Err(Invalid("is not a registration token of FCM")) }
    }

    /// A device token of APNs, as hex digits. Kept in lower case, so that one device is one token.
    ///
    /// # Errors
    /// [`Invalid`] unless it has 64 to 200 hex digits, an even number of them.
    pub fn apns(text: &str) -> Result<DeviceToken, Invalid> {
        let fits = (64..=200).contains(&text.len()) && text.len().is_multiple_of(2);
        if fits && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(DeviceToken(text.to_ascii_lowercase()));
        }
        Err(Invalid("is not a device token of APNs: 64 to 200 hex digits"))
    }

    /// The text, to be sealed or hashed; it has no place in a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(redacted)")
    }
}

/// What the person sees, and what the app is told.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Cut after 200 bytes.
    pub title: String,
    /// Cut to what the service still takes, on a character's boundary.
    pub body: String,
    /// How many there are, for the app's badge.
    pub unread: u32,
    /// Notifications with the same key replace each other, on their way and on the screen. At most
    /// [`LONGEST_COLLAPSE`] bytes.
    pub collapse: String,
    /// For the app. No key may be one that a service keeps for itself: `aps`, `from`, `notification`, `message_type`, or one
    /// that begins with `google.` or `gcm.`.
    pub data: Vec<(String, String)>,
    /// How long the service keeps it for a device that is off.
    pub lives: Duration,
}

#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    pub connect_timeout: Duration,
    /// From the start of a request to the last byte of its answer.
    pub total_timeout: Duration,
    pub max_response_bytes: usize,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            max_response_bytes: 64 * 1024,
        }
    }
}

/// Holds the open connections and the short-lived tokens; clones share them.
#[derive(Clone)]
pub struct Client {
    endpoints: std::sync::Arc<Endpoints>,
    transport: transport::Transport,
    access_tokens: google::AccessTokens,
    provider_tokens: apns::ProviderTokens,
}

impl Client {
    pub fn new(endpoints: Endpoints, options: ClientOptions) -> Client {
        Client {
            endpoints: endpoints.into(),
            transport: transport::Transport::new(options),
            access_tokens: google::AccessTokens::default(),
            provider_tokens: apns::ProviderTokens::default(),
        }
    }

    /// Sends once. The service has taken it when this is `Ok`; whether the device shows it, no service says. Dropping the
    /// future gives up the request.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(
        &self,
        credentials: &Credentials,
        device: &DeviceToken,
        notification: &Notification,
        now: SystemTime,
    ) -> Result<(), Error> {
        if notification.collapse.len() > LONGEST_COLLAPSE {
            return Err(Error::permanent("the collapse key is too long"));
        }
        match credentials {
            Credentials::Fcm(account) => fcm::send(self, account, device, notification, now).await,
            Credentials::Apns(key) => apns::send(self, key, device, notification, now).await,
        }
    }
}

/// Seconds since 1970.
fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
