//! Push: what reaches a contact's phones when nobody listens.
//!
//! An app registers the device token of its phone with the conversation it has open. A reply orders a job in its own transaction; the job
//! looks whether the contact has seen it by then, and if not, notifies the phones in the name of the channel's credentials.

mod credentials;
mod send;
mod sql;

use std::time::Duration;

use jiff::Timestamp;
pub use push_client::Endpoints;
use push_client::{DeviceToken, Invalid};

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels::Kind,
    contacts::{Contact, Visitor},
    conversations,
    db::Tx,
    ids::{AccountId, ChannelId, ContactId, DeviceId},
    limits::{self, Action},
    secrets, text_enum,
};

pub use credentials::{
    ApnsChange, ApnsShown, Environment, Failure, FcmChange, FcmShown, ServiceAccountShown, Shown,
    credentials, forget_credentials, set_apns, set_fcm,
};
pub(crate) use send::run;

/// How many phones one contact may have; the one that was registered longest ago makes room.
const MOST_DEVICES: i64 = 10;

text_enum! {
    /// The service that reaches a phone.
    Platform {
        /// Firebase Cloud Messaging.
        Fcm = "fcm",
        /// The Apple Push Notification service.
        Apns = "apns",
    }
}

/// What the house is told about pushing.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the services are. Set by the operator alone: an account must not choose whom this machine talks to.
    pub endpoints: Endpoints,
    /// How long a notification waits for further replies, and for the contact to see them.
    pub gather: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { endpoints: Endpoints::default(), gather: Duration::from_secs(2) }
    }
}

/// An app on a phone. Its token is not shown to anybody.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: DeviceId,
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub platform: Platform,
    pub registered_at: Timestamp,
}

/// Registers a phone with the visitor's conversation. A token that is known on the channel moves here: the phone has changed hands, or its
/// owner has signed in as somebody else.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Disabled`] or [`Error::Unverified`] for the conversation; [`Error::Conflict`] when its channel has no phones; [`Error::Invalid`]
/// for a token that is none; [`Error::TooMany`].
pub async fn register(app: &App, visitor: &Visitor, platform: Platform, token: &str) -> Result<Device> {
    let token = parse(platform, token)?;
    check_limits(app, visitor)?;
    let hash = hash(&token);
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (channel, conversation) = conversations::hold(&inner, tx, &visitor).await?;
                if channel.kind != Kind::MobileSdk {
                    return Err(Error::Conflict("Only conversations of a mobile channel reach phones."));
                }
                let device = Device {
                    id: DeviceId(inner.new_id()),
                    account_id: channel.account_id,
                    channel_id: channel.id,
                    contact_id: conversation.contact.id,
                    platform,
                    registered_at: inner.now(),
                };
                let sealed = inner.secrets.seal(&place(channel.id, &hash), token.expose().as_bytes())?;
                let id = sql::save_device(tx, &device, &hash, &sealed).await?;
                sql::keep_newest(tx, device.contact_id, MOST_DEVICES).await?;
                Ok(Device { id, ..device })
            })
        })
        .await
}

/// Forgets a phone of the visitor's. An unknown one is fine: the wish is fulfilled.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Disabled`] or [`Error::Unverified`] for the conversation; [`Error::TooMany`].
pub async fn unregister(app: &App, visitor: &Visitor, token: &str) -> Result<()> {
    check_limits(app, visitor)?;
    // An app may spell a token of APNs in capitals; it was stored in small letters.
    let spellings = [DeviceToken::fcm(token).ok(), DeviceToken::apns(token).ok()];
    let hashes: Vec<_> = spellings.iter().flatten().map(hash).collect();
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (_, conversation) = conversations::hold(&inner, tx, &visitor).await?;
                for hash in &hashes {
                    sql::delete_device(tx, conversation.contact.id, hash).await?;
                }
                Ok(())
            })
        })
        .await
}

/// How many phones are registered with each of the account's channels that has any.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn counts(app: &App, actor: &Actor) -> Result<Vec<(ChannelId, i64)>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::counts(tx, account_id).await })).await
}

/// Whether a reply is news to a phone of the contact's.
pub(crate) async fn has_devices(tx: &mut Tx, contact: &Contact) -> Result<bool> {
    sql::has_devices(tx, contact.id).await
}

/// Forgets all phones and credentials of a channel that is deleted.
pub(crate) async fn forget(tx: &mut Tx, channel_id: ChannelId) -> Result<()> {
    sql::delete_devices(tx, channel_id).await?;
    sql::delete_all_credentials(tx, channel_id).await.map(drop)
}

fn check_limits(app: &App, visitor: &Visitor) -> Result<()> {
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.way_in, &visitor.external_id))
}

fn parse(platform: Platform, token: &str) -> Result<DeviceToken> {
    let parsed = match platform {
        Platform::Fcm => DeviceToken::fcm(token),
        Platform::Apns => DeviceToken::apns(token),
    };
    parsed.map_err(|Invalid(problem)| Error::invalid("token", problem))
}

fn hash(token: &DeviceToken) -> Vec<u8> {
    secrets::hash(token.expose())
}

/// Where a token is sealed: it opens for the same channel and the same hash only.
fn place(channel_id: ChannelId, hash: &[u8]) -> String {
    format!("devices/{channel_id}/{}", secrets::hex(hash))
}
