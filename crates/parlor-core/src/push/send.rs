//! Runs a push job: look what the contact has not seen, tell each phone, note in one transaction how it went.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use push_client::{Credentials, DeviceToken, Error as Refusal, Notification};

use super::{Platform, credentials, place, sql};
use crate::{
    Error, Result,
    app::App,
    channels,
    conversations::{self, Conversation, Message, SenderType},
    ids::{ConversationId, DeviceId},
    jobs::{self, Job, Setback, State},
    presence,
};

/// How long a service keeps a notification for a phone that is off.
const LIVES: Duration = Duration::from_secs(24 * 60 * 60);

/// A phone that is to be told.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) id: DeviceId,
    pub(super) platform: Platform,
    pub(super) hash: Vec<u8>,
    pub(super) sealed: Vec<u8>,
    pub(super) registered_at: Timestamp,
}

/// What is news, for whom, and with what it is sent.
struct News {
    conversation: Conversation,
    /// The newest message.
    message: Message,
    /// How many the contact has not seen.
    unread: i64,
    title: String,
    targets: Vec<Target>,
    stored: Vec<credentials::Stored>,
}

/// Why there is nothing to tell.
enum Outlook {
    News(Box<News>),
    Nothing(Option<&'static str>),
}

pub(crate) async fn run(app: &App, job: &Job, id: ConversationId) -> Result<(), Setback> {
    let news = match look(app, job, id).await.map_err(ours)? {
        Outlook::News(news) => *news,
        Outlook::Nothing(why) => return finish(app, job, why).await.map_err(ours),
    };
    let outcomes = tell(app, &news).await;
    note(app, job, news, outcomes).await.map_err(ours)?
}

/// A failure of ours may pass.
fn ours(error: Error) -> Setback {
    if let Error::Database(cause) | Error::Internal(cause) = &error {
        tracing::error!(%cause, "a notification failed");
    }
    Setback::Again { reason: error.to_string(), after: None }
}

async fn look(app: &App, job: &Job, id: ConversationId) -> Result<Outlook> {
    let (inner, account_id) = (app.clone(), job.account_id);
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let Some(conversation) = conversations::sql::get(tx, account_id, id).await? else {
                    return Ok(Outlook::Nothing(None));
                };
                let channel = channels::sql::of_conversation(tx, &conversation).await?;
                if channel.check_open().is_err() {
                    return Ok(Outlook::Nothing(Some("The channel is switched off.")));
                }
                if presence::visitor_is_live(&inner, channel.id, &conversation.contact.external_id) {
                    return Ok(Outlook::Nothing(Some("The contact is connected.")));
                }
                let newest = conversations::sql::before(tx, id, i64::MAX, 1).await?;
                let Some(message) = newest.into_iter().next() else { return Ok(Outlook::Nothing(None)) };
                if message.sender.kind() == SenderType::EndUser {
                    return Ok(Outlook::Nothing(Some("The contact has answered.")));
                }
                if !message.read_by.is_empty() {
                    return Ok(Outlook::Nothing(Some("The contact has read it.")));
                }
                let targets = sql::targets(tx, conversation.contact.id, message.seq).await?;
                if targets.is_empty() {
                    return Ok(Outlook::Nothing(None));
                }
                let stored = sql::credentials(tx, channel.id).await?;
                let title = message.sender.name().unwrap_or(&channel.display_name).to_owned();
                let unread = conversations::sql::unread_by_contact(tx, id).await?;
                Ok(Outlook::News(Box::new(News { conversation, message, unread, title, targets, stored })))
            })
        })
        .await
}

/// Tells all phones at once; there are few.
async fn tell(app: &App, news: &News) -> Vec<Result<(), Refusal>> {
    let notification = notification(news);
    let channel_id = news.conversation.channel_id;
    let mut usable: HashMap<Platform, Result<Credentials, String>> = HashMap::new();
    for target in &news.targets {
        usable
            .entry(target.platform)
            .or_insert_with(|| credentials::usable(app, channel_id, target.platform, &news.stored));
    }
    let now = app.now().into();
    let sends = news.targets.iter().map(async |target| {
        let refused = |reason: String| Refusal::Permanent { reason };
        let credentials = usable[&target.platform].as_ref().map_err(|reason| refused(reason.clone()))?;
        let token = open(app, news, target).map_err(|error| refused(error.to_string()))?;
        app.phones.send(credentials, &token, &notification, now).await
    });
    join_all(sends).await
}

