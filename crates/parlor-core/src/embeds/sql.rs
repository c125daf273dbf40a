use serde_json::{Value as Json, json};

use super::{Embed, Origin};
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, EmbedId},
    params,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select e.id, e.account_id, e.channel_id, e.name, e.assistant_id, s.name, e.origins, e.created_at
             from embeds e join channels c on c.id = e.channel_id join assistants s on s.id = e.assistant_id
             where c.deleted_at is null and ",
            $rest
        )
    };
}

fn embed(row: &Row<'_>) -> Result<Embed> {
    let origins: Json = row.get(6)?;
    let origins = origins.as_array().into_iter().flatten().filter_map(Json::as_str);
    Ok(Embed {
        id: row.get(0)?,
        account_id: row.get(1)?,
        channel_id: row.get(2)?,
        name: row.get(3)?,
        assistant_id: row.get(4)?,
        assistant_name: row.get(5)?,
        origins: origins.map(Origin::stored).collect(),
        created_at: row.get(7)?,
    })
}

pub async fn insert(tx: &mut Tx, embed: &Embed, token_hash: &[u8]) -> Result<u64> {
    let sql =
        "insert into embeds (id, account_id, channel_id, assistant_id, name, token_hash, origins, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Embed { id, account_id, channel_id, name, assistant_id, origins, created_at, .. } = embed;
    let origins = json!(origins.iter().map(Origin::as_str).collect::<Vec<_>>());
    let params =
        params![*id, *account_id, *channel_id, *assistant_id, name, token_hash, &origins, *created_at];
    tx.exec(sql, params).await
}

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from embeds e join channels c on c.id = e.channel_id
               where e.account_id = $1 and c.deleted_at is null";
    tx.one(sql, params![account_id], |row| row.get(0)).await
}

pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Embed>> {
    tx.all(select!("e.account_id = $1 order by e.id"), params![account_id], embed).await
}

pub async fn by_hash(tx: &mut Tx, token_hash: &[u8]) -> Result<Option<Embed>> {
    tx.opt(select!("e.token_hash = $1"), params![token_hash], embed).await
}

pub async fn delete(tx: &mut Tx, account_id: AccountId, id: EmbedId) -> Result<u64> {
    tx.exec("delete from embeds where account_id = $1 and id = $2", params![account_id, id]).await
}
