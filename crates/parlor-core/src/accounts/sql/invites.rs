use jiff::Timestamp;

use crate::{
    Result,
    accounts::{Invitation, Invite},
    actor::Role,
    db::{Row, Tx},
    ids::{AccountId, AgentId, InviteId},
    params,
};

/// Takes the place of an earlier invite of the same person.
pub async fn put(
    tx: &mut Tx,
    account_id: AccountId,
    invite: &Invite,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<u64> {
    let sql =
        "insert into invites (id, account_id, email, role, token_hash, invited_by, expires_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8)
               on conflict (account_id, email) do update set id = excluded.id, role = excluded.role,
                 token_hash = excluded.token_hash, invited_by = excluded.invited_by,
                 expires_at = excluded.expires_at, created_at = excluded.created_at";
    let params = params![
        invite.id,
        account_id,
        &invite.email,
        invite.role,
        token_hash,
        invite.invited_by.0,
        invite.expires_at,
        now
    ];
    tx.exec(sql, params).await
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select i.id, i.email, i.role, i.invited_by, a.name, i.expires_at, i.created_at
             from invites i join agents a on a.id = i.invited_by
             where i.account_id = $1 and i.expires_at > $2 ",
            $rest
        )
    };
}

fn invite(row: &Row<'_>) -> Result<Invite> {
    Ok(Invite {
        id: row.get(0)?,
        email: row.get(1)?,
        role: row.get(2)?,
        invited_by: (row.get(3)?, row.get(4)?),
        expires_at: row.get(5)?,
        created_at: row.get(6)?,
    })
}

/// Those that wait, the oldest first.
pub async fn list(tx: &mut Tx, account_id: AccountId, now: Timestamp) -> Result<Vec<Invite>> {
    tx.all(select!("order by i.id"), params![account_id, now], invite).await
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: InviteId, now: Timestamp) -> Result<Option<Invite>> {
    tx.opt(select!("and i.id = $3"), params![account_id, now, id], invite).await
}

pub async fn by_email(
    tx: &mut Tx,
    account_id: AccountId,
    email: &str,
    now: Timestamp,
) -> Result<Option<Invite>> {
    tx.opt(select!("and i.email = $3"), params![account_id, now, email], invite).await
}

pub async fn count(tx: &mut Tx, account_id: AccountId, now: Timestamp) -> Result<i64> {
    let sql = "select count(*) from invites where account_id = $1 and expires_at > $2";
    tx.one(sql, params![account_id, now], |row| row.get(0)).await
}

/// What an invite offers, and the hash of its token.
pub async fn invitation(tx: &mut Tx, id: InviteId, now: Timestamp) -> Result<Option<(Invitation, Vec<u8>)>> {
    let sql = "select i.account_id, c.name, i.email, i.role, i.token_hash
               from invites i join accounts c on c.id = i.account_id
               where i.id = $1 and i.expires_at > $2";
    let read = |row: &Row<'_>| {
        let invitation = Invitation {
            account_id: row.get(0)?,
            account_name: row.get(1)?,
            email: row.get(2)?,
            role: row.get(3)?,
        };
        Ok((invitation, row.get(4)?))
    };
    tx.opt(sql, params![id, now], read).await
}

/// Touches no row when somebody was faster.
pub async fn delete(tx: &mut Tx, account_id: AccountId, id: InviteId) -> Result<u64> {
    tx.exec("delete from invites where account_id = $1 and id = $2", params![account_id, id]).await
}

pub async fn delete_of(tx: &mut Tx, agent_id: AgentId) -> Result<u64> {
    tx.exec("delete from invites where invited_by = $1", params![agent_id]).await
}

pub async fn delete_of_role(tx: &mut Tx, agent_id: AgentId, role: Role) -> Result<u64> {
    tx.exec("delete from invites where invited_by = $1 and role = $2", params![agent_id, role]).await
}

/// Deletes what expired before `long_ago`.
pub async fn forget(tx: &mut Tx, long_ago: Timestamp) -> Result<u64> {
    let sql = "delete from invites where id in (select id from invites where expires_at < $1 limit 1000)";
    tx.exec(sql, params![long_ago]).await
}
