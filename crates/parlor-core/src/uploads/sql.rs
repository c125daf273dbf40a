use jiff::Timestamp;

use super::{Kind, Owner, Picture, State, Upload, folder::Place};
use crate::{
    Result,
    conversations::Conversation,
    db::{Row, Tx},
    ids::{AccountId, AgentId, UploadId},
    params,
};

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, account_id, file, name, kind, size, width, height, preview from uploads ", $rest)
    };
}

/// One that has arrived.
fn upload(row: &Row<'_>) -> Result<Upload> {
    let preview: Option<Kind> = row.get(8)?;
    let picture = match (row.get(6)?, row.get(7)?, preview) {
        (Some(width), Some(height), Some(preview)) => Some(Picture { width, height, preview }),
        _ => None,
    };
    Ok(Upload {
        id: row.get(0)?,
        place: Place { account_id: row.get(1)?, file: row.get(2)? },
        name: row.get(3)?,
        kind: row.get(4)?,
        size: row.get(5)?,
        picture,
    })
}

/// Announces a file before its first byte is written.
pub async fn announce(
    tx: &mut Tx,
    id: UploadId,
    place: &Place,
    owner: &Owner,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into uploads (id, account_id, channel_id, external_id, agent_id, state, file, name, size, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, '', 0, $8)";
    let (channel_id, external_id, agent_id) = match owner {
        Owner::Visitor { channel_id, external_id } => (Some(*channel_id), Some(external_id.as_str()), None),
        Owner::Agent(agent_id) => (None, None, Some(*agent_id)),
    };
    let params =
        params![id, place.account_id, channel_id, external_id, agent_id, State::Arriving, &place.file, now];
    tx.exec(sql, params).await
}

/// How many files of this owner no message has used.
pub async fn unsent(tx: &mut Tx, owner: &Owner) -> Result<i64> {
    match owner {
        Owner::Visitor { channel_id, external_id } => {
            let sql =
                "select count(*) from uploads where channel_id = $1 and external_id = $2 and state <> 'sent'";
            tx.one(sql, params![*channel_id, external_id.as_str()], |row| row.get(0)).await
        }
        Owner::Agent(agent_id) => {
            let sql =
                "select count(*) from uploads where agent_id = $1 and state <> 'sent' and state <> 'public'";
            tx.one(sql, params![*agent_id], |row| row.get(0)).await
        }
    }
}

/// Touches no row when the file has been given up meanwhile.
pub async fn arrived(tx: &mut Tx, upload: &Upload) -> Result<u64> {
    let sql = "update uploads set state = $2, name = $3, kind = $4, size = $5, width = $6, height = $7, preview = $8
               where id = $1 and state = $9";
    let picture = upload.picture.as_ref();
    let params = params![
        upload.id,
        State::Ready,
        &upload.name,
        upload.kind,
        upload.size,
        picture.map(|picture| picture.width),
        picture.map(|picture| picture.height),
        picture.map(|picture| picture.preview),
        State::Arriving
    ];
    tx.exec(sql, params).await
}

pub async fn get(tx: &mut Tx, id: UploadId) -> Result<Option<Upload>> {
    tx.opt(select!("where id = $1 and state in ('ready', 'sent', 'public')"), params![id], upload).await
}

/// Marks a visitor's own file as sent.
pub async fn send_of_visitor(
    tx: &mut Tx,
    id: UploadId,
    conversation: &Conversation,
) -> Result<Option<Upload>> {
    let sql = "update uploads set state = 'sent'
               where id = $1 and state in ('ready', 'sent') and account_id = $2 and channel_id = $3 and external_id = $4";
    let Conversation { account_id, channel_id, contact, .. } = conversation;
    let params = params![id, *account_id, *channel_id, contact.external_id.as_str()];
    if tx.exec(sql, params).await? == 0 { Ok(None) } else { get(tx, id).await }
}

/// Marks an agent's own file as sent.
pub async fn send_of_agent(
    tx: &mut Tx,
    id: UploadId,
    account_id: AccountId,
    agent_id: AgentId,
) -> Result<Option<Upload>> {
    let sql = "update uploads set state = 'sent'
               where id = $1 and state in ('ready', 'sent') and account_id = $2 and agent_id = $3";
    if tx.exec(sql, params![id, account_id, agent_id]).await? == 0 { Ok(None) } else { get(tx, id).await }
}

/// Marks a file as sent that any of the account's agents has sent up.
pub async fn send_of_staff(tx: &mut Tx, id: UploadId, account_id: AccountId) -> Result<Option<Upload>> {
    let sql = "update uploads set state = 'sent'
               where id = $1 and state in ('ready', 'sent') and account_id = $2 and agent_id is not null";
    if tx.exec(sql, params![id, account_id]).await? == 0 { Ok(None) } else { get(tx, id).await }
}

/// Makes a file public that an agent of the account has sent up and no message shows.
pub async fn publish(tx: &mut Tx, id: UploadId, account_id: AccountId) -> Result<Option<Upload>> {
    let sql = "update uploads set state = 'public'
               where id = $1 and state = 'ready' and account_id = $2 and agent_id is not null";
    if tx.exec(sql, params![id, account_id]).await? == 0 { Ok(None) } else { get(tx, id).await }
}

/// Gives up what was public.
pub async fn withdraw(tx: &mut Tx, id: UploadId, account_id: AccountId) -> Result<u64> {
    let sql = "update uploads set state = 'leaving' where id = $1 and account_id = $2 and state = 'public'";
    tx.exec(sql, params![id, account_id]).await
}

pub async fn public(tx: &mut Tx, id: UploadId) -> Result<Option<Upload>> {
    tx.opt(select!("where id = $1 and state = 'public'"), params![id], upload).await
}

/// Gives up a file that no message has used. From now on none can, and its bytes may go.
pub async fn give_up(tx: &mut Tx, id: UploadId) -> Result<u64> {
    let sql = "update uploads set state = 'leaving' where id = $1 and state <> 'sent'";
    tx.exec(sql, params![id]).await
}

/// Gives up what has lain too long, and lists all that is given up.
pub async fn leaving(
    tx: &mut Tx,
    begun_before: Timestamp,
    unsent_before: Timestamp,
    limit: i64,
) -> Result<Vec<(UploadId, Place)>> {
    let sql = "update uploads set state = 'leaving'
               where (state = 'ready' and created_at < $1) or (state = 'arriving' and created_at < $2)";
    tx.exec(sql, params![unsent_before, begun_before]).await?;
    let sql = "select id, account_id, file from uploads where state = 'leaving' order by created_at limit $1";
    let left = |row: &Row<'_>| Ok((row.get(0)?, Place { account_id: row.get(1)?, file: row.get(2)? }));
    tx.all(sql, params![limit], left).await
}

/// Forgets a file whose bytes are gone.
pub async fn forget(tx: &mut Tx, id: UploadId) -> Result<u64> {
    tx.exec("delete from uploads where id = $1 and state = 'leaving'", params![id]).await
}
