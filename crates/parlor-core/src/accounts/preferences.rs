//! What people have chosen for their own pages.

use serde_json::{Value as Json, json};

use super::{checked_name, sql};
use crate::{
    Actor, Error, Event, Result, actor::Agent, app::App, channels::Language, event::What, given::Given,
    text_enum,
};

text_enum! {
    /// How bright a page is.
    Theme { System = "system", Light = "light", Dark = "dark" }
}

/// What somebody has chosen for their own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub theme: Theme,
    /// `None` is the browser's.
    pub language: Option<Language>,
    /// Whether a message is heard.
    pub sound: bool,
    /// Whether the desktop shows messages.
    pub notifications: bool,
}

/// What is to change, checked. What is left out stays.
#[derive(Clone, Debug, Default)]
pub struct PreferencesChange {
    theme: Option<Theme>,
    language: Option<Option<Language>>,
    sound: Option<bool>,
    notifications: Option<bool>,
}

/// What somebody changes about themselves. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct OwnChange {
    pub name: Option<String>,
    pub preferences: PreferencesChange,
}

const MEMBERS: [&str; 4] = ["theme", "language", "sound", "notifications"];

impl Default for Preferences {
    fn default() -> Preferences {
        // A browser asks before it notifies, so somebody has to want it.
        Preferences { theme: Theme::System, language: None, sound: true, notifications: false }
    }
}

impl Preferences {
    /// As it is written by whoever changes it.
    pub fn document(&self) -> Json {
        json!({
            "theme": self.theme.as_str(),
            "language": self.language.map_or(Language::AUTO, Language::as_str),
            "sound": self.sound,
            "notifications": self.notifications,
        })
    }

    /// What a row holds; what it lacks is as it begins.
    pub(super) fn stored(document: &Json) -> Preferences {
        let mut preferences = Preferences::default();
        for name in MEMBERS {
            let member = document.get(name).map(|value| json!({ name: value }));
            if let Some(Ok(change)) = member.map(|member| PreferencesChange::parse("", &member)) {
                change.apply(&mut preferences);
            }
        }
        preferences
    }
}

impl PreferencesChange {
    /// Reads a document of which only what is to change is there. `path` is what it is called in a refusal.
    ///
    /// # Errors
    /// [`Error::Invalid`]; the field is the path to what is wrong.
    pub fn parse(path: &str, document: &Json) -> Result<PreferencesChange> {
        let members = Given::at(path, document).members(&MEMBERS)?;
        let theme = members.given("theme").map(|given| given.one_of(Theme::ALL, Theme::as_str));
        Ok(PreferencesChange {
            theme: theme.transpose()?,
            language: members.given("language").map(|given| Language::or_auto(&given)).transpose()?,
            sound: members.given("sound").map(|given| given.truth()).transpose()?,
            notifications: members.given("notifications").map(|given| given.truth()).transpose()?,
        })
    }

    fn apply(self, preferences: &mut Preferences) {
        let PreferencesChange { theme, language, sound, notifications } = self;
        preferences.theme = theme.unwrap_or(preferences.theme);
        preferences.language = language.unwrap_or(preferences.language);
        preferences.sound = sound.unwrap_or(preferences.sound);
        preferences.notifications = notifications.unwrap_or(preferences.notifications);
    }
}

/// What somebody has chosen.
///
/// # Errors
/// [`Error::NotFound`] when they are gone.
pub async fn preferences(app: &App, agent: &Agent) -> Result<Preferences> {
    let id = agent.id;
    let found = app.db.read(move |tx| Box::pin(async move { sql::preferences(tx, id).await })).await?;
    found.ok_or(Error::NotFound("Agent"))
}

/// Changes what somebody is called and has chosen; answers who they are now.
///
/// # Errors
/// [`Error::NotAllowed`] for a program; [`Error::Invalid`]; [`Error::NotFound`] when they are gone.
pub async fn change_own(app: &App, actor: &Actor, change: OwnChange) -> Result<(Agent, Preferences)> {
    let mut agent = actor.in_person()?.clone();
    let name = change.name.as_deref().map(checked_name).transpose()?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::lock_team(tx, agent.account_id).await?;
                let mut preferences =
                    sql::preferences(tx, agent.id).await?.ok_or(Error::NotFound("Agent"))?;
                change.preferences.apply(&mut preferences);
                if let Some(name) = name {
                    agent.name = name;
                    tx.tell(Event::Changed { account_id: agent.account_id, what: What::Team });
                }
                sql::save_own(tx, agent.id, &agent.name, &preferences).await?;
                Ok((agent, preferences))
            })
        })
        .await
}
