//! Channels: the ways in for visitors.

mod settings;
pub(crate) mod sql;

use jiff::Timestamp;

use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    assistants::{self, Assistant, AssistantChange},
    db::Tx,
    ids::{AccountId, AssistantId, ChannelId},
    push, secrets, text_enum, uploads,
    usage::{Limit, Plan},
};

pub use settings::{
    Field, FieldKind, Hours, KeptSettings, Language, Opening, Position, PreChat, ReplyTime, Settings,
    SettingsChange, Translation,
};

text_enum! {
    /// What kind of way in it is.
    Kind {
        Website = "website",
        MobileSdk = "mobile_sdk",
        Whatsapp = "whatsapp",
        Instagram = "instagram",
    }
}

text_enum! {
    /// Whether visitors get in.
    Status { Enabled = "enabled", Disabled = "disabled" }
}

text_enum! {
    /// Whether the assistant answers by itself.
    AutoReply { On = "on", Off = "off" }
}

text_enum! {
    /// What a visitor's id needs to be believed.
    Identity {
        /// Nothing: whoever knows the id is the visitor.
        Open = "open",
        /// A proof, always.
        Verified = "verified",
    }
}

/// A way in for visitors.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub account_id: AccountId,
    pub kind: Kind,
    /// Public: it stands in the shop's pages.
    pub token: String,
    pub display_name: String,
    pub status: Status,
    pub auto_reply: AutoReply,
    pub identity: Identity,
    pub settings: KeptSettings,
    /// Who answers: the channel's own, or where it was looked up for an embed token or a conversation, theirs.
    pub assistant: Assistant,
    pub own_assistant: AssistantId,
    /// The plan of the account that owns it.
    pub plan: Plan,
    pub deleted_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Channel {
    /// Whether messages go through, in either direction.
    ///
    /// # Errors
    /// [`Error::Disabled`] when they do not.
    pub fn check_open(&self) -> Result<()> {
        match (self.status, self.deleted_at) {
            (Status::Enabled, None) => Ok(()),
            _ => Err(Error::Disabled),
        }
    }

    /// Who answers, if it is not the channel's own assistant.
    pub(crate) fn other_assistant(&self) -> Option<AssistantId> {
        (self.assistant.id != self.own_assistant).then_some(self.assistant.id)
    }
}

/// What it takes to make a website channel.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub display_name: String,
    pub assistant: AssistantChange,
}

/// What is to change. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ChannelChange {
    pub display_name: Option<String>,
    pub status: Option<Status>,
    pub auto_reply: Option<AutoReply>,
    pub settings: SettingsChange,
    /// Who answers from now on.
    pub assistant_id: Option<AssistantId>,
    /// What changes about the channel's own assistant.
    pub assistant: AssistantChange,
}

/// Opens the account's website channel.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Plan`]; [`Error::Conflict`] when there is one already; [`Error::Invalid`].
pub async fn create_website(app: &App, actor: &Actor, new: NewChannel) -> Result<Channel> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let display_name = checked_name(&new.display_name)?;
    let mut assistant = Assistant::new(app);
    new.assistant.apply(&mut assistant)?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let plan = lock_plan(tx, account_id).await?;
                check_website(tx, account_id, plan).await?;
                assistants::sql::insert(tx, account_id, &assistant, inner.now()).await?;
                insert(&inner, tx, account_id, Kind::Website, display_name, assistant, plan).await
            })
        })
        .await
}

/// Opens the account's website channel for an assistant that is there.
///
/// # Errors
/// As [`create_website`]; [`Error::NotFound`] for the assistant.
pub async fn create_website_for(
    app: &App,
    actor: &Actor,
    assistant_id: AssistantId,
    display_name: &str,
) -> Result<Channel> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let display_name = checked_name(display_name)?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let plan = lock_plan(tx, account_id).await?;
                let assistant = assistants::sql::get(tx, account_id, assistant_id).await?;
                let assistant = assistant.ok_or(Error::NotFound("Assistant"))?;
                check_website(tx, account_id, plan).await?;
                insert(&inner, tx, account_id, Kind::Website, display_name, assistant, plan).await
            })
        })
        .await
}

