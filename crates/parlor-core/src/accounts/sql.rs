use jiff::Timestamp;

use super::{Account, SignInKind};
use crate::{
    Result,
    actor::Agent,
    db::{Dialect, Row, Tx},
    ids::{AccountId, SignInId},
    params,
    usage::Plan,
};

pub async fn insert_account(tx: &mut Tx, account: &Account, now: Timestamp) -> Result<u64> {
    let sql = "insert into accounts
                 (id, name, allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let Plan { allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages } =
        account.plan;
    tx.exec(
        sql,
        params![
            account.id,
            &account.name,
            allows_social_messaging,
            max_social_channels,
            max_monthly_ai_tokens,
            max_monthly_messages,
            now
        ],
    )
    .await
}

pub async fn account(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    let sql = "select id, name, allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages
               from accounts where id = $1";
    tx.opt(sql, params![id], |row| Ok(Account { id: row.get(0)?, name: row.get(1)?, plan: plan(row, 2)? }))
        .await
}

/// Reads a plan from four columns.
pub fn plan(row: &Row<'_>, at: usize) -> Result<Plan> {
    Ok(Plan {
        allows_social_messaging: row.get(at)?,
        max_social_channels: row.get(at + 1)?,
        max_monthly_ai_tokens: row.get(at + 2)?,
        max_monthly_messages: row.get(at + 3)?,
    })
}

pub async fn count(tx: &mut Tx) -> Result<i64> {
    tx.one("select count(*) from accounts", &[], |row| row.get(0)).await
}

pub async fn update_plan(tx: &mut Tx, id: AccountId, plan: &Plan) -> Result<u64> {
    let sql = "update accounts set allows_social_messaging = $2, max_social_channels = $3,
                 max_monthly_ai_tokens = $4, max_monthly_messages = $5
               where id = $1";
    let Plan { allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages } =
        *plan;
    let params = params![
        id,
        allows_social_messaging,
        max_social_channels,
        max_monthly_ai_tokens,
        max_monthly_messages
    ];
    tx.exec(sql, params).await
}

/// Touches no row when the e-mail address is taken.
pub async fn insert_agent(tx: &mut Tx, agent: &Agent, password_hash: &str, now: Timestamp) -> Result<u64> {
    let sql = "insert into agents (id, account_id, email, name, role, password_hash, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)
               on conflict (email) do nothing";
    let params =
        params![agent.id, agent.account_id, &agent.email, &agent.name, agent.role, password_hash, now];
    tx.exec(sql, params).await
}

/// The agent and the hash of the password. The sign-in is not one yet.
pub async fn agent_by_email(tx: &mut Tx, email: &str) -> Result<Option<(Agent, String)>> {
    let sql = "select id, account_id, name, email, role, id, password_hash from agents
               where email = $1 and disabled_at is null";
    tx.opt(sql, params![email], |row| Ok((agent(row)?, row.get(6)?))).await
}

fn agent(row: &Row<'_>) -> Result<Agent> {
    Ok(Agent {
        id: row.get(0)?,
        account_id: row.get(1)?,
        name: row.get(2)?,
        email: row.get(3)?,
        role: row.get(4)?,
        sign_in: row.get(5)?,
    })
}

pub async fn insert_sign_in(
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

pub async fn renew_sign_in(tx: &mut Tx, id: SignInId, hash: &[u8], expires_at: Timestamp) -> Result<u64> {
    let sql = "update sign_ins set refresh_hash = $2, expires_at = $3 where id = $1";
    tx.exec(sql, params![id, hash, expires_at]).await
}

pub async fn agent_by_sign_in(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<Agent>> {
    let sql = "select a.id, a.account_id, a.name, a.email, a.role, s.id
               from sign_ins s join agents a on a.id = s.agent_id
               where s.id = $1 and s.ended_at is null and s.expires_at > $2 and a.disabled_at is null";
    tx.opt(sql, params![id, now], agent).await
}

/// Who is behind a sign-in of a browser, and the hash of its cookie.
pub async fn agent_by_browser(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<(Agent, Vec<u8>)>> {
    let sql = "select a.id, a.account_id, a.name, a.email, a.role, s.id, s.refresh_hash
               from sign_ins s join agents a on a.id = s.agent_id
               where s.id = $1 and s.kind = 'browser' and s.ended_at is null and s.expires_at > $2
                 and a.disabled_at is null";
    tx.opt(sql, params![id, now], |row| Ok((agent(row)?, row.get(6)?))).await
}

/// Who signed in, and the hash of the refresh token that is good now. Held until the end of the transaction, so that of two renewals
/// with one token the second finds it spent.
pub async fn lock_sign_in(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<Option<(Agent, Vec<u8>)>> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select 1 from sign_ins where id = $1 for no key update";
        tx.opt(sql, params![id], |_| Ok(())).await?;
    }
    let sql = "select a.id, a.account_id, a.name, a.email, a.role, s.id, s.refresh_hash
               from sign_ins s join agents a on a.id = s.agent_id
               where s.id = $1 and s.kind = 'tokens' and s.ended_at is null and s.expires_at > $2
                 and a.disabled_at is null";
    tx.opt(sql, params![id, now], |row| Ok((agent(row)?, row.get(6)?))).await
}

pub async fn end_sign_in(tx: &mut Tx, id: SignInId, now: Timestamp) -> Result<u64> {
    tx.exec("update sign_ins set ended_at = $2 where id = $1 and ended_at is null", params![id, now]).await
}

/// Deletes sign-ins that were over before `long_ago`, so many at a time that nobody waits for it.
pub async fn forget_sign_ins(tx: &mut Tx, long_ago: Timestamp) -> Result<u64> {
    let sql = "delete from sign_ins where id in (
                 select id from sign_ins where expires_at < $1 or ended_at < $1 limit 1000)";
    tx.exec(sql, params![long_ago]).await
}
