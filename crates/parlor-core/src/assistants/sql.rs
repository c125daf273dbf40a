use jiff::Timestamp;

use super::{Assistant, Kind, Provider};
use crate::{
    Result,
    channels::Identity,
    db::{Row, Tx},
    ids::{AccountId, AssistantId, ChannelId},
    params,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select s.id, s.name, s.provider, s.model, s.instructions,
               exists (select 1 from flows f where f.assistant_id = s.id)
             from assistants s ",
            $rest
        )
    };
}

/// Reads an assistant from six columns.
pub fn assistant(row: &Row<'_>, at: usize) -> Result<Assistant> {
    Ok(Assistant {
        id: row.get(at)?,
        name: row.get(at + 1)?,
        provider: row.get(at + 2)?,
        model: row.get(at + 3)?,
        instructions: row.get(at + 4)?,
        kind: if row.get(at + 5)? { Kind::Flow } else { Kind::Model },
    })
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: AssistantId) -> Result<Option<Assistant>> {
    let sql = select!("where s.account_id = $1 and s.id = $2 and s.deleted_at is null");
    tx.opt(sql, params![account_id, id], |row| assistant(row, 0)).await
}

pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Assistant>> {
    let sql = select!("where s.account_id = $1 and s.deleted_at is null order by s.id");
    tx.all(sql, params![account_id], |row| assistant(row, 0)).await
}

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from assistants where account_id = $1 and deleted_at is null";
    tx.one(sql, params![account_id], |row| row.get(0)).await
}

/// The channels on which it answers, as their own or for an embed token.
pub async fn channels_of(
    tx: &mut Tx,
    account_id: AccountId,
    id: AssistantId,
) -> Result<Vec<(ChannelId, Identity)>> {
    let sql = "select c.id, c.identity from channels c
               where c.account_id = $1 and c.deleted_at is null and (c.assistant_id = $2
                 or exists (select 1 from embeds e where e.channel_id = c.id and e.assistant_id = $2))";
    tx.all(sql, params![account_id, id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Its row stays: what it has said names it.
pub async fn delete(tx: &mut Tx, id: AssistantId, now: Timestamp) -> Result<u64> {
    tx.exec("update assistants set deleted_at = $2, updated_at = $2 where id = $1", params![id, now]).await
}

pub async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    assistant: &Assistant,
    now: Timestamp,
) -> Result<u64> {
    let sql =
        "insert into assistants (id, account_id, name, provider, model, instructions, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)";
    let Assistant { id, name, provider, model, instructions, .. } = assistant;
    tx.exec(sql, params![*id, account_id, name, *provider, model, instructions.as_ref(), now]).await
}

pub async fn update(tx: &mut Tx, assistant: &Assistant, now: Timestamp) -> Result<u64> {
    let sql = "update assistants set name = $2, provider = $3, model = $4, instructions = $5, updated_at = $6 where id = $1";
    let Assistant { id, name, provider, model, instructions, .. } = assistant;
    tx.exec(sql, params![*id, name, *provider, model, instructions.as_ref(), now]).await
}

pub async fn providers_with_key(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Provider>> {
    tx.all("select provider from provider_keys where account_id = $1", params![account_id], |row| row.get(0))
        .await
}

pub async fn key(tx: &mut Tx, account_id: AccountId, provider: Provider) -> Result<Option<Vec<u8>>> {
    let sql = "select sealed from provider_keys where account_id = $1 and provider = $2";
    tx.opt(sql, params![account_id, provider], |row| row.get(0)).await
}

pub async fn save_key(
    tx: &mut Tx,
    account_id: AccountId,
    provider: Provider,
    sealed: &[u8],
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into provider_keys (account_id, provider, sealed, updated_at) values ($1, $2, $3, $4)
               on conflict (account_id, provider) do update set sealed = excluded.sealed, updated_at = excluded.updated_at";
    tx.exec(sql, params![account_id, provider, sealed, now]).await
}

pub async fn delete_key(tx: &mut Tx, account_id: AccountId, provider: Provider) -> Result<u64> {
    tx.exec(
        "delete from provider_keys where account_id = $1 and provider = $2",
        params![account_id, provider],
    )
    .await
}
