//! Logos: pictures that a channel shows to everybody.
//!
//! A signed link is good for hours, but what a page is told of a channel is kept longer. So a logo is not behind a signature but public for as
//! long as a channel has it. An upload is either a logo or a message's, so nothing of a conversation can become public.

use super::{GONE, Opened, preview, read, sql};
use crate::{
    Error, Result,
    app::App,
    db::Tx,
    ids::{AccountId, UploadId},
};

/// Makes an upload of the account's staff a channel's logo, and gives up the one before it.
///
/// # Errors
/// [`Error::NotFound`] for one that is not the account's or is used already; [`Error::Invalid`] for what is no picture.
pub(crate) async fn replace_logo(
    tx: &mut Tx,
    account_id: AccountId,
    former: Option<UploadId>,
    new: Option<UploadId>,
) -> Result<()> {
    if let Some(id) = new {
        let upload = sql::publish(tx, id, account_id).await?.ok_or(GONE)?;
        if upload.picture.is_none() {
            return Err(Error::invalid("settings.logo_upload_id", "must name a picture"));
        }
    }
    match former {
        // The sweep removes it.
        Some(id) => sql::withdraw(tx, id, account_id).await.map(drop),
        None => Ok(()),
    }
}

/// Opens a logo: at most 320 pixels wide and high, without metadata.
///
/// # Errors
/// [`Error::NotFound`] for what is no channel's logo.
pub async fn open_logo(app: &App, id: UploadId) -> Result<Opened> {
    let found = app.db.read(move |tx| Box::pin(async move { sql::public(tx, id).await })).await?;
    let (place, kind, name) = found.and_then(preview).ok_or(GONE)?;
    read(app, id, &place, kind, name).await
}
