//! Files that visitors and agents send up, so that messages can show them.
//!
//! A file has a row from before its first byte until after its last one, so a crash at any moment leaves nothing that the sweep does not find:
//! it is announced, written and synced, then marked as ready; a message marks it as sent; what is not sent in a day is given up, its bytes are
//! removed, and then its row is. A file belongs to whoever sent it up, and only a message of theirs can show it.

mod attach;
mod folder;
mod kind;
pub mod links;
mod logo;
mod name;
mod picture;
mod sql;

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    fs::File,
    io::AsyncWriteExt,
    time::{Instant, timeout_at},
};

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    contacts::{ExternalId, Visitor},
    conversations,
    ids::{AccountId, AgentId, ChannelId, UploadId},
    limits::{self, Action},
    secrets, text_enum,
};

pub(crate) use attach::{attach, keep};
use folder::{Folder, Place};
pub use kind::Kind;
use kind::TextReader;
pub use logo::open_logo;
pub(crate) use logo::replace_logo;

/// How many files a visitor may have sent up without a message that shows them.
const MOST_UNSENT_OF_VISITOR: i64 = 20;
/// The same for an agent.
const MOST_UNSENT_OF_AGENT: i64 = 100;
/// A file that takes longer to arrive is not waited for.
const ARRIVES_WITHIN: Duration = Duration::from_mins(15);
/// What has been arriving for so long was left behind by a crash.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// What no message has used after so long is removed.
const KEEP_UNSENT: SignedDuration = SignedDuration::from_hours(24);
/// The most files that one sweep removes.
const SWEEP: i64 = 500;

text_enum! {
    /// Where a file stands.
    State {
        /// Its bytes are still coming.
        Arriving = "arriving",
        /// It is whole and durable, and waits for a message.
        Ready = "ready",
        /// A message shows it: it stays.
        Sent = "sent",
        /// It is a channel's logo: anybody may see it, and it stays as long as it is.
        Public = "public",
        /// It was given up: first its bytes go, then its row.
        Leaving = "leaving",
    }
}

/// A file that has arrived.
#[derive(Clone, Debug)]
pub struct Upload {
    pub id: UploadId,
    /// What it is offered under.
    pub name: String,
    pub kind: Kind,
    /// In bytes.
    pub size: i64,
    /// `None` for what is no picture.
    pub picture: Option<Picture>,
    place: Place,
}

/// What is known of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels, the right way up.
    pub width: i64,
    pub height: i64,
    /// What its preview is.
    preview: Kind,
}

/// Who sent a file up.
#[derive(Clone, Debug)]
enum Owner {
    /// Known before the first message, so not by a conversation.
    Visitor {
        channel_id: ChannelId,
        external_id: ExternalId,
    },
    Agent(AgentId),
}

/// A file's pieces have ended before the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// A picture, at most 320 pixels wide and high, without metadata.
    Preview,
}

impl Part {
    /// Its place in a link.
    const fn folder(self) -> &'static str {
        match self {
            Part::Whole => "",
            Part::Preview => "preview/",
        }
    }
}

/// Takes a visitor's file in, piece by piece; answers once it is durable.
///
/// # Errors
/// As [`conversations::view`] for the visitor; [`Error::TooLarge`]; [`Error::UnknownType`]; [`Error::Invalid`] for one that is empty or breaks
/// off; [`Error::Conflict`] when too many wait to be sent.
pub async fn receive(
    app: &App,
    visitor: &Visitor,
    name: &str,
    content: impl Stream<Item = Result<Bytes, Broken>> + Send,
) -> Result<Upload> {
    app.limits.check(Action::AddressUploads, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorUploads, (&visitor.way_in, &visitor.external_id))?;
    let (channel, known) = conversations::enter(app, visitor).await?;
    if known.is_some_and(|known| known.contact.blocked_at.is_some()) {
        return Err(Error::Disabled);
    }
    let owner = Owner::Visitor { channel_id: channel.id, external_id: visitor.external_id.clone() };
    take_in(app, channel.account_id, owner, MOST_UNSENT_OF_VISITOR, name, content).await
}

/// Takes an agent's file in, piece by piece; answers once it is durable.
///
/// # Errors
/// [`Error::Forbidden`]; otherwise as [`receive`].
pub async fn receive_from_staff(
    app: &App,
    actor: &Actor,
    name: &str,
    content: impl Stream<Item = Result<Bytes, Broken>> + Send,
) -> Result<Upload> {
    actor.require(Permission::ManageConversations)?;
    let Actor::Agent(agent) = actor else { return Err(Error::Forbidden(Permission::ManageConversations)) };
    let owner = Owner::Agent(agent.id);
    take_in(app, agent.account_id, owner, MOST_UNSENT_OF_AGENT, name, content).await
}

