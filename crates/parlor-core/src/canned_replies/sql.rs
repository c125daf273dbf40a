use super::CannedReply;
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, CannedReplyId},
    params,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select r.id, r.shortcut, r.content, r.created_by, a.name, r.updated_at
             from canned_replies r join agents a on a.id = r.created_by ",
            $rest
        )
    };
}

fn reply(row: &Row<'_>) -> Result<CannedReply> {
    Ok(CannedReply {
        id: row.get(0)?,
        shortcut: row.get(1)?,
        content: row.get(2)?,
        created_by: (row.get(3)?, row.get(4)?),
        updated_at: row.get(5)?,
    })
}

pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<CannedReply>> {
    tx.all(select!("where r.account_id = $1 order by r.shortcut"), params![account_id], reply).await
}

pub async fn find(tx: &mut Tx, account_id: AccountId, id: CannedReplyId) -> Result<Option<CannedReply>> {
    tx.opt(select!("where r.account_id = $1 and r.id = $2"), params![account_id, id], reply).await
}

pub async fn by_shortcut(
    tx: &mut Tx,
    account_id: AccountId,
    shortcut: &str,
) -> Result<Option<CannedReplyId>> {
    let sql = "select id from canned_replies where account_id = $1 and shortcut = $2";
    tx.opt(sql, params![account_id, shortcut], |row| row.get(0)).await
}

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from canned_replies where account_id = $1";
    tx.one(sql, params![account_id], |row| row.get(0)).await
}

/// Touches no row when the shortcut is taken.
pub async fn insert(tx: &mut Tx, account_id: AccountId, reply: &CannedReply) -> Result<u64> {
    let sql = "insert into canned_replies (id, account_id, shortcut, content, created_by, updated_at)
               values ($1, $2, $3, $4, $5, $6) on conflict (account_id, shortcut) do nothing";
    let CannedReply { id, shortcut, content, created_by: (agent_id, _), updated_at } = reply;
    tx.exec(sql, params![*id, account_id, shortcut, content, *agent_id, *updated_at]).await
}

pub async fn save(tx: &mut Tx, reply: &CannedReply) -> Result<u64> {
    let sql = "update canned_replies set shortcut = $2, content = $3, updated_at = $4 where id = $1";
    tx.exec(sql, params![reply.id, &reply.shortcut, &reply.content, reply.updated_at]).await
}

pub async fn delete(tx: &mut Tx, account_id: AccountId, id: CannedReplyId) -> Result<u64> {
    tx.exec("delete from canned_replies where account_id = $1 and id = $2", params![account_id, id]).await
}
