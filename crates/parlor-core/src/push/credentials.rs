//! What a mobile channel sends with: checked when it is saved, sealed, and shown again only in part.

use jiff::Timestamp;
use push_client::{ApnsKey, Credentials, Invalid, ServiceAccount};
use serde_json::{Value as Json, json};

use super::{Platform, sql};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels::{self, Kind},
    db::Tx,
    ids::{AccountId, ChannelId},
    text_enum,
};

text_enum! {
    /// Which of Apple's services the app's phones are registered with.
    Environment { Sandbox = "sandbox", Production = "production" }
}

/// What is to change about FCM. `None` leaves it as it is, `Some(None)` takes it away.
#[derive(Clone, Default)]
pub struct FcmChange {
    /// Of the older interface, which Google has switched off; kept for whoever still has to look it up.
    pub server_key: Option<Option<String>>,
    /// What the app registers its phone with.
    pub sender_id: Option<Option<String>>,
    /// The JSON file of a service account: what HTTP v1 is signed with.
    pub service_account: Option<Option<String>>,
}

/// What is to change about APNs. `None` leaves it as it is; at first everything is needed.
#[derive(Clone, Default)]
pub struct ApnsChange {
    pub team_id: Option<String>,
    pub bundle_id: Option<String>,
    pub key_id: Option<String>,
    /// The .p8 file, whole.
    pub private_key: Option<String>,
    pub environment: Option<Environment>,
}

/// What staff may see of a channel's credentials.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub fcm: Option<FcmShown>,
    pub apns: Option<ApnsShown>,
}

#[derive(Clone, Debug)]
pub struct FcmShown {
    /// Dots and the last four characters.
    pub server_key: Option<String>,
    pub sender_id: Option<String>,
    /// Without it nothing is sent.
    pub service_account: Option<ServiceAccountShown>,
    pub failure: Option<Failure>,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct ServiceAccountShown {
    pub project_id: String,
    pub client_email: String,
    pub private_key_id: String,
}

#[derive(Clone, Debug)]
pub struct ApnsShown {
    pub team_id: String,
    pub bundle_id: String,
    pub key_id: String,
    pub environment: Environment,
    pub failure: Option<Failure>,
    pub updated_at: Timestamp,
}

/// Why the service took nothing the last time. Gone as soon as it takes something, or other credentials are saved.
#[derive(Clone, Debug)]
pub struct Failure {
    pub reason: String,
    pub at: Timestamp,
}

/// Sealed credentials as they are stored, and how they did.
pub(super) struct Stored {
    pub(super) platform: Platform,
    pub(super) sealed: Vec<u8>,
    pub(super) failure: Option<String>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
}

#[derive(Default)]
struct Fcm {
    server_key: Option<String>,
    sender_id: Option<String>,
    service_account: Option<String>,
}

struct Apns {
    team_id: String,
    bundle_id: String,
    key_id: String,
    private_key: String,
    environment: Environment,
}

/// Changes what a mobile channel sends by FCM with.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel; [`Error::Invalid`] for what FCM would not take.
pub async fn set_fcm(app: &App, actor: &Actor, id: ChannelId, change: FcmChange) -> Result<Shown> {
    let change = change.checked()?;
    save(app, actor, id, Platform::Fcm, move |stored| {
        let stored = stored.map_or_else(Fcm::default, Fcm::read);
        let changed = Fcm {
            server_key: change.server_key.unwrap_or(stored.server_key),
            sender_id: change.sender_id.unwrap_or(stored.sender_id),
            service_account: change.service_account.unwrap_or(stored.service_account),
        };
        if changed.server_key.is_none() && changed.service_account.is_none() {
            return Err(Error::invalid("service_account", "is needed to send by FCM"));
        }
        Ok(changed.written())
    })
    .await
}

/// Changes what a mobile channel sends by APNs with.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel; [`Error::Invalid`] for what APNs would not take.
pub async fn set_apns(app: &App, actor: &Actor, id: ChannelId, change: ApnsChange) -> Result<Shown> {
    save(app, actor, id, Platform::Apns, move |stored| {
        let stored = stored.map(Apns::read).transpose()?;
        let needed = |field: &'static str, given: Option<String>, stored: Option<&String>| {
            let given = given.map(|text| text.trim().to_owned());
            given.or_else(|| stored.cloned()).ok_or_else(|| Error::invalid(field, "is needed"))
        };
        let known = stored.as_ref();
        let changed = Apns {
            team_id: needed("team_id", change.team_id, known.map(|apns| &apns.team_id))?,
            bundle_id: needed("bundle_id", change.bundle_id, known.map(|apns| &apns.bundle_id))?,
            key_id: needed("key_id", change.key_id, known.map(|apns| &apns.key_id))?,
            private_key: needed("private_key", change.private_key, known.map(|apns| &apns.private_key))?,
            environment: change
                .environment
                .or(known.map(|apns| apns.environment))
                .ok_or_else(|| Error::invalid("environment", "is needed"))?,
        };
        changed.key()?;
        Ok(changed.written())
    })
    .await
}

