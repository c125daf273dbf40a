//! How a channel's widget looks, speaks and behaves.
//!
//! Settings are written, kept and shown as one document; what stands in it is spelled alike everywhere. Whoever changes them names only what is
//! to change.

mod hours;
mod kept;
mod pre_chat;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    Result,
    given::{Given, Members},
    ids::UploadId,
    text_enum,
};

pub use hours::{Hours, Opening};
pub use kept::KeptSettings;
pub use pre_chat::{Field, FieldKind, PreChat};

/// The most characters of a greeting.
const LONGEST_GREETING: usize = 500;
/// The most characters of a title.
const LONGEST_TITLE: usize = 60;

text_enum! {
    /// The corner of the page where the launcher sits.
    Position { BottomRight = "bottom-right", BottomLeft = "bottom-left" }
}

text_enum! {
    /// A language that the widget speaks.
    Language { English = "en", German = "de", French = "fr", Spanish = "es", Arabic = "ar" }
}

impl Language {
    /// How the reader's own language is called where one can be chosen.
    pub const AUTO: &str = "auto";

    /// One of these, or `None` for the reader's own.
    pub(crate) fn or_auto(given: &Given<'_>) -> Result<Option<Language>> {
        if given.text()? == Language::AUTO {
            return Ok(None);
        }
        let known = given.one_of(Language::ALL, Language::as_str);
        known.map(Some).map_err(|_| given.wrong("must be auto, en, de, fr, es or ar"))
    }
}

text_enum! {
    /// How soon a visitor may expect an answer.
    ReplyTime { Minutes = "minutes", Hours = "hours", Day = "day" }
}

/// How a channel's widget looks, speaks and behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `#rrggbb`.
    pub primary_color: String,
    pub position: Position,
    /// Shown where there is no message yet.
    pub greeting: String,
    /// Shown above the conversation; without one the channel's name is.
    pub title: Option<String>,
    /// A picture, which anybody may see.
    pub logo: Option<UploadId>,
    /// `None` is the visitor's own, as far as the widget speaks it.
    pub language: Option<Language>,
    /// The texts for visitors who read another language; each language once.
    pub translations: Vec<(Language, Translation)>,
    pub hours: Option<Hours>,
    pub reply_time: Option<ReplyTime>,
    pub pre_chat: PreChat,
    /// Whether a visitor is asked how it was, once a conversation is resolved.
    pub asks_for_rating: bool,
}

/// Texts in another language. What is left out is said as everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    pub greeting: Option<String>,
    pub title: Option<String>,
}

/// What is to change, checked. What is left out stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    primary_color: Option<String>,
    position: Option<Position>,
    greeting: Option<String>,
    title: Option<Option<String>>,
    logo: Option<Option<UploadId>>,
    language: Option<Option<Language>>,
    translations: Option<Vec<(Language, Translation)>>,
    hours: Option<Option<Hours>>,
    reply_time: Option<Option<ReplyTime>>,
    pre_chat: Option<PreChat>,
    asks_for_rating: Option<bool>,
}

/// The members of the document.
const MEMBERS: [&str; 11] = [
    "primary_color",
    "position",
    "greeting",
    "title",
    "logo_upload_id",
    "language",
    "translations",
    "hours",
    "reply_time",
    "pre_chat",
    "rating",
];

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            primary_color: "#1f6feb".into(),
            position: Position::BottomRight,
            greeting: "Hi! How can we help?".into(),
            title: None,
            logo: None,
            language: None,
            translations: Vec::new(),
            hours: None,
            reply_time: None,
            pre_chat: PreChat::default(),
            asks_for_rating: true,
        }
    }
}

impl Settings {
    /// The document.
    pub fn document(&self) -> Json {
        let translations: Map<String, Json> = self
            .translations
            .iter()
            .map(|(language, translation)| (language.as_str().to_owned(), translation.document()))
            .collect();
        json!({
            "primary_color": self.primary_color,
            "position": self.position.as_str(),
            "greeting": self.greeting,
            "title": self.title,
            "logo_upload_id": self.logo.map(|logo| logo.to_string()),
            "language": self.language.map_or(Language::AUTO, Language::as_str),
            "translations": translations,
            "hours": self.hours.as_ref().map(Hours::document),
            "reply_time": self.reply_time.map(ReplyTime::as_str),
            "pre_chat": self.pre_chat.document(),
            "rating": { "enabled": self.asks_for_rating },
        })
    }