/// Opens a channel for the mobile apps of one assistant.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Plan`]; [`Error::NotFound`] for the assistant; [`Error::Conflict`] when it has one already;
/// [`Error::Invalid`].
pub async fn create_mobile(
    app: &App,
    actor: &Actor,
    assistant_id: AssistantId,
    display_name: &str,
) -> Result<Channel> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let display_name = checked_name(display_name)?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let plan = lock_plan(tx, account_id).await?;
                let assistant = assistants::sql::get(tx, account_id, assistant_id).await?;
                let assistant = assistant.ok_or(Error::NotFound("Assistant"))?;
                if sql::has_mobile(tx, assistant_id).await? {
                    return Err(Error::Conflict("The assistant already has a mobile channel."));
                }
                check_room(tx, account_id, plan).await?;
                insert(&inner, tx, account_id, Kind::MobileSdk, display_name, assistant, plan).await
            })
        })
        .await
}

/// The account's plan, if it allows channels at all. Until the end of the transaction nobody else makes one.
async fn lock_plan(tx: &mut Tx, account_id: AccountId) -> Result<Plan> {
    let plan = sql::lock_plan(tx, account_id).await?.ok_or(Error::NotFound("Account"))?;
    if plan.allows_social_messaging { Ok(plan) } else { Err(Error::Plan(Limit::AllowsSocialMessaging)) }
}

async fn check_website(tx: &mut Tx, account_id: AccountId, plan: Plan) -> Result<()> {
    if sql::has_website(tx, account_id).await? {
        return Err(Error::Conflict("The store already has a website channel."));
    }
    check_room(tx, account_id, plan).await
}

async fn check_room(tx: &mut Tx, account_id: AccountId, plan: Plan) -> Result<()> {
    if sql::count(tx, account_id).await? >= plan.max_social_channels {
        return Err(Error::Plan(Limit::MaxSocialChannels));
    }
    Ok(())
}

async fn insert(
    app: &App,
    tx: &mut Tx,
    account_id: AccountId,
    kind: Kind,
    display_name: String,
    assistant: Assistant,
    plan: Plan,
) -> Result<Channel> {
    let now = app.now();
    let channel = Channel {
        id: ChannelId(app.new_id()),
        account_id,
        kind,
        token: secrets::hex(&secrets::random::<16>()),
        display_name,
        status: Status::Enabled,
        auto_reply: AutoReply::On,
        identity: Identity::Open,
        settings: Settings::default().into(),
        own_assistant: assistant.id,
        assistant,
        plan,
        deleted_at: None,
        created_at: now,
        updated_at: now,
    };
    sql::insert(tx, &channel).await?;
    tx.tell(Event::ChannelChanged { account_id, channel_id: channel.id, identity: channel.identity });
    Ok(channel)
}

/// The account's channels, oldest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Channel>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::list(tx, account_id).await })).await
}

/// One channel.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: ChannelId) -> Result<Channel> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    let channel = app.db.read(move |tx| Box::pin(async move { sql::get(tx, account_id, id).await })).await?;
    channel.ok_or(Error::NotFound("Channel"))
}

/// The channel that a public token or an embed token opens.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Disabled`].
pub async fn by_token(app: &App, token: &str) -> Result<Channel> {
    let token = token.to_owned();
    app.db.read(move |tx| Box::pin(async move { sql::open_by_token(tx, &token).await })).await
}

