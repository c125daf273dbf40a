//! Links to uploads: signed, and good for a short time. Whoever has one may read the file, and nobody else. A logo's needs no signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Part;
use crate::{App, conversations::Message, ids::UploadId, secrets};

/// A link is good for one to two of these. Within one it stays the same, so that browsers may keep what it leads to.
const PERIOD: i64 = 3600;

/// A link that is good for the next hour at least.
pub fn link(app: &App, id: UploadId, part: Part) -> String {
    let until = (app.now().as_second().div_euclid(PERIOD) + 2) * PERIOD;
    format!(
        "{}/{}/{}{until}-{}",
        app.settings.uploads_url,
        id.0,
        part.folder(),
        signature(app, id, part, until)
    )
}

/// Where a channel's logo is, for everybody and as long as it is one.
pub fn logo(app: &App, id: UploadId) -> String {
    format!("{}/{}/logo", app.settings.uploads_url, id.0)
}

/// Whether `ticket`, the last part of a link, is ours and still good.
pub(super) fn admits(app: &App, id: UploadId, part: Part, ticket: &str) -> bool {
    let Some((until, given)) = ticket.split_once('-') else { return false };
    // The text that was signed is the number as we write it.
    let Some(until) = until.parse::<i64>().ok().filter(|number| number.to_string() == until) else {
        return false;
    };
    let right = secrets::equal(given.as_bytes(), signature(app, id, part, until).as_bytes());
    right && Timestamp::from_second(until).is_ok_and(|until| app.now() < until)
}

fn signature(app: &App, id: UploadId, part: Part, until: i64) -> String {
    URL_SAFE_NO_PAD.encode(app.secrets.sign_link(&[
        part.folder().as_bytes(),
        id.0.as_bytes(),
        &until.to_be_bytes(),
    ]))
}

/// The upload that a link of ours leads to, good or not.
pub(super) fn named(app: &App, address: &str) -> Option<UploadId> {
    let rest = address.strip_prefix(app.settings.uploads_url.as_str())?.strip_prefix('/')?;
    Uuid::parse_str(rest.split('/').next()?).ok().map(UploadId)
}

/// Puts fresh links into a message that is about to be shown to somebody.
pub(crate) fn sign(app: &App, message: &mut Message) {
    let Some(media) = &mut message.content.rich_media else { return };
    sign_object(app, media, "");
    for card in media.get_mut("cards").and_then(Json::as_array_mut).into_iter().flatten() {
        sign_object(app, card, "image_");
    }
}

/// The same for several.
pub(crate) fn sign_all(app: &App, messages: &mut [Message]) {
    messages.iter_mut().for_each(|message| sign(app, message));
}

fn sign_object(app: &App, object: &mut Json, prefix: &str) {
    let Json::Object(object) = object else { return };
    let key = |name: &str| format!("{prefix}{name}");
    let Some(id) = object.get(&key("upload_id")).and_then(Json::as_str).and_then(|id| id.parse().ok()) else {
        return;
    };
    object.insert(key("url"), link(app, UploadId(id), Part::Whole).into());
    if object.contains_key(&key("width")) {
        object.insert(key("preview_url"), link(app, UploadId(id), Part::Preview).into());
    }
}