    /// What a row holds. Rows of former versions have fewer members, and what a member lacks is as it begins.
    fn stored(document: &str) -> Settings {
        let document: Json = serde_json::from_str(document).unwrap_or_default();
        let mut settings = Settings::default();
        for name in MEMBERS {
            let member = document.get(name).map(|value| json!({ name: value }));
            if let Some(Ok(change)) = member.map(|member| SettingsChange::parse("", &member)) {
                change.apply(&mut settings);
            }
        }
        settings
    }
}

impl SettingsChange {
    /// Reads a document of which only what is to change is there. `path` is what it is called in a refusal.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`]; the field is the path to what is wrong.
    pub fn parse(path: &str, document: &Json) -> Result<SettingsChange> {
        let members = Given::at(path, document).members(&MEMBERS)?;
        Ok(SettingsChange {
            primary_color: of(&members, "primary_color", color)?,
            position: of(&members, "position", |given| given.one_of(Position::ALL, Position::as_str))?,
            greeting: of(&members, "greeting", |given| given.words(LONGEST_GREETING))?,
            title: or_null(&members, "title", |given| given.line(1..=LONGEST_TITLE))?,
            logo: or_null(&members, "logo_upload_id", upload)?,
            language: of(&members, "language", Language::or_auto)?,
            translations: of(&members, "translations", translations)?,
            hours: or_null(&members, "hours", Hours::parse)?,
            reply_time: or_null(&members, "reply_time", |given| {
                given.one_of(ReplyTime::ALL, ReplyTime::as_str)
            })?,
            pre_chat: of(&members, "pre_chat", PreChat::parse)?,
            asks_for_rating: of(&members, "rating", |given| {
                given.members(&["enabled"])?.required("enabled")?.truth()
            })?,
        })
    }

    /// Puts what is to change in its place.
    pub fn apply(self, settings: &mut Settings) {
        replace(&mut settings.primary_color, self.primary_color);
        replace(&mut settings.position, self.position);
        replace(&mut settings.greeting, self.greeting);
        replace(&mut settings.title, self.title);
        replace(&mut settings.logo, self.logo);
        replace(&mut settings.language, self.language);
        replace(&mut settings.translations, self.translations);
        replace(&mut settings.hours, self.hours);
        replace(&mut settings.reply_time, self.reply_time);
        replace(&mut settings.pre_chat, self.pre_chat);
        replace(&mut settings.asks_for_rating, self.asks_for_rating);
    }
}

fn replace<T>(place: &mut T, with: Option<T>) {
    if let Some(with) = with {
        *place = with;
    }
}

/// A member, if it is there.
fn of<'a, T>(
    members: &Members<'a>,
    name: &str,
    read: impl FnOnce(&Given<'a>) -> Result<T>,
) -> Result<Option<T>> {
    members.given(name).as_ref().map(read).transpose()
}

/// The same for one that null takes away.
fn or_null<'a, T>(
    members: &Members<'a>,
    name: &str,
    read: impl FnOnce(&Given<'a>) -> Result<T>,
) -> Result<Option<Option<T>>> {
    of(members, name, |given| if given.is_null() { Ok(None) } else { read(given).map(Some) })
}

fn color(given: &Given<'_>) -> Result<String> {
    let color = given.text()?;
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(given.wrong("must look like #1f6feb"));
    }
    Ok(color.to_ascii_lowercase())
}

fn upload(given: &Given<'_>) -> Result<UploadId> {
    let id = given.text()?.parse::<Uuid>().map_err(|_| given.wrong("must be the id of an upload"))?;
    Ok(UploadId(id))
}

fn translations(given: &Given<'_>) -> Result<Vec<(Language, Translation)>> {
    let names: Vec<&str> = Language::ALL.iter().map(|language| language.as_str()).collect();
    let members = given.members(&names)?;
    let mut translations = Vec::new();
    for &language in Language::ALL {
        if let Some(given) = members.optional(language.as_str()) {
            translations.push((language, Translation::parse(&given)?));
        }
    }
    Ok(translations)
}

impl Translation {
    fn parse(given: &Given<'_>) -> Result<Translation> {
        let members = given.members(&["greeting", "title"])?;
        let greeting = members.optional("greeting").map(|given| given.words(LONGEST_GREETING));
        let title = members.optional("title").map(|given| given.line(1..=LONGEST_TITLE));
        Ok(Translation { greeting: greeting.transpose()?, title: title.transpose()? })
    }

    fn document(&self) -> Json {
        let texts = [("greeting", &self.greeting), ("title", &self.title)];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
        given.map(|(name, text)| (name.to_owned(), Json::from(text))).collect::<Map<_, _>>().into()
    }
}
