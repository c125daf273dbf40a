//! What a message says: plain text, or one of the structured kinds with exactly its properties.

use std::{borrow::Cow, ops::RangeInclusive};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::ContentType;
use crate::{Error, Result, links};

/// The most characters a text may have.
pub const LONGEST_TEXT: usize = 10_000;
/// The most bytes of JSON a structured part may have.
pub const LARGEST_RICH_MEDIA: usize = 64 * 1024;

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub kind: ContentType,
    /// Empty only beside a structured part.
    pub text: String,
    /// The structured part of everything but plain text, with the properties of its kind and no others.
    pub rich_media: Option<Json>,
}

impl Content {
    /// Plain text.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it has 1 to 10,000 characters after trimming.
    pub fn text(text: &str) -> Result<Content> {
        Content::new(ContentType::Text, text, None)
    }

    /// Content of any kind. The text is trimmed; beside a structured part it may be empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is too long or says nothing, and for a structured part that is missing, out of place, too large, or
    /// has not the shape of its kind; the field is the path to what is wrong.
    pub fn new(kind: ContentType, text: &str, rich_media: Option<Json>) -> Result<Content> {
        let text = checked_text(text)?;
        let given = rich_media.filter(|given| !given.is_null());
        if kind == ContentType::Text {
            if given.is_some() {
                return Err(Error::invalid("rich_media", "must be left out of a text"));
            }
            if text.is_empty() {
                return Err(Error::invalid("text", "must not be empty"));
            }
            return Ok(Content { kind, text, rich_media: None });
        }
        let given =
            given.ok_or_else(|| Error::invalid("rich_media", "is required for everything but a text"))?;
        if given.to_string().len() > LARGEST_RICH_MEDIA {
            return Err(Error::invalid("rich_media", "must have at most 64 KiB"));
        }
        let rich_media = shaped(kind, "rich_media".into(), &given)?;
        Ok(Content { kind, text, rich_media: Some(rich_media) })
    }

    /// One line for lists and notifications; never empty.
    pub fn summary(&self) -> Cow<'_, str> {
        if !self.text.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let named = |property: &str| self.property(property).map(Cow::Borrowed);
        let labels = || Cow::Owned(self.lines().join(" · "));
        match self.kind {
            ContentType::Image => named("alt").unwrap_or(Cow::Borrowed("Image")),
            ContentType::File => named("filename").unwrap_or(Cow::Borrowed("File")),
            ContentType::Text | ContentType::QuickButton | ContentType::Carousel | ContentType::Dropdown => {
                labels()
            }
        }
    }

    /// All of it for whoever can show nothing but text: what stands there, what can be chosen, where it leads. Never empty.
    pub fn plain(&self) -> Cow<'_, str> {
        let lines = self.lines();
        if lines.is_empty() {
            return self.summary();
        }
        let caption = match self.kind {
            ContentType::Image | ContentType::File => self.summary(),
            _ => Cow::Borrowed(self.text.as_str()),
        };
        let bullet = if matches!(self.kind, ContentType::Image | ContentType::File) { "" } else { "- " };
        let caption = (!caption.is_empty()).then(|| caption.into_owned());
        let all: Vec<String> =
            caption.into_iter().chain(lines.iter().map(|line| format!("{bullet}{line}"))).collect();
        Cow::Owned(all.join("\n"))
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.rich_media.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// What the structured part holds that can be said in words.
    fn lines(&self) -> Vec<String> {
        let list = |name: &str| {
            let items = self.rich_media.as_ref().and_then(|media| media.get(name)).and_then(Json::as_array);
            items.into_iter().flatten()
        };
        let word = |item: &Json, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        match self.kind {
            ContentType::Text => Vec::new(),
            ContentType::Image | ContentType::File => {
                self.property("url").map(str::to_owned).into_iter().collect()
            }
            ContentType::QuickButton => list("buttons").map(|button| word(button, "label")).collect(),
            ContentType::Dropdown => list("options").map(|option| word(option, "label")).collect(),
            ContentType::Carousel => list("cards")
                .map(|card| {
                    let mut line = word(card, "title");
                    let subtitle = word(card, "subtitle");
                    if !subtitle.is_empty() {
                        line.push_str(&format!(": {subtitle}"));
                    }
                    for button in card["buttons"].as_array().into_iter().flatten() {
                        line.push_str(&format!(" [{}]", word(button, "label")));
                    }
                    line
                })
                .collect(),
        }
    }
}

