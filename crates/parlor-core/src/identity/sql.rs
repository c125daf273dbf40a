use super::Secret;
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, ChannelId, IdentitySecretId},
    params,
};

fn secret(row: &Row<'_>) -> Result<Secret> {
    Ok(Secret { id: row.get(0)?, created_at: row.get(1)? })
}

pub async fn list(tx: &mut Tx, channel_id: ChannelId) -> Result<Vec<Secret>> {
    let sql = "select id, created_at from identity_secrets where channel_id = $1 order by id";
    tx.all(sql, params![channel_id], secret).await
}

pub async fn sealed(tx: &mut Tx, channel_id: ChannelId) -> Result<Vec<(IdentitySecretId, Vec<u8>)>> {
    let sql = "select id, sealed from identity_secrets where channel_id = $1 order by id";
    tx.all(sql, params![channel_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub async fn insert(
    tx: &mut Tx,
    account_id: AccountId,
    channel_id: ChannelId,
    secret: &Secret,
    sealed: &[u8],
) -> Result<u64> {
    let sql = "insert into identity_secrets (id, account_id, channel_id, sealed, created_at) values ($1, $2, $3, $4, $5)";
    tx.exec(sql, params![secret.id, account_id, channel_id, sealed, secret.created_at]).await
}

pub async fn delete(tx: &mut Tx, id: IdentitySecretId) -> Result<u64> {
    tx.exec("delete from identity_secrets where id = $1", params![id]).await
}