/// The one way credentials change: what is stored (opened) becomes something else.
async fn save(
    app: &App,
    actor: &Actor,
    id: ChannelId,
    platform: Platform,
    change: impl FnOnce(Option<Json>) -> Result<Json> + Send + 'static,
) -> Result<Shown> {
    actor.require(Permission::ManageChannels)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                // Whoever changes the account's channels goes through here one after another.
                channels::sql::lock_plan(tx, account_id).await?;
                check_mobile(tx, account_id, id).await?;
                let stored = sql::credentials(tx, id).await?;
                let stored = stored.iter().find(|stored| stored.platform == platform);
                let opened = stored.map(|stored| open(&inner, id, stored)).transpose()?;
                let changed = change(opened)?;
                let sealed = inner.secrets.seal(&place(id, platform), changed.to_string().as_bytes())?;
                sql::save_credentials(tx, account_id, id, platform, &sealed, inner.now()).await?;
                let stored = sql::credentials(tx, id).await?;
                Shown::of(&inner, id, &stored)
            })
        })
        .await
}

/// What a mobile channel sends with, as far as it may be seen.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel.
pub async fn credentials(app: &App, actor: &Actor, id: ChannelId) -> Result<Shown> {
    actor.require(Permission::ManageChannels)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .read(move |tx| {
            Box::pin(async move {
                check_mobile(tx, account_id, id).await?;
                let stored = sql::credentials(tx, id).await?;
                Shown::of(&inner, id, &stored)
            })
        })
        .await
}

/// Forgets what a mobile channel sends by one service with. Fine if there is nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel.
pub async fn forget_credentials(app: &App, actor: &Actor, id: ChannelId, platform: Platform) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                check_mobile(tx, account_id, id).await?;
                sql::delete_credentials(tx, id, platform).await.map(drop)
            })
        })
        .await
}

/// What to send with by each service, or why that cannot be.
pub(super) fn usable(
    app: &App,
    id: ChannelId,
    platform: Platform,
    stored: &[Stored],
) -> Result<Credentials, String> {
    let missing = || match platform {
        Platform::Fcm => "The channel has no service account for FCM.".to_owned(),
        Platform::Apns => "The channel has no key for APNs.".to_owned(),
    };
    let stored = stored.iter().find(|stored| stored.platform == platform).ok_or_else(missing)?;
    let opened = open(app, id, stored).map_err(|error| error.to_string())?;
    match platform {
        Platform::Fcm => {
            let file = Fcm::read(opened).service_account.ok_or_else(missing)?;
            ServiceAccount::parse(&file).map(Credentials::Fcm).map_err(|error| error.to_string())
        }
        Platform::Apns => {
            let apns = Apns::read(opened).map_err(|error| error.to_string())?;
            apns.key().map(Credentials::Apns).map_err(|error| error.to_string())
        }
    }
}

async fn check_mobile(tx: &mut Tx, account_id: AccountId, id: ChannelId) -> Result<()> {
    let channel = channels::sql::get(tx, account_id, id).await?;
    match channel.filter(|channel| channel.kind == Kind::MobileSdk) {
        Some(_) => Ok(()),
        None => Err(Error::NotFound("Channel")),
    }
}

fn place(id: ChannelId, platform: Platform) -> String {
    format!("push_credentials/{id}/{}", platform.as_str())
}

fn open(app: &App, id: ChannelId, stored: &Stored) -> Result<Json> {
    let plain = app.secrets.open(&place(id, stored.platform), &stored.sealed)?;
    serde_json::from_slice(&plain).map_err(Error::internal)
}

