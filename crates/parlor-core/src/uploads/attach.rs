//! How a message takes the files it shows.

use serde_json::Value as Json;

use super::{Upload, links, sql};
use crate::{
    Error, Result,
    app::App,
    conversations::{Content, ContentType, Conversation, Sender},
    db::Tx,
    ids::{AccountId, UploadId},
};

/// Finds the uploads that a message names, by their id or by a link of ours, and marks them as sent. What is stored is their ids; links are
/// put in when the message is shown.
///
/// # Errors
/// [`Error::NotFound`] for one that is not the sender's; [`Error::Invalid`] for a picture that is none.
pub(crate) async fn attach(
    app: &App,
    tx: &mut Tx,
    conversation: &Conversation,
    sender: &Sender,
    content: &mut Content,
) -> Result<()> {
    take_all(app, tx, &Taker::Message { conversation, sender }, content).await
}

/// Takes the uploads of staff that something an assistant is going to say names: they stay, however long it takes until it does.
///
/// # Errors
/// As [`attach`].
pub(crate) async fn keep(app: &App, tx: &mut Tx, account_id: AccountId, content: &Content) -> Result<()> {
    take_all(app, tx, &Taker::Assistant(account_id), &mut content.clone()).await
}

/// Who takes an upload.
enum Taker<'a> {
    Message {
        conversation: &'a Conversation,
        sender: &'a Sender,
    },
    /// What an assistant shows was prepared by the account's staff.
    Assistant(AccountId),
}

async fn take_all(app: &App, tx: &mut Tx, taker: &Taker<'_>, content: &mut Content) -> Result<()> {
    let Some(media) = &mut content.rich_media else { return Ok(()) };
    match content.kind {
        ContentType::Image => {
            if let Some(upload) = take(app, tx, taker, media, "").await? {
                show(media, "", &upload)?;
            }
        }
        ContentType::File => {
            if let Some(upload) = take(app, tx, taker, media, "").await? {
                hand_over(media, &upload);
            }
        }
        ContentType::Carousel => {
            for card in media.get_mut("cards").and_then(Json::as_array_mut).into_iter().flatten() {
                if let Some(upload) = take(app, tx, taker, card, "image_").await? {
                    show(card, "image_", &upload)?;
                }
            }
        }
        ContentType::Text | ContentType::QuickButton | ContentType::Dropdown => {}
    }
    Ok(())
}

/// The upload that an object names, if it names one; what it says of itself is left aside.
async fn take(
    app: &App,
    tx: &mut Tx,
    taker: &Taker<'_>,
    object: &Json,
    prefix: &str,
) -> Result<Option<Upload>> {
    let text = |name: &str| object.get(format!("{prefix}{name}")).and_then(Json::as_str);
    let by_id = text("upload_id").and_then(|id| id.parse().ok()).map(UploadId);
    let Some(id) = by_id.or_else(|| links::named(app, text("url")?)) else { return Ok(None) };
    let upload = match taker {
        Taker::Message { conversation, sender } => match sender {
            Sender::EndUser(_) => sql::send_of_visitor(tx, id, conversation).await?,
            Sender::Agent { id: agent, .. } => {
                sql::send_of_agent(tx, id, conversation.account_id, *agent).await?
            }
            Sender::Bot { .. } => sql::send_of_staff(tx, id, conversation.account_id).await?,
        },
        Taker::Assistant(account_id) => sql::send_of_staff(tx, id, *account_id).await?,
    };
    upload.map(Some).ok_or(Error::NotFound("Upload"))
}

fn show(object: &mut Json, prefix: &str, upload: &Upload) -> Result<()> {
    let (Some(picture), Some(object)) = (&upload.picture, object.as_object_mut()) else {
        return Err(Error::invalid("rich_media", "must name a picture"));
    };
    object.remove(&format!("{prefix}url"));
    object.insert(format!("{prefix}upload_id"), upload.id.0.to_string().into());
    object.insert(format!("{prefix}width"), picture.width.into());
    object.insert(format!("{prefix}height"), picture.height.into());
    Ok(())
}

/// What is said of the file is what was found, never its sender's word.
fn hand_over(object: &mut Json, upload: &Upload) {
    let Some(object) = object.as_object_mut() else { return };
    object.remove("url");
    object.insert("upload_id".into(), upload.id.0.to_string().into());
    object.insert("filename".into(), upload.name.as_str().into());
    object.insert("size".into(), upload.size.into());
    object.insert("mime_type".into(), upload.kind.as_str().into());
}
