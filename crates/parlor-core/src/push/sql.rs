use jiff::Timestamp;

use super::{Device, Platform, credentials::Stored, send::Target};
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, ChannelId, ContactId, DeviceId},
    params,
};

/// Saves a device, or gives the one that has this token on the channel to its new contact, who has not been told anything yet.
pub async fn save_device(tx: &mut Tx, device: &Device, hash: &[u8], sealed: &[u8]) -> Result<DeviceId> {
    let sql = "insert into devices (id, account_id, channel_id, contact_id, platform, token_hash, sealed, pushed_seq, registered_at)
               values ($1, $2, $3, $4, $5, $6, $7, 0, $8)
               on conflict (channel_id, token_hash) do update set
                 pushed_seq = case when devices.contact_id = excluded.contact_id then devices.pushed_seq else 0 end,
                 contact_id = excluded.contact_id, platform = excluded.platform, sealed = excluded.sealed,
                 registered_at = excluded.registered_at
               returning id";
    let Device { id, account_id, channel_id, contact_id, platform, registered_at } = device;
    let params = params![*id, *account_id, *channel_id, *contact_id, *platform, hash, sealed, *registered_at];
    tx.one(sql, params, |row| row.get(0)).await
}

/// Deletes all but the devices that were registered last.
pub async fn keep_newest(tx: &mut Tx, contact_id: ContactId, most: i64) -> Result<u64> {
    let sql = "delete from devices where contact_id = $1 and id not in (
                 select id from devices where contact_id = $1 order by registered_at desc, id desc limit $2)";
    tx.exec(sql, params![contact_id, most]).await
}

pub async fn delete_device(tx: &mut Tx, contact_id: ContactId, hash: &[u8]) -> Result<u64> {
    tx.exec("delete from devices where contact_id = $1 and token_hash = $2", params![contact_id, hash]).await
}

pub async fn has_devices(tx: &mut Tx, contact_id: ContactId) -> Result<bool> {
    let sql = "select 1 from devices where contact_id = $1 limit 1";
    Ok(tx.opt(sql, params![contact_id], |_| Ok(())).await?.is_some())
}

pub async fn counts(tx: &mut Tx, account_id: AccountId) -> Result<Vec<(ChannelId, i64)>> {
    let sql = "select d.channel_id, count(*) from devices d join channels c on c.id = d.channel_id
               where c.account_id = $1 group by d.channel_id";
    tx.all(sql, params![account_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// The contact's devices that have not been told of the message at `seq`.
pub async fn targets(tx: &mut Tx, contact_id: ContactId, seq: i64) -> Result<Vec<Target>> {
    let sql = "select id, platform, token_hash, sealed, registered_at from devices
               where contact_id = $1 and pushed_seq < $2 order by registered_at, id";
    let target = |row: &Row<'_>| {
        Ok(Target {
            id: row.get(0)?,
            platform: row.get(1)?,
            hash: row.get(2)?,
            sealed: row.get(3)?,
            registered_at: row.get(4)?,
        })
    };
    tx.all(sql, params![contact_id, seq], target).await
}

/// Notes that a device has been told, if it is still the same contact's.
pub async fn note_pushed(tx: &mut Tx, id: DeviceId, contact_id: ContactId, seq: i64) -> Result<u64> {
    let sql = "update devices set pushed_seq = $3 where id = $1 and contact_id = $2 and pushed_seq < $3";
    tx.exec(sql, params![id, contact_id, seq]).await
}

/// Deletes a device that the service does not know, unless it has registered again meanwhile.
pub async fn delete_gone(tx: &mut Tx, target: &Target) -> Result<u64> {
    let sql = "delete from devices where id = $1 and registered_at = $2";
    tx.exec(sql, params![target.id, target.registered_at]).await
}

pub async fn delete_devices(tx: &mut Tx, channel_id: ChannelId) -> Result<u64> {
    tx.exec("delete from devices where channel_id = $1", params![channel_id]).await
}

pub async fn credentials(tx: &mut Tx, channel_id: ChannelId) -> Result<Vec<Stored>> {
    let sql =
        "select platform, sealed, failure, failed_at, updated_at from push_credentials where channel_id = $1";
    let stored = |row: &Row<'_>| {
        Ok(Stored {
            platform: row.get(0)?,
            sealed: row.get(1)?,
            failure: row.get(2)?,
            failed_at: row.get(3)?,
            updated_at: row.get(4)?,
        })
    };
    tx.all(sql, params![channel_id], stored).await
}

pub async fn save_credentials(
    tx: &mut Tx,
    account_id: AccountId,
    channel_id: ChannelId,
    platform: Platform,
    sealed: &[u8],
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into push_credentials (channel_id, account_id, platform, sealed, updated_at) values ($1, $2, $3, $4, $5)
               on conflict (channel_id, platform) do update set
                 sealed = excluded.sealed, failure = null, failed_at = null, updated_at = excluded.updated_at";
    tx.exec(sql, params![channel_id, account_id, platform, sealed, now]).await
}

/// Notes how the credentials did; those that were replaced meanwhile did neither well nor badly.
pub async fn note_outcome(
    tx: &mut Tx,
    channel_id: ChannelId,
    platform: Platform,
    used: Timestamp,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<u64> {
    let failed_at = failure.map(|_| now);
    let sql = "update push_credentials set failure = $4, failed_at = $5
               where channel_id = $1 and platform = $2 and updated_at = $3
                 and (failure is not null or cast($4 as text) is not null)";
    tx.exec(sql, params![channel_id, platform, used, failure, failed_at]).await
}

pub async fn delete_credentials(tx: &mut Tx, channel_id: ChannelId, platform: Platform) -> Result<u64> {
    let sql = "delete from push_credentials where channel_id = $1 and platform = $2";
    tx.exec(sql, params![channel_id, platform]).await
}

pub async fn delete_all_credentials(tx: &mut Tx, channel_id: ChannelId) -> Result<u64> {
    tx.exec("delete from push_credentials where channel_id = $1", params![channel_id]).await
}
