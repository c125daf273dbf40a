pub mod api_keys;
pub mod invites;
pub mod sign_ins;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Account, Member, Preferences, Profile, Welcome};
use crate::{
    Result,
    actor::{Agent, Role},
    db::{Dialect, Row, Tx},
    ids::{AccountId, AgentId},
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

pub async fn profile(tx: &mut Tx, id: AccountId) -> Result<Option<Profile>> {
    let sql = "select id, name, created_at, case
                 when welcome = 'done' or exists (select 1 from conversations c where c.account_id = accounts.id and c.last_seq > 0)
                 then 'done' else 'pending' end
               from accounts where id = $1";
    let profile = |row: &Row<'_>| {
        Ok(Profile { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)?, welcome: row.get(3)? })
    };
    tx.opt(sql, params![id], profile).await
}

pub async fn change_account(
    tx: &mut Tx,
    id: AccountId,
    name: Option<&str>,
    welcome: Option<Welcome>,
) -> Result<u64> {
    let sql = "update accounts set name = coalesce($2, name), welcome = coalesce($3, welcome) where id = $1";
    tx.exec(sql, params![id, name, welcome]).await
}

pub async fn preferences(tx: &mut Tx, id: AgentId) -> Result<Option<Preferences>> {
    let sql = "select preferences from agents where id = $1 and disabled_at is null";
    let stored = |row: &Row<'_>| row.get::<Json>(0).map(|stored| Preferences::stored(&stored));
    tx.opt(sql, params![id], stored).await
}

pub async fn save_own(tx: &mut Tx, id: AgentId, name: &str, preferences: &Preferences) -> Result<u64> {
    let sql = "update agents set name = $2, preferences = $3 where id = $1 and disabled_at is null";
    tx.exec(sql, params![id, name, &preferences.document()]).await
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

/// Holds an account's team until the end of the transaction, so that of two changes the second sees the first. SQLite has one writer,
/// which is lock enough.
pub async fn lock_team(tx: &mut Tx, id: AccountId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select 1 from accounts where id = $1 for no key update";
        tx.opt(sql, params![id], |_| Ok(())).await?;
    }
    Ok(())
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

/// Whether the agent is there and has this password. Held until the end of the transaction: neither is changed meanwhile.
pub async fn hold_agent(tx: &mut Tx, id: AgentId, password_hash: &str) -> Result<bool> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "select 1 from agents where id = $1 and password_hash = $2 and disabled_at is null"
        }
        Dialect::Postgres => {
            "select 1 from agents where id = $1 and password_hash = $2 and disabled_at is null for share"
        }
    };
    Ok(tx.opt(sql, params![id, password_hash], |_| Ok(())).await?.is_some())
}

pub async fn password_hash(tx: &mut Tx, id: AgentId) -> Result<Option<String>> {
    let sql = "select password_hash from agents where id = $1 and disabled_at is null";
    tx.opt(sql, params![id], |row| row.get(0)).await
}

/// Touches no row when the password is no longer the known one.
pub async fn replace_password(tx: &mut Tx, id: AgentId, known: &str, new: &str) -> Result<u64> {
    let sql =
        "update agents set password_hash = $3 where id = $1 and password_hash = $2 and disabled_at is null";
    tx.exec(sql, params![id, known, new]).await
}

macro_rules! members {
    ($rest:literal) => {
        concat!(
            "select id, name, email, role, created_at from agents where account_id = $1 and disabled_at is null ",
            $rest
        )
    };
}

fn member(row: &Row<'_>) -> Result<Member> {
    Ok(Member {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        role: row.get(3)?,
        created_at: row.get(4)?,
    })
}

/// The oldest first.
pub async fn members(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Member>> {
    tx.all(members!("order by id"), params![account_id], member).await
}

pub async fn member_by_id(tx: &mut Tx, account_id: AccountId, id: AgentId) -> Result<Option<Member>> {
    tx.opt(members!("and id = $2"), params![account_id, id], member).await
}

pub async fn member_by_email(tx: &mut Tx, account_id: AccountId, email: &str) -> Result<Option<Member>> {
    tx.opt(members!("and email = $2"), params![account_id, email], member).await
}

pub async fn count_members(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from agents where account_id = $1 and disabled_at is null";
    tx.one(sql, params![account_id], |row| row.get(0)).await
}

pub async fn count_owners(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from agents where account_id = $1 and role = $2 and disabled_at is null";
    tx.one(sql, params![account_id, Role::Owner], |row| row.get(0)).await
}

pub async fn save_member(tx: &mut Tx, member: &Member) -> Result<u64> {
    let sql = "update agents set name = $2, role = $3 where id = $1";
    tx.exec(sql, params![member.id, &member.name, member.role]).await
}

/// The row stays, for what the agent has written and was given; the e-mail address is free again, and no password is right.
pub async fn disable(tx: &mut Tx, id: AgentId, now: Timestamp) -> Result<u64> {
    let sql = "update agents set disabled_at = $2, email = $3, password_hash = '' where id = $1";
    let nobody = id.to_string();
    tx.exec(sql, params![id, now, &nobody]).await
}
