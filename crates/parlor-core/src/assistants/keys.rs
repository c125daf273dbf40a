//! Where the model providers are, and whose keys are used for them.

use model_client::{ApiKey, Endpoint, Protocol};

use super::{Provider, sql};
use crate::{Actor, Error, Event, Permission, Result, app::App, db::Tx, event::What, ids::AccountId};

/// Where the model providers are, and the operator's own keys for them.
#[derive(Clone, Debug)]
pub struct Providers {
    pub anthropic: ProviderSettings,
    pub openai: ProviderSettings,
}

#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Set by the operator alone: an account must not choose whom this machine talks to.
    pub base_url: String,
    /// Used for accounts that have no key of their own.
    pub api_key: Option<ApiKey>,
}

impl Default for Providers {
    fn default() -> Providers {
        let settings = |url: &str| ProviderSettings { base_url: url.into(), api_key: None };
        Providers {
            anthropic: settings("https://api.anthropic.com"),
            openai: settings("https://api.openai.com/v1"),
        }
    }
}

impl Providers {
    /// Those that need a key and have none from the operator.
    pub(crate) fn without_key(&self) -> impl Iterator<Item = Provider> {
        let lacks =
            |provider: &Provider| self.of(*provider).is_some_and(|(_, settings)| settings.api_key.is_none());
        Provider::ALL.iter().copied().filter(lacks)
    }

    fn of(&self, provider: Provider) -> Option<(Protocol, &ProviderSettings)> {
        match provider {
            Provider::Anthropic => Some((Protocol::Anthropic, &self.anthropic)),
            Provider::OpenAi => Some((Protocol::OpenAi, &self.openai)),
            Provider::Local => None,
        }
    }
}

/// Where an account's key for a provider comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Sealed in the database, the account's own.
    Account,
    /// The operator's configuration.
    Operator,
    /// There is none: assistants of this provider answer by `local`.
    Missing,
    /// The provider needs none.
    NotNeeded,
}

impl KeySource {
    /// Who answers where this provider is chosen and its key comes from here.
    pub fn effective(self, provider: Provider) -> Provider {
        match self {
            KeySource::Missing => Provider::Local,
            KeySource::Account | KeySource::Operator | KeySource::NotNeeded => provider,
        }
    }
}

/// Each provider, and where the account's key for it comes from.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn key_sources(app: &App, actor: &Actor) -> Result<Vec<(Provider, KeySource)>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    let own =
        app.db.read(move |tx| Box::pin(async move { sql::providers_with_key(tx, account_id).await })).await?;
    let source = |provider: Provider| match app.settings.providers.of(provider) {
        None => KeySource::NotNeeded,
        Some(_) if own.contains(&provider) => KeySource::Account,
        Some((_, settings)) if settings.api_key.is_some() => KeySource::Operator,
        Some(_) => KeySource::Missing,
    };
    Ok(Provider::ALL.iter().map(|&provider| (provider, source(provider))).collect())
}

/// Keeps the account's key for a provider, sealed; `None` forgets it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for a provider that needs no key, or a key that cannot be one.
pub async fn set_key(app: &App, actor: &Actor, provider: Provider, key: Option<String>) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    if app.settings.providers.of(provider).is_none() {
        return Err(Error::invalid("provider", "needs no key"));
    }
    let Some(key) = key else {
        return app
            .db
            .write(move |tx| {
                Box::pin(async move {
                    sql::delete_key(tx, account_id, provider).await?;
                    tx.tell(Event::Changed { account_id, what: What::Assistants });
                    Ok(())
                })
            })
            .await;
    };
    let key = key.trim();
    if key.is_empty() || key.len() > 500 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("api_key", "must have 1 to 500 printable characters without spaces"));
    }
    let sealed = app.secrets.seal(&place(account_id, provider), key.as_bytes())?;
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::save_key(tx, account_id, provider, &sealed, now).await?;
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                Ok(())
            })
        })
        .await
}

fn place(account_id: AccountId, provider: Provider) -> String {
    format!("provider_keys/{account_id}/{}", provider.as_str())
}

/// Where to ask for this assistant's answers: `None` is here, by `local`.
pub(super) async fn endpoint(
    app: &App,
    tx: &mut Tx,
    account_id: AccountId,
    provider: Provider,
) -> Result<Option<Endpoint>> {
    let Some((protocol, settings)) = app.settings.providers.of(provider) else { return Ok(None) };
    let own = match sql::key(tx, account_id, provider).await? {
        Some(sealed) => {
            let key = app.secrets.open(&place(account_id, provider), &sealed)?;
            Some(ApiKey::new(String::from_utf8_lossy(&key)))
        }
        None => settings.api_key.clone(),
    };
    Ok(own.map(|key| Endpoint { protocol, base_url: settings.base_url.clone(), key }))
}
