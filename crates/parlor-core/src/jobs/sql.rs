use jiff::Timestamp;
use uuid::Uuid;

use super::{Job, Kind, Report, State};
use crate::{
    Result,
    db::{Dialect, Row, Tx},
    ids::{AccountId, JobId},
    params,
};

/// Orders a job, or joins the one that waits. Joining touches its row, so that nobody claims it before this transaction is seen.
pub async fn order(
    tx: &mut Tx,
    id: JobId,
    account_id: AccountId,
    kind: Kind,
    subject: Uuid,
    now: Timestamp,
    run_at: Timestamp,
) -> Result<u64> {
    let sql = "insert into jobs (id, account_id, kind, subject, state, attempts, restarts, run_at, created_at, updated_at)
               values ($1, $2, $3, $4, 'pending', 0, 0, $5, $6, $6)
               on conflict (kind, subject) where state = 'pending' do update set updated_at = excluded.updated_at";
    tx.exec(sql, params![id, account_id, kind, subject, run_at, now]).await
}

/// Moves the job that waits to another time.
pub async fn put_off(tx: &mut Tx, kind: Kind, subject: Uuid, run_at: Timestamp) -> Result<u64> {
    let sql = "update jobs set run_at = $3 where kind = $1 and subject = $2 and state = 'pending'";
    tx.exec(sql, params![kind, subject, run_at]).await
}

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "update jobs set state = 'running', attempts = attempts + 1, lease = $1, leased_until = $3, updated_at = $2
             where id in (
               select j.id from jobs j
               where j.state = 'pending' and j.run_at <= $2
                 and not exists (select 1 from jobs r where r.subject = j.subject and r.kind = j.kind and r.state = 'running')
               order by j.run_at limit $4 ",
            $lock,
            ")
             returning id, account_id, kind, subject, attempts, restarts, lease"
        )
    };
}

/// Takes what is due; of one subject only one job runs at a time.
pub async fn claim(
    tx: &mut Tx,
    lease: Uuid,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Job>> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => claim!(""),
        Dialect::Postgres => claim!("for no key update skip locked"),
    };
    let job = |row: &Row<'_>| {
        Ok(Job {
            id: row.get(0)?,
            account_id: row.get(1)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
            attempts: row.get(4)?,
            restarts: row.get(5)?,
            lease: row.get(6)?,
        })
    };
    tx.all(sql, params![lease, now, until, limit], job).await
}

/// When the next job is due that is not due yet, or waits for another of its subject.
pub async fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let sql = "select run_at from jobs where state = 'pending' and run_at > $1 order by run_at limit 1";
    tx.opt(sql, params![now], |row| row.get(0)).await
}

/// Ends a job. Touches no row when the lease is lost: then another worker has it, and nothing of this one may count.
pub async fn finish(
    tx: &mut Tx,
    job: &Job,
    state: State,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<u64> {
    let sql = "update jobs set state = $3, reason = $4, lease = null, leased_until = null, updated_at = $5
               where id = $1 and lease = $2 and state = 'running'";
    tx.exec(sql, params![job.id, job.lease, state, reason, now]).await
}

/// Puts a job back. Where a newer one waits for the same subject, that one does the work, and waits as long.
pub async fn retry(tx: &mut Tx, job: &Job, reason: &str, due: Timestamp, now: Timestamp) -> Result<()> {
    let newer = "update jobs set run_at = $3, attempts = $4, updated_at = $5
                 where kind = $1 and subject = $2 and state = 'pending'";
    if tx.exec(newer, params![job.kind, job.subject, due, job.attempts, now]).await? > 0 {
        return finish(tx, job, State::Done, Some(reason), now).await.map(drop);
    }
    let sql = "update jobs set state = 'pending', run_at = $3, reason = $4, lease = null, leased_until = null, updated_at = $5
               where id = $1 and lease = $2 and state = 'running'";
    tx.exec(sql, params![job.id, job.lease, due, reason, now]).await.map(drop)
}

/// Notes on the job that waits that one more answer was thrown away.
pub async fn count_restart(tx: &mut Tx, job: &Job) -> Result<u64> {
    let sql = "update jobs set restarts = $3 where kind = $1 and subject = $2 and state = 'pending'";
    tx.exec(sql, params![job.kind, job.subject, job.restarts + 1]).await
}

/// Jobs whose lease has run out: back to the waiting ones, or dead after the last attempt.
pub async fn release_lost(tx: &mut Tx, attempts: i64, cutoff: Timestamp, now: Timestamp) -> Result<u64> {
    let dead = "update jobs set state = 'dead', reason = 'interrupted', lease = null, leased_until = null, updated_at = $1
                where state = 'running' and leased_until <= $2 and attempts >= $3";
    let joined = "update jobs set state = 'done', reason = 'interrupted', lease = null, leased_until = null, updated_at = $1
                  where state = 'running' and leased_until <= $2
                    and exists (select 1 from jobs w where w.kind = jobs.kind and w.subject = jobs.subject and w.state = 'pending')";
    let again =
        "update jobs set state = 'pending', run_at = $1, lease = null, leased_until = null, updated_at = $1
                 where state = 'running' and leased_until <= $2";
    let lost = tx.exec(dead, params![now, cutoff, attempts]).await?
        + tx.exec(joined, params![now, cutoff]).await?
        + tx.exec(again, params![now, cutoff]).await?;
    if lost > 0 {
        tx.owe();
    }
    Ok(lost)
}

/// A sign of life. Touches no row when the lease is lost.
pub async fn renew(tx: &mut Tx, job: &Job, until: Timestamp, now: Timestamp) -> Result<u64> {
    let sql = "update jobs set leased_until = $3, updated_at = $4 where id = $1 and lease = $2 and state = 'running'";
    tx.exec(sql, params![job.id, job.lease, until, now]).await
}

/// Deletes jobs that are done since before `long_ago`, so many at a time that nobody waits for it.
pub async fn forget_done(tx: &mut Tx, long_ago: Timestamp) -> Result<u64> {
    let sql = "delete from jobs where id in (
                 select id from jobs where state in ('done', 'dead') and updated_at < $1 limit 1000)";
    tx.exec(sql, params![long_ago]).await
}

/// The newest job of a kind for a subject.
pub async fn newest(tx: &mut Tx, kind: Kind, subject: Uuid) -> Result<Option<Report>> {
    let sql = "select state, attempts, reason, updated_at from jobs where kind = $1 and subject = $2 order by id desc limit 1";
    let report = |row: &Row<'_>| {
        Ok(Report { state: row.get(0)?, attempts: row.get(1)?, reason: row.get(2)?, updated_at: row.get(3)? })
    };
    tx.opt(sql, params![kind, subject], report).await
}
