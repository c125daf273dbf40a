use jiff::Timestamp;
use serde_json::Value as Json;

use crate::{
    Permission, Result,
    accounts::ApiKey,
    actor::{Integration, Role},
    db::{Row, Tx},
    ids::{AccountId, AgentId, ApiKeyId},
    params,
};

pub async fn insert(tx: &mut Tx, account_id: AccountId, key: &ApiKey, key_hash: &[u8]) -> Result<u64> {
    let sql = "insert into api_keys (id, account_id, agent_id, name, scopes, key_hash, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let scopes: Json = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let params = params![key.id, account_id, key.made_by.0, &key.name, &scopes, key_hash, key.created_at];
    tx.exec(sql, params).await
}

fn scopes(stored: &Json) -> Vec<Permission> {
    let names = stored.as_array().into_iter().flatten().filter_map(Json::as_str);
    names.filter_map(Permission::parse).collect()
}

/// The oldest first.
pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<ApiKey>> {
    let sql = "select k.id, k.name, k.scopes, k.agent_id, a.name, k.last_used_at, k.created_at
               from api_keys k join agents a on a.id = k.agent_id
               where k.account_id = $1 and a.disabled_at is null order by k.id";
    let key = |row: &Row<'_>| {
        Ok(ApiKey {
            id: row.get(0)?,
            name: row.get(1)?,
            scopes: scopes(&row.get(2)?),
            made_by: (row.get(3)?, row.get(4)?),
            last_used_at: row.get(5)?,
            created_at: row.get(6)?,
        })
    };
    tx.all(sql, params![account_id], key).await
}

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    tx.one("select count(*) from api_keys where account_id = $1", params![account_id], |row| row.get(0)).await
}

/// Who is behind a key.
pub struct Behind {
    pub integration: Integration,
    pub hash: Vec<u8>,
    pub last_used_at: Option<Timestamp>,
}

/// With the permissions that the key and its agent share.
pub async fn behind(tx: &mut Tx, id: ApiKeyId) -> Result<Option<Behind>> {
    let sql = "select k.id, k.account_id, k.agent_id, a.name, a.role, k.scopes, k.key_hash, k.last_used_at
               from api_keys k join agents a on a.id = k.agent_id
               where k.id = $1 and a.disabled_at is null";
    let behind = |row: &Row<'_>| {
        let role: Role = row.get(4)?;
        let mut permissions = scopes(&row.get(5)?);
        permissions.retain(|scope| role.permissions().contains(scope));
        Ok(Behind {
            integration: Integration {
                key_id: row.get(0)?,
                account_id: row.get(1)?,
                agent_id: row.get(2)?,
                agent_name: row.get(3)?,
                permissions,
            },
            hash: row.get(6)?,
            last_used_at: row.get(7)?,
        })
    };
    tx.opt(sql, params![id], behind).await
}

pub async fn used(tx: &mut Tx, id: ApiKeyId, now: Timestamp) -> Result<u64> {
    tx.exec("update api_keys set last_used_at = $2 where id = $1", params![id, now]).await
}

pub async fn delete(tx: &mut Tx, account_id: AccountId, id: ApiKeyId) -> Result<u64> {
    tx.exec("delete from api_keys where account_id = $1 and id = $2", params![account_id, id]).await
}

pub async fn delete_of(tx: &mut Tx, agent_id: AgentId) -> Result<u64> {
    tx.exec("delete from api_keys where agent_id = $1", params![agent_id]).await
}
