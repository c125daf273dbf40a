use jiff::Timestamp;

use super::agent;
use crate::{
    Result,
    accounts::SignInKind,
    actor::Agent,
    db::{Dialect, Tx},
    ids::{AccountId, AgentId, SignInId},
    params,
};

pub async fn insert(
    tx: &mut Tx,
    agent: &Agent,
    kind: SignInKind,
    refresh_hash: &[u8],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into sign_ins (id, account_id, agent_id, kind, refresh_hash, expires_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let params = params![agent.sign_in, agent.account_id, agent.id, kind, refresh_hash, expires_at, now];
    tx.exec(sql, params).await
}

pub async fn renew(tx: &mut Tx, id: SignInId, hash: &[u8], expires_at: Timestamp) -> Result<u64> {
    let sql = "update sign_ins set refresh_hash = $2, expires_at = $3 where id = $1";
    tx.exec(sql, params![id, hash, expires_at]).await
}

macro_rules! select {
    ($more:literal, $kind:literal) => {
        concat!(
            "select a.id, a.account_id, a.name, a.email, a.role, s.id",
            $more,
            " from sign_ins s join agents a on a.id = s.agent_id
              where s.id = $1 and s.ended_at is null and s.expires_at > $2 and a.disabled_at is null",
            $kind
        )
    };
}

pub async fn agent_of(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<Agent>> {
    tx.opt(select!("", ""), params![id, now], agent).await
}

/// Who is behind a sign-in of a browser, and the hash of its cookie.
pub async fn by_browser(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<(Agent, Vec<u8>)>> {
    let sql = select!(", s.refresh_hash", " and s.kind = 'browser'");
    tx.opt(sql, params![id, now], |row| Ok((agent(row)?, row.get(6)?))).await
}

/// Who signed in, and the hash of the refresh token that is good now. Held until the end of the transaction, so that of two renewals
/// with one token the second finds it spent.
pub async fn lock(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<(Agent, Vec<u8>)>> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select 1 from sign_ins where id = $1 for no key update";
        tx.opt(sql, params![id], |_| Ok(())).await?;
    }
    let sql = select!(", s.refresh_hash", " and s.kind = 'tokens'");
    tx.opt(sql, params![id, now], |row| Ok((agent(row)?, row.get(6)?))).await
}

pub async fn count_others(tx: &mut Tx, agent_id: AgentId, save: SignInId, now: Timestamp) -> Result<i64> {
    let sql = "select count(*) from sign_ins
               where agent_id = $1 and id <> $2 and ended_at is null and expires_at > $3";
    tx.one(sql, params![agent_id, save, now], |row| row.get(0)).await
}

pub async fn end(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<u64> {
    tx.exec("update sign_ins set ended_at = $2 where id = $1 and ended_at is null", params![id, now]).await
}

/// Ends what an agent has open, save perhaps one, and answers what that was.
pub async fn end_all(
    tx: &mut Tx,
    agent_id: AgentId,
    save: Option<SignInId>,
    now: Timestamp,
) -> Result<Vec<(AccountId, SignInId)>> {
    let sql = "update sign_ins set ended_at = $3
               where agent_id = $1 and (cast($2 as uuid) is null or id <> $2) and ended_at is null and expires_at > $3
               returning account_id, id";
    tx.all(sql, params![agent_id, save, now], |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub async fn ended_since(tx: &mut Tx, since: Timestamp) -> Result<Vec<(AccountId, AgentId, SignInId)>> {
    let sql =
        "select account_id, agent_id, id from sign_ins where ended_at > $1 order by ended_at desc limit 1000";
    tx.all(sql, params![since], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
}

/// Deletes sign-ins that were over before `long_ago`, so many at a time that nobody waits for it.
pub async fn forget(tx: &mut Tx, long_ago: Timestamp) -> Result<u64> {
    let sql = "delete from sign_ins where id in (
                 select id from sign_ins where expires_at < $1 or ended_at < $1 limit 1000)";
    tx.exec(sql, params![long_ago]).await
}