fn open(app: &App, news: &News, target: &Target) -> Result<DeviceToken> {
    let plain = app.secrets.open(&place(news.conversation.channel_id, &target.hash), &target.sealed)?;
    super::parse(target.platform, &String::from_utf8_lossy(&plain))
}

fn notification(news: &News) -> Notification {
    let id = news.conversation.id.to_string();
    Notification {
        title: news.title.clone(),
        body: news.message.content.summary().into_owned(),
        unread: u32::try_from(news.unread).unwrap_or(u32::MAX),
        collapse: id.clone(),
        data: vec![("conversation_id".into(), id), ("message_id".into(), news.message.id.to_string())],
        lives: LIVES,
    }
}

/// Notes who has been told, forgets who is gone, and ends the job where nothing is left to try.
async fn note(
    app: &App,
    job: &Job,
    news: News,
    outcomes: Vec<Result<(), Refusal>>,
) -> Result<Result<(), Setback>> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (now, contact_id) = (inner.now(), news.conversation.contact.id);
                let mut setback = None;
                for (target, outcome) in news.targets.iter().zip(&outcomes) {
                    match outcome {
                        Ok(()) => {
                            sql::note_pushed(tx, target.id, contact_id, news.message.seq).await?;
                        }
                        Err(Refusal::Gone { .. }) => {
                            sql::delete_gone(tx, target).await?;
                        }
                        Err(refusal) => setback = Some(worse(setback, refusal)),
                    }
                }
                for stored in &news.stored {
                    let platform = stored.platform;
                    let of_platform = news.targets.iter().zip(&outcomes);
                    let mut of_platform = of_platform.filter(|(target, _)| target.platform == platform);
                    let failure = of_platform.clone().find_map(|(_, outcome)| failure(outcome));
                    if failure.is_some() || of_platform.any(|(_, outcome)| outcome.is_ok()) {
                        let used = stored.updated_at;
                        let channel_id = news.conversation.channel_id;
                        sql::note_outcome(tx, channel_id, platform, used, failure, now).await?;
                    }
                }
                if let Some(setback) = setback {
                    return Ok(Err(setback));
                }
                jobs::sql::finish(tx, &job, State::Done, None, now).await?;
                tx.owe();
                Ok(Ok(()))
            })
        })
        .await
}

/// What staff should know about the credentials; a phone that is gone is not their fault.
fn failure(outcome: &Result<(), Refusal>) -> Option<&str> {
    match outcome {
        Ok(()) | Err(Refusal::Gone { .. }) => None,
        Err(Refusal::Retryable { reason, .. } | Refusal::Permanent { reason }) => Some(reason),
    }
}

/// As long as one phone may still be told, the job goes on, and waits as long as the slowest service asks.
fn worse(so_far: Option<Setback>, refusal: &Refusal) -> Setback {
    match (so_far, refusal) {
        (Some(Setback::Again { reason, after }), Refusal::Retryable { retry_after, .. }) => {
            Setback::Again { reason, after: after.max(*retry_after) }
        }
        (Some(again @ Setback::Again { .. }), _) => again,
        (_, Refusal::Retryable { reason, retry_after }) => {
            Setback::Again { reason: reason.clone(), after: *retry_after }
        }
        (Some(never), _) => never,
        (None, refusal) => Setback::Never { reason: refusal.to_string() },
    }
}

async fn finish(app: &App, job: &Job, why: Option<&'static str>) -> Result<()> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                jobs::sql::finish(tx, &job, State::Done, why, inner.now()).await?;
                tx.owe();
                Ok(())
            })
        })
        .await
}
