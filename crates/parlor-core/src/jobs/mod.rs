//! What is owed: rows written in the transaction of their cause, run at once, and again until they are done or dead.
//!
//! A running job is leased, and the lease renewed while its worker lives. Whoever finishes it must still hold the lease, so a job that was
//! given up for lost and taken by another worker cannot be finished twice. The sweep looks for what a crash has left behind.

pub(crate) mod sql;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

use crate::{
    Result, accounts,
    app::App,
    assistants,
    conversations::{self, Conversation},
    db::{Dialect, Tx},
    ids::{AccountId, AgentId, ConversationId, JobId},
    push, text_enum,
};

text_enum! {
    /// What kind of work it is.
    Kind {
        /// Let the assistant answer a conversation. The subject is the conversation.
        Reply = "reply",
        /// Take open conversations from an agent who is gone. The subject is the agent.
        Release = "release",
        /// Notify the contact's phones of what is unread. The subject is the conversation.
        Push = "push",
        /// End a conversation's sleep. The subject is the conversation.
        Wake = "wake",
    }
}

text_enum! {
    /// Where a job stands.
    State {
        Pending = "pending",
        Running = "running",
        Done = "done",
        /// Given up, with a reason for staff to read.
        Dead = "dead",
    }
}

/// Something owed.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub account_id: AccountId,
    pub kind: Kind,
    pub subject: Uuid,
    /// How often it was begun, this time included.
    pub attempts: i64,
    /// How often an answer was thrown away because the visitor had gone on writing.
    pub restarts: i64,
    pub(crate) lease: Uuid,
}

/// How a job stands, for staff.
#[derive(Clone, Debug)]
pub struct Report {
    pub state: State,
    pub attempts: i64,
    pub reason: Option<String>,
    pub updated_at: Timestamp,
}

/// Why a job did not come to its end.
#[derive(Debug)]
pub(crate) enum Setback {
    /// Trying again may help; not before this long, if the other side said so.
    Again { reason: String, after: Option<Duration> },
    /// Trying again is no use.
    Never { reason: String },
}

/// The most attempts.
const ATTEMPTS: i64 = 3;
/// How many jobs run at once.
const PLACES: usize = 32;
/// After this long without a sign of life from its worker a running job counts as lost.
const LEASE: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// The longest a provider may put us off.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
const REASON: usize = 500;
/// How long staff can look up how a job ended.
const KEEP_DONE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Orders an answer, in the transaction of the message that asks for it. A job that waits already takes the message with it.
pub(crate) async fn order_reply(
    app: &App,
    tx: &mut Tx,
    conversation: &Conversation,
    now: Timestamp,
) -> Result<()> {
    let gather = SignedDuration::try_from(app.settings.gather).unwrap_or(SignedDuration::ZERO);
    let id = JobId(app.new_id());
    sql::order(tx, id, conversation.account_id, Kind::Reply, conversation.id.0, now, now + gather).await?;
    tx.owe();
    Ok(())
}

/// Orders that an agent who leaves is taken off what they were working on.
pub(crate) async fn order_release(
    app: &App,
    tx: &mut Tx,
    account_id: AccountId,
    agent_id: AgentId,
    now: Timestamp,
) -> Result<()> {
    sql::order(tx, JobId(app.new_id()), account_id, Kind::Release, agent_id.0, now, now).await?;
    tx.owe();
    Ok(())
}

/// Orders a notification of the contact's phones, in the transaction of the message that is news to them. The pause lets a burst become
/// one, and whoever is about to come back find it by themselves.
pub(crate) async fn order_push(
    app: &App,
    tx: &mut Tx,
    conversation: &Conversation,
    now: Timestamp,
) -> Result<()> {
    let gather = SignedDuration::try_from(app.settings.push.gather).unwrap_or(SignedDuration::ZERO);
    let id = JobId(app.new_id());
    sql::order(tx, id, conversation.account_id, Kind::Push, conversation.id.0, now, now + gather).await?;
    tx.owe();
    Ok(())
}

/// Orders that a conversation wakes at a time; the newest order counts.
pub(crate) async fn order_wake(
    app: &App,
    tx: &mut Tx,
    conversation: &Conversation,
    at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let (id, account_id) = (JobId(app.new_id()), conversation.account_id);
    sql::order(tx, id, account_id, Kind::Wake, conversation.id.0, now, at).await?;
    sql::put_off(tx, Kind::Wake, conversation.id.0, at).await?;
    tx.owe();
    Ok(())
}

/// Runs what is owed until `stop` says so; then lets running jobs come to their end.
pub async fn work(app: App, mut stop: watch::Receiver<bool>) {
    for provider in app.settings.providers.without_key() {
        let provider = provider.as_str();
        tracing::info!(
            provider,
            "there is no key: assistants answer by `local` where their account has none"
        );
    }
    let mut running = JoinSet::new();
    // What a crash has left behind is found as soon as its leases have run out, then at leisure.
    let mut next_sweep = Instant::now();
    let mut pause_to_sweep = LEASE.min(app.settings.sweep);
    // One process has an SQLite database: what runs at its start was left by one that is gone.
    let mut lost = if app.db.dialect() == Dialect::Sqlite { Lost::All } else { Lost::ByLease };
    loop {
        if Instant::now() >= next_sweep {
            sweep(&app, lost).await;
            lost = Lost::ByLease;
            next_sweep = Instant::now() + pause_to_sweep;
            pause_to_sweep = app.settings.sweep;
        }
        let (jobs, next_due) = take(&app, PLACES - running.len()).await;
        for job in jobs {
            let app = app.clone();
            running.spawn(async move { run(&app, job).await });
        }
        let wake_at = next_due.map_or(next_sweep, |due| due.min(next_sweep));
        tokio::select! {
            () = app.owed.notified() => {}
            Some(ended) = running.join_next() => note(ended),
            () = sleep_until(wake_at) => {}
            _ = stop.changed() => break,
        }
    }
    while let Some(ended) = running.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job's task broke off; its lease will run out and the sweep take it back");
    }
}