async fn take_in(
    app: &App,
    account_id: AccountId,
    owner: Owner,
    most_unsent: i64,
    name: &str,
    content: impl Stream<Item = Result<Bytes, Broken>> + Send,
) -> Result<Upload> {
    let deadline = Instant::now() + ARRIVES_WITHIN;
    let arriving = announce(app, account_id, owner, most_unsent).await?;
    let written = timeout_at(deadline, write(app, &arriving, name, content)).await;
    match written.unwrap_or_else(|_| Err(Error::invalid("file", "took too long to arrive"))) {
        Ok(upload) => {
            arriving.stays();
            Ok(upload)
        }
        Err(refused) => {
            arriving.leaves().await;
            Err(refused)
        }
    }
}

/// A file on its way in. If whoever waits for it goes away, so does the file.
struct Arriving<'a> {
    app: &'a App,
    id: UploadId,
    place: Place,
    left: Option<()>,
}

impl Arriving<'_> {
    fn stays(mut self) {
        self.left = None;
    }

    async fn leaves(mut self) {
        self.left = None;
        give_up(self.app, self.id, &self.place).await;
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        let Some(()) = self.left.take() else { return };
        let (app, id, place) = (self.app.clone(), self.id, self.place.clone());
        // Without a runtime the house is closing; the sweep finds the file.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { give_up(&app, id, &place).await });
        }
    }
}

async fn announce(app: &App, account_id: AccountId, owner: Owner, most_unsent: i64) -> Result<Arriving<'_>> {
    let id = UploadId(app.new_id());
    let place = Place { account_id, file: secrets::hex(&secrets::random::<16>()) };
    let arriving = Arriving { app, id, place: place.clone(), left: Some(()) };
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                if sql::unsent(tx, &owner).await? >= most_unsent {
                    return Err(Error::Conflict("Too many files wait to be sent."));
                }
                sql::announce(tx, id, &place, &owner, now).await.map(drop)
            })
        })
        .await?;
    Ok(arriving)
}

/// Writes the bytes, finds out what they are, and lets messages use them.
async fn write(
    app: &App,
    arriving: &Arriving<'_>,
    name: &str,
    content: impl Stream<Item = Result<Bytes, Broken>> + Send,
) -> Result<Upload> {
    let folder = Folder(&app.settings.uploads);
    let place = &arriving.place;
    let mut file = folder.create(place).await.map_err(unwritten)?;
    let (kind, size) = copy(&mut file, name, app.settings.largest_upload, content).await?;
    file.flush().await.map_err(unwritten)?;
    file.sync_all().await.map_err(unwritten)?;
    let picture = if kind.is_picture() { Some(draw(app, place, kind).await?) } else { None };
    folder.keep(place.account_id).await.map_err(unwritten)?;
    let name = name::clean(name, kind);
    let upload = Upload { id: arriving.id, name, kind, size, picture, place: place.clone() };
    let stored = upload.clone();
    let arrived = app.db.write(move |tx| Box::pin(async move { sql::arrived(tx, &stored).await })).await?;
    if arrived == 0 { Err(Error::NotFound("Upload")) } else { Ok(upload) }
}

fn unwritten(error: io::Error) -> Error {
    Error::internal(error)
}

async fn copy(
    file: &mut File,
    name: &str,
    largest: u64,
    content: impl Stream<Item = Result<Bytes, Broken>> + Send,
) -> Result<(Kind, i64)> {
    let mut content = pin!(content);
    let mut head = Vec::new();
    let mut found: Option<Kind> = None;
    let mut reader = TextReader::default();
    let mut size = 0;
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|Broken| Error::invalid("file", "did not arrive whole"))?;
        size += piece.len() as u64;
        if size > largest {
            return Err(Error::TooLarge(largest));
        }
        if found.is_none() {
            head.extend_from_slice(&piece[..piece.len().min(kind::HEAD - head.len())]);
            if head.len() == kind::HEAD {
                found = Some(kind::sniff(&head, name).ok_or(Error::UnknownType)?);
            }
        }
        // Until its kind is known it is read as a text, too, since it may turn out to be one.
        if found.is_none_or(Kind::is_text) && reader.read(&piece).is_none() && found.is_some() {
            return Err(Error::UnknownType);
        }
        file.write_all(&piece).await.map_err(unwritten)?;
    }
    if size == 0 {
        return Err(Error::invalid("file", "must not be empty"));
    }
    let kind = match found {
        Some(kind) => kind,
        None => kind::sniff(&head, name).ok_or(Error::UnknownType)?,
    };
    if kind.is_text() && reader.end().is_none() {
        return Err(Error::UnknownType);
    }
    Ok((kind, i64::try_from(size).unwrap_or(i64::MAX)))
}

