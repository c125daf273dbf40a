use jiff::Timestamp;

use super::{Assistant, Provider};
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, AssistantId},
    params,
};

pub async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    assistant: &Assistant,
    now: Timestamp,
) -> Result<u64> {
    let sql =
        "insert into assistants (id, account_id, name, provider, model, instructions, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)";
    let Assistant { id, name, provider, model, instructions } = assistant;
    tx.exec(sql, params![*id, account_id, name, *provider, model, instructions.as_ref(), now]).await
}

pub async fn update(tx: &mut Tx, assistant: &Assistant, now: Timestamp) -> Result<u64> {
    let sql = "update assistants set name = $2, provider = $3, model = $4, instructions = $5, updated_at = $6 where id = $1";
    let Assistant { id, name, provider, model, instructions } = assistant;
    tx.exec(sql, params![*id, name, *provider, model, instructions.as_ref(), now]).await
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: AssistantId) -> Result<Option<Assistant>> {
    let sql =
        "select id, name, provider, model, instructions from assistants where account_id = $1 and id = $2";
    let assistant = |row: &Row<'_>| {
        Ok(Assistant {
            id: row.get(0)?,
            name: row.get(1)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            instructions: row.get(4)?,
        })
    };
    tx.opt(sql, params![account_id, id], assistant).await
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