/// Changes a channel and its assistant.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the channel, the assistant or the upload; [`Error::Invalid`]; [`Error::Conflict`] when the
/// assistant has another mobile channel.
pub async fn update(app: &App, actor: &Actor, id: ChannelId, change: ChannelChange) -> Result<Channel> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let display_name = change.display_name.as_deref().map(checked_name).transpose()?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::lock_plan(tx, account_id).await?;
                let assistant = match change.assistant_id {
                    Some(assistant_id) => Some(take_over(tx, account_id, id, assistant_id).await?),
                    None => None,
                };
                self::change(tx, account_id, id, inner.now(), move |channel| {
                    if let Some(assistant) = assistant {
                        channel.own_assistant = assistant.id;
                        channel.assistant = assistant;
                    }
                    change.assistant.apply(&mut channel.assistant)?;
                    if let Some(name) = display_name {
                        channel.display_name = name;
                    }
                    if let Some(status) = change.status {
                        channel.status = status;
                    }
                    if let Some(auto_reply) = change.auto_reply {
                        channel.auto_reply = auto_reply;
                    }
                    change.settings.apply(&mut channel.settings);
                    Ok(())
                })
                .await
            })
        })
        .await
}

/// The assistant that is to answer on a channel.
async fn take_over(
    tx: &mut Tx,
    account_id: AccountId,
    id: ChannelId,
    assistant_id: AssistantId,
) -> Result<Assistant> {
    let channel = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Channel"))?;
    let assistant = assistants::sql::get(tx, account_id, assistant_id).await?;
    let assistant = assistant.ok_or(Error::NotFound("Assistant"))?;
    let another = channel.kind == Kind::MobileSdk && channel.own_assistant != assistant_id;
    if another && sql::has_mobile(tx, assistant_id).await? {
        return Err(Error::Conflict("The assistant already has a mobile channel."));
    }
    Ok(assistant)
}

/// Switches automatic answers to `wanted`, or over to the other state.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn switch_auto_reply(
    app: &App,
    actor: &Actor,
    id: ChannelId,
    wanted: Option<AutoReply>,
) -> Result<Channel> {
    actor.require(Permission::ManageChannels)?;
    edit(app, actor, id, move |channel| {
        channel.auto_reply = wanted.unwrap_or(match channel.auto_reply {
            AutoReply::On => AutoReply::Off,
            AutoReply::Off => AutoReply::On,
        });
        Ok(())
    })
    .await
}

/// Disconnects a channel. Its conversations stay to be read.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, id: ChannelId) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let now = app.now();
    edit(app, actor, id, move |channel| {
        channel.deleted_at = Some(now);
        Ok(())
    })
    .await
    .map(drop)
}

/// The one way a channel changes.
async fn edit(
    app: &App,
    actor: &Actor,
    id: ChannelId,
    edit: impl FnOnce(&mut Channel) -> Result<()> + Send + 'static,
) -> Result<Channel> {
    let account_id = actor.account_id();
    let now = app.now();
    app.db.write(move |tx| Box::pin(async move { change(tx, account_id, id, now, edit).await })).await
}

/// The same inside the transaction of another verb.
pub(crate) async fn change(
    tx: &mut Tx,
    account_id: AccountId,
    id: ChannelId,
    now: Timestamp,
    edit: impl FnOnce(&mut Channel) -> Result<()>,
) -> Result<Channel> {
    sql::lock_plan(tx, account_id).await?;
    let mut channel = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Channel"))?;
    let former_logo = channel.settings.logo;
    edit(&mut channel)?;
    channel.updated_at = now;
    if channel.deleted_at.is_some() {
        channel.settings.logo = None;
        push::forget(tx, id).await?;
    }
    if channel.settings.logo != former_logo {
        uploads::replace_logo(tx, account_id, former_logo, channel.settings.logo).await?;
    }
    sql::update(tx, &channel).await?;
    assistants::sql::update(tx, &channel.assistant, now).await?;
    tx.tell(Event::ChannelChanged { account_id, channel_id: id, identity: channel.identity });
    Ok(channel)
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        1..=100 if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => Err(Error::invalid("display_name", "must have 1 to 100 printable characters")),
    }
}