/// Claims what is due, and says when the next job will be.
async fn take(app: &App, places: usize) -> (Vec<Job>, Option<Instant>) {
    let Ok(places @ 1..) = i64::try_from(places) else { return (Vec::new(), None) };
    let inner = app.clone();
    let taken = app.db.write(move |tx| {
        Box::pin(async move {
            let now = inner.now();
            let jobs = sql::claim(tx, inner.new_id(), now, until(now), places).await?;
            Ok((jobs, sql::next_due(tx, now).await?, now))
        })
    });
    match taken.await {
        Ok((jobs, due, now)) => {
            let wait = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
            (jobs, wait.map(|wait| Instant::now() + wait))
        }
        Err(error) => {
            tracing::error!(cause = ?error, "jobs could not be claimed");
            (Vec::new(), Some(Instant::now() + Duration::from_secs(1)))
        }
    }
}

fn until(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::ZERO)).unwrap_or(now)
}

async fn run(app: &App, job: Job) {
    // The lease is kept by the task that works: if it breaks off, nobody renews for it.
    let outcome = tokio::select! {
        outcome = attempt(app, &job) => outcome,
        () = keep_lease(app, &job) => return,
    };
    let Err(setback) = outcome else { return };
    // A newer order may have come in between, or the database have had a bad moment: the second look decides.
    if set_back(app, &job, &setback).await.is_err()
        && let Err(error) = set_back(app, &job, &setback).await
    {
        tracing::error!(job = %job.id, cause = ?error, "a job's setback could not be noted; its lease will run out");
    }
}

async fn attempt(app: &App, job: &Job) -> Result<(), Setback> {
    match job.kind {
        Kind::Reply => assistants::reply(app, job, ConversationId(job.subject)).await,
        Kind::Release => conversations::release(app, job, AgentId(job.subject)).await,
        Kind::Wake => conversations::wake(app, job, ConversationId(job.subject)).await,
        Kind::Push => push::run(app, job, ConversationId(job.subject)).await,
    }
}

/// Returns when the lease is lost.
async fn keep_lease(app: &App, job: &Job) {
    loop {
        sleep(RENEW_EVERY).await;
        let (inner, kept) = (app.clone(), job.clone());
        let renewed = app.db.write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                sql::renew(tx, &kept, until(now), now).await
            })
        });
        match renewed.await {
            Ok(0) => {
                tracing::warn!(job = %job.id, "a job's lease was lost; somebody else has it");
                return;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(job = %job.id, cause = ?error, "a lease could not be renewed"),
        }
    }
}

async fn set_back(app: &App, job: &Job, setback: &Setback) -> Result<()> {
    let (reason, again) = match setback {
        Setback::Again { reason, after } if job.attempts < ATTEMPTS => {
            (reason, Some(pause(app, job.attempts, *after)))
        }
        Setback::Again { reason, .. } | Setback::Never { reason } => (reason, None),
    };
    let reason: String = reason.chars().take(REASON).collect();
    match again {
        Some(pause) => {
            tracing::warn!(job = %job.id, attempt = job.attempts, ?pause, reason, "a job failed, it will be tried again")
        }
        None => tracing::warn!(job = %job.id, attempt = job.attempts, reason, "a job is dead"),
    }
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                match again {
                    Some(pause) => {
                        let due = now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::ZERO);
                        sql::retry(tx, &job, &reason, due, now).await?;
                    }
                    None => {
                        sql::finish(tx, &job, State::Dead, Some(&reason), now).await?;
                    }
                }
                tx.owe();
                Ok(())
            })
        })
        .await
}

/// Doubles with each attempt, with chance in it so that many do not come back at once, and never shorter than the other side asked.
fn pause(app: &App, attempts: i64, after: Option<Duration>) -> Duration {
    let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(10);
    let whole = app.settings.backoff.saturating_mul(1 << exponent);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX);
    let jittered = Duration::from_millis(half + app.chance(half + 1));
    after.map_or(jittered, |after| after.min(LONGEST_PAUSE).max(jittered))
}

/// Which running jobs count as lost.
#[derive(Clone, Copy)]
enum Lost {
    All,
    ByLease,
}

/// The safety net: takes back what a crash has left running, and forgets what nobody will ask for.
async fn sweep(app: &App, lost: Lost) {
    app.limits.forget();
    let inner = app.clone();
    // Twice the longest pause, so that nothing falls between two sweeps.
    let lately = SignedDuration::try_from(app.settings.sweep.max(LEASE) * 2).unwrap_or(SignedDuration::ZERO);
    let swept = app.db.write(move |tx| {
        Box::pin(async move {
            let now = inner.now();
            let long_ago = now.saturating_sub(KEEP_DONE).unwrap_or(now);
            sql::forget_done(tx, long_ago).await?;
            accounts::tell_of_ended(tx, now.saturating_sub(lately).unwrap_or(now)).await?;
            accounts::sql::sign_ins::forget(tx, long_ago).await?;
            accounts::sql::invites::forget(tx, long_ago).await?;
            let cutoff = match lost {
                Lost::All => until(now),
                Lost::ByLease => now,
            };
            sql::release_lost(tx, ATTEMPTS, cutoff, now).await
        })
    });
    match swept.await {
        Ok(0) => {}
        Ok(lost) => tracing::warn!(lost, "jobs were left running and are taken up again"),
        Err(error) => tracing::error!(cause = ?error, "the sweep failed"),
    }
    crate::uploads::sweep(app).await;
}