async fn draw(app: &App, place: &Place, kind: Kind) -> Result<Picture> {
    let folder = Folder(&app.settings.uploads);
    let path = folder.path(place);
    let drawing = app.drawing.acquire().await.map_err(Error::internal)?;
    let drawn = tokio::task::spawn_blocking(move || picture::draw(&path, kind)).await;
    drop(drawing);
    // A decoder that panics has met a picture that is none.
    let drawn = drawn.ok().flatten().ok_or(Error::UnknownType)?;
    let mut file = folder.create(&place.preview()).await.map_err(unwritten)?;
    file.write_all(&drawn.preview).await.map_err(unwritten)?;
    file.flush().await.map_err(unwritten)?;
    file.sync_all().await.map_err(unwritten)?;
    Ok(Picture { width: drawn.width.into(), height: drawn.height.into(), preview: drawn.preview_kind })
}

const GONE: Error = Error::NotFound("Upload");

/// A file that may be read.
#[derive(Debug)]
pub struct Opened {
    pub file: File,
    /// In bytes.
    pub length: u64,
    /// What a browser may take it for.
    pub kind: Kind,
    /// What it is saved as.
    pub name: String,
}

/// Opens what a signed link leads to; `ticket` is its last part.
///
/// # Errors
/// [`Error::NotFound`] for a link that is forged, has expired or leads to nothing: they are never told apart.
pub async fn open(app: &App, id: UploadId, part: Part, ticket: &str) -> Result<Opened> {
    if !links::admits(app, id, part, ticket) {
        return Err(GONE);
    }
    let upload = app.db.read(move |tx| Box::pin(async move { sql::get(tx, id).await })).await?.ok_or(GONE)?;
    let (place, kind, name) = match part {
        Part::Whole => (upload.place, upload.kind, upload.name),
        Part::Preview => preview(upload).ok_or(GONE)?,
    };
    read(app, id, &place, kind, name).await
}

/// Where a picture's preview lies, what it is and what it is called.
fn preview(upload: Upload) -> Option<(Place, Kind, String)> {
    let kind = upload.picture?.preview;
    Some((upload.place.preview(), kind, name::clean(&format!("preview of {}", upload.name), kind)))
}

async fn read(app: &App, id: UploadId, place: &Place, kind: Kind, name: String) -> Result<Opened> {
    let opened = Folder(&app.settings.uploads).open(place).await;
    let (file, length) = opened.map_err(|error| {
        tracing::error!(upload = %id, %error, "an upload's file cannot be opened");
        GONE
    })?;
    Ok(Opened { file, length, kind, name })
}

/// Removes what no message has used, and what a crash has left behind.
pub(crate) async fn sweep(app: &App) {
    let now = app.now();
    let ago = |wait: SignedDuration| now.saturating_sub(wait).unwrap_or(Timestamp::MIN);
    let (begun_before, unsent_before) = (ago(LOST_AFTER), ago(KEEP_UNSENT));
    let leaving = app
        .db
        .write(move |tx| Box::pin(async move { sql::leaving(tx, begun_before, unsent_before, SWEEP).await }));
    match leaving.await {
        Ok(leaving) => {
            for (id, place) in leaving {
                remove(app, id, &place).await;
            }
        }
        Err(error) => tracing::error!(cause = ?error, "the sweep of uploads failed"),
    }
}

async fn give_up(app: &App, id: UploadId, place: &Place) {
    let given_up = app.db.write(move |tx| Box::pin(async move { sql::give_up(tx, id).await })).await;
    match given_up {
        Ok(_) => remove(app, id, place).await,
        Err(error) => {
            tracing::error!(upload = %id, cause = ?error, "an upload could not be given up; the sweep will find it");
        }
    }
}

/// First the bytes, then the row: what is left in between is found by the next sweep.
async fn remove(app: &App, id: UploadId, place: &Place) {
    if let Err(error) = Folder(&app.settings.uploads).remove(place).await {
        tracing::error!(upload = %id, %error, "an upload's file could not be removed");
        return;
    }
    if let Err(error) = app.db.write(move |tx| Box::pin(async move { sql::forget(tx, id).await })).await {
        tracing::error!(upload = %id, cause = ?error, "an upload's row could not be removed");
    }
}