impl FcmChange {
    fn checked(mut self) -> Result<FcmChange> {
        for text in [&mut self.server_key, &mut self.sender_id, &mut self.service_account] {
            *text =
                text.take().map(|given| given.map(|text| text.trim().to_owned()).filter(|t| !t.is_empty()));
        }
        if let Some(Some(key)) = &self.server_key
            && (key.len() > 500 || !key.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(Error::invalid(
                "server_key",
                "must have 1 to 500 printable characters without spaces",
            ));
        }
        if let Some(Some(id)) = &self.sender_id
            && (id.len() > 20 || !id.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(Error::invalid("sender_id", "must have 1 to 20 digits"));
        }
        if let Some(Some(file)) = &self.service_account {
            ServiceAccount::parse(file)
                .map_err(|Invalid(problem)| Error::invalid("service_account", problem))?;
        }
        Ok(self)
    }
}

impl Fcm {
    fn read(stored: Json) -> Fcm {
        let text = |key: &str| stored[key].as_str().map(str::to_owned);
        Fcm {
            server_key: text("server_key"),
            sender_id: text("sender_id"),
            service_account: text("service_account"),
        }
    }

    fn written(&self) -> Json {
        let Fcm { server_key, sender_id, service_account } = self;
        json!({ "server_key": server_key, "sender_id": sender_id, "service_account": service_account })
    }
}

impl Apns {
    fn read(stored: Json) -> Result<Apns> {
        let text = |key: &str| {
            let text = stored[key].as_str().map(str::to_owned);
            text.ok_or_else(|| Error::internal(format!("sealed credentials lack {key}")))
        };
        Ok(Apns {
            team_id: text("team_id")?,
            bundle_id: text("bundle_id")?,
            key_id: text("key_id")?,
            private_key: text("private_key")?,
            environment: Environment::parse(&text("environment")?)
                .ok_or_else(|| Error::internal("sealed credentials name no environment"))?,
        })
    }

    fn written(&self) -> Json {
        let Apns { team_id, bundle_id, key_id, private_key, environment } = self;
        json!({ "team_id": team_id, "bundle_id": bundle_id, "key_id": key_id, "private_key": private_key,
            "environment": environment.as_str() })
    }

    fn key(&self) -> Result<ApnsKey> {
        let environment = match self.environment {
            Environment::Sandbox => push_client::Environment::Sandbox,
            Environment::Production => push_client::Environment::Production,
        };
        ApnsKey::new(&self.team_id, &self.key_id, &self.bundle_id, &self.private_key, environment)
            .map_err(|(field, Invalid(problem))| Error::invalid(field, problem))
    }
}

impl Shown {
    fn of(app: &App, id: ChannelId, stored: &[Stored]) -> Result<Shown> {
        let mut shown = Shown::default();
        for stored in stored {
            let opened = open(app, id, stored)?;
            let failure = stored.failure.clone().zip(stored.failed_at);
            let failure = failure.map(|(reason, at)| Failure { reason, at });
            let updated_at = stored.updated_at;
            match stored.platform {
                Platform::Fcm => {
                    let Fcm { server_key, sender_id, service_account } = Fcm::read(opened);
                    let account = service_account.and_then(|file| ServiceAccount::parse(&file).ok());
                    shown.fcm = Some(FcmShown {
                        server_key: server_key.as_deref().map(masked),
                        sender_id,
                        service_account: account.as_ref().map(ServiceAccountShown::from),
                        failure,
                        updated_at,
                    });
                }
                Platform::Apns => {
                    let Apns { team_id, bundle_id, key_id, environment, private_key: _ } =
                        Apns::read(opened)?;
                    shown.apns =
                        Some(ApnsShown { team_id, bundle_id, key_id, environment, failure, updated_at });
                }
            }
        }
        Ok(shown)
    }
}

impl From<&ServiceAccount> for ServiceAccountShown {
    fn from(account: &ServiceAccount) -> ServiceAccountShown {
        ServiceAccountShown {
            project_id: account.project_id().to_owned(),
            client_email: account.client_email().to_owned(),
            private_key_id: account.private_key_id().to_owned(),
        }
    }
}

/// Enough to tell two keys apart, too little to use one.
fn masked(key: &str) -> String {
    match key.len() {
        0..16 => "••••".into(),
        length => format!("••••{}", &key[length - 4..]),
    }
}