fn checked_text(text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
        return Err(Error::invalid("text", "must have at most 10,000 characters"));
    }
    if text.contains('\0') {
        return Err(Error::invalid("text", "must not hold a NUL character"));
    }
    Ok(text.to_owned())
}

/// The structured part as it is kept: the properties of its kind, checked.
fn shaped(kind: ContentType, path: String, given: &Json) -> Result<Json> {
    match kind {
        ContentType::Text => Err(Error::invalid(path, "must be left out of a text")),
        ContentType::Image => {
            let mut image = Shape::of(path, given, &["url", "upload_id", "alt"])?;
            if image.upload("upload_id")? == Named::No {
                image.link("url", Need::Required)?;
            }
            image.words("alt", Need::Optional, 0..=500)?;
            Ok(image.done())
        }
        ContentType::File => {
            let mut file = Shape::of(path, given, &["url", "upload_id", "filename", "size", "mime_type"])?;
            // Of an upload more is known than its sender could say.
            if file.upload("upload_id")? == Named::No {
                file.link("url", Need::Required)?;
                file.file_name("filename")?;
                file.bytes("size")?;
                file.mime_type("mime_type")?;
            }
            Ok(file.done())
        }
        ContentType::QuickButton => {
            let mut choice = Shape::of(path, given, &["buttons"])?;
            choice.list("buttons", Need::Required, 1..=50, labelled)?;
            Ok(choice.done())
        }
        ContentType::Carousel => {
            let mut carousel = Shape::of(path, given, &["cards"])?;
            carousel.list("cards", Need::Required, 1..=50, card)?;
            Ok(carousel.done())
        }
        ContentType::Dropdown => {
            let mut choice = Shape::of(path, given, &["placeholder", "options"])?;
            choice.words("placeholder", Need::Optional, 0..=200)?;
            choice.list("options", Need::Required, 1..=100, labelled)?;
            Ok(choice.done())
        }
    }
}

/// A button or an option: what is shown, and what is sent when it is chosen.
fn labelled(path: String, given: &Json) -> Result<Json> {
    let mut button = Shape::of(path, given, &["label", "value"])?;
    button.words("label", Need::Required, 1..=200)?;
    button.words("value", Need::Required, 1..=1000)?;
    Ok(button.done())
}

fn card(path: String, given: &Json) -> Result<Json> {
    let mut card = Shape::of(path, given, &["image_url", "image_upload_id", "title", "subtitle", "buttons"])?;
    if card.upload("image_upload_id")? == Named::No {
        card.link("image_url", Need::Optional)?;
    }
    card.words("title", Need::Required, 1..=200)?;
    card.words("subtitle", Need::Optional, 0..=1000)?;
    card.list("buttons", Need::Optional, 0..=20, labelled)?;
    Ok(card.done())
}

/// Whether a property may be missing or null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// Whether an upload was named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    No,
}

/// An object under inspection: what was given, and what of it is kept.
struct Shape<'a> {
    path: String,
    given: &'a Map<String, Json>,
    kept: Map<String, Json>,
}

impl<'a> Shape<'a> {
    fn of(path: String, given: &'a Json, known: &[&str]) -> Result<Shape<'a>> {
        let Json::Object(given) = given else { return Err(Error::invalid(path, "must be an object")) };
        match given.keys().find(|key| !known.contains(&key.as_str())) {
            // The name is a stranger's and may be long or odd, so it is not repeated.
            Some(_) => Err(Error::invalid(path, format!("must hold nothing but {}", known.join(", ")))),
            None => Ok(Shape { path, given, kept: Map::new() }),
        }
    }

    fn done(self) -> Json {
        Json::Object(self.kept)
    }

    fn wrong<T>(&self, name: &str, problem: impl Into<Cow<'static, str>>) -> Result<T> {
        Err(Error::invalid(format!("{}.{name}", self.path), problem))
    }

    /// What was given under a name; a null counts as nothing.
    fn given(&self, name: &str, need: Need) -> Result<Option<&'a Json>> {
        match self.given.get(name).filter(|value| !value.is_null()) {
            None if need == Need::Required => self.wrong(name, "is required"),
            found => Ok(found),
        }
    }

    fn keep(&mut self, name: &str, value: impl Into<Json>) {
        self.kept.insert(name.to_owned(), value.into());
    }

    /// Words of a length, trimmed. Nothing in them may break a line.
    fn words(&mut self, name: &str, need: Need, length: RangeInclusive<usize>) -> Result<()> {
        let Some(given) = self.given(name, need)? else { return Ok(()) };
        let text = given.as_str().map(str::trim);
        match text.filter(|text| length.contains(&text.chars().count()) && !text.contains(char::is_control)) {
            Some(text) => {
                self.keep(name, text);
                Ok(())
            }
            None => {
                let (least, most) = length.into_inner();
                self.wrong(name, format!("must have {least} to {most} printable characters"))
            }
        }
    }

    /// Where a browser will get something from.
    fn link(&mut self, name: &str, need: Need) -> Result<()> {
        let Some(given) = self.given(name, need)? else { return Ok(()) };
        match given.as_str().filter(|address| links::is_web(address)) {
            Some(address) => {
                self.keep(name, address);
                Ok(())
            }
            None => self.wrong(name, "must be an http or https address of at most 2,000 bytes"),
        }
    }

    /// The id of a file that was sent up before. Whose it is will be asked when the message is stored.
    fn upload(&mut self, name: &str) -> Result<Named> {
        let Some(given) = self.given(name, Need::Optional)? else { return Ok(Named::No) };
        match given.as_str().and_then(|id| id.parse::<Uuid>().ok()) {
            Some(id) => {
                self.keep(name, id.to_string());
                Ok(Named::Yes)
            }
            None => self.wrong(name, "must be the id of an upload"),
        }
    }

    /// A name to save under. Signs that turn the direction of writing could make it end differently from how it reads.
    fn file_name(&mut self, name: &str) -> Result<()> {
        self.words(name, Need::Required, 1..=255)?;
        let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        match self.kept.get(name).and_then(Json::as_str) {
            Some(kept) if kept.contains(turns) => self.wrong(name, "must not turn the direction of writing"),
            _ => Ok(()),
        }
    }

    /// A whole number of bytes that a JavaScript number can hold.
    fn bytes(&mut self, name: &str) -> Result<()> {
        let given = self.given(name, Need::Required)?;
        match given.and_then(Json::as_u64).filter(|&bytes| bytes < 1 << 53) {
            Some(bytes) => {
                self.keep(name, bytes);
                Ok(())
            }
            None => self.wrong(name, "must be a whole number of bytes"),
        }
    }

    fn mime_type(&mut self, name: &str) -> Result<()> {
        let plain = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
            !part.is_empty() && part.chars().all(known)
        };
        let fits = |text: &&str| {
            let (essence, _) = text.split_once(';').unwrap_or((text, ""));
            let named =
                essence.trim_end().split_once('/').is_some_and(|(kind, sub)| plain(kind) && plain(sub));
            named && text.len() <= 127 && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
        };
        match self.given(name, Need::Required)?.and_then(Json::as_str).filter(fits) {
            Some(text) => {
                self.keep(name, text);
                Ok(())
            }
            None => self.wrong(name, "must be a MIME type such as application/pdf"),
        }
    }

    fn list(
        &mut self,
        name: &str,
        need: Need,
        count: RangeInclusive<usize>,
        each: fn(String, &Json) -> Result<Json>,
    ) -> Result<()> {
        let Some(given) = self.given(name, need)? else { return Ok(()) };
        match given.as_array().filter(|items| count.contains(&items.len())) {
            Some(items) => {
                let at = |(index, item)| each(format!("{}.{name}[{index}]", self.path), item);
                let kept: Vec<Json> = items.iter().enumerate().map(at).collect::<Result<_>>()?;
                self.keep(name, kept);
                Ok(())
            }
            None => {
                let (least, most) = count.into_inner();
                self.wrong(name, format!("must be a list of {least} to {most}"))
            }
        }
    }
}
