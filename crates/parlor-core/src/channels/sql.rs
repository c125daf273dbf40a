use super::{Channel, KeptSettings};
use crate::{
    Error, Result, accounts, assistants,
    conversations::Conversation,
    db::{Dialect, Row, Tx},
    embeds,
    ids::{AccountId, AssistantId, ChannelId, ConversationId},
    params, secrets,
    usage::Plan,
};

macro_rules! select {
    ($rest:literal) => {
        select!("channels c join assistants s on s.id = c.assistant_id", $rest)
    };
    ($from:literal, $rest:literal) => {
        concat!(
            "select c.id, c.account_id, c.kind, c.token, c.display_name, c.status, c.auto_reply, cast(c.settings as text),
               c.deleted_at, c.created_at, c.updated_at, c.identity, c.assistant_id,
               s.id, s.name, s.provider, s.model, s.instructions, exists (select 1 from flows f where f.assistant_id = s.id),
               a.allows_social_messaging, a.max_social_channels, a.max_monthly_ai_tokens, a.max_monthly_messages
             from ",
            $from,
            " join accounts a on a.id = c.account_id ",
            $rest
        )
    };
}

fn channel(row: &Row<'_>) -> Result<Channel> {
    Ok(Channel {
        id: row.get(0)?,
        account_id: row.get(1)?,
        kind: row.get(2)?,
        token: row.get(3)?,
        display_name: row.get(4)?,
        status: row.get(5)?,
        auto_reply: row.get(6)?,
        settings: KeptSettings::stored(row.get(7)?),
        deleted_at: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
        identity: row.get(11)?,
        own_assistant: row.get(12)?,
        assistant: assistants::sql::assistant(row, 13)?,
        plan: accounts::sql::plan(row, 19)?,
    })
}

/// The account's plan; whoever changes its channels goes through here one after another.
pub async fn lock_plan(tx: &mut Tx, account_id: AccountId) -> Result<Option<Plan>> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "select allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages
             from accounts where id = $1"
        }
        Dialect::Postgres => {
            "select allows_social_messaging, max_social_channels, max_monthly_ai_tokens, max_monthly_messages
             from accounts where id = $1 for no key update"
        }
    };
    tx.opt(sql, params![account_id], |row| accounts::sql::plan(row, 0)).await
}

pub async fn insert(tx: &mut Tx, channel: &Channel) -> Result<u64> {
    let sql =
        "insert into channels (id, account_id, kind, token, display_name, status, auto_reply, assistant_id,
                 settings, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
    tx.exec(
        sql,
        params![
            channel.id,
            channel.account_id,
            channel.kind,
            &channel.token,
            &channel.display_name,
            channel.status,
            channel.auto_reply,
            channel.own_assistant,
            &channel.settings.document(),
            channel.created_at
        ],
    )
    .await
}

pub async fn update(tx: &mut Tx, channel: &Channel) -> Result<u64> {
    let sql =
        "update channels set display_name = $2, status = $3, auto_reply = $4, settings = $5, deleted_at = $6,
                 updated_at = $7, identity = $8, assistant_id = $9
               where id = $1";
    tx.exec(
        sql,
        params![
            channel.id,
            &channel.display_name,
            channel.status,
            channel.auto_reply,
            &channel.settings.document(),
            channel.deleted_at,
            channel.updated_at,
            channel.identity,
            channel.own_assistant
        ],
    )
    .await
}

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    let sql = "select count(*) from channels where account_id = $1 and deleted_at is null";
    tx.one(sql, params![account_id], |row| row.get(0)).await
}

pub async fn has_website(tx: &mut Tx, account_id: AccountId) -> Result<bool> {
    let sql = "select 1 from channels where account_id = $1 and kind = 'website' and deleted_at is null";
    Ok(tx.opt(sql, params![account_id], |_| Ok(())).await?.is_some())
}

pub async fn has_mobile(tx: &mut Tx, id: AssistantId) -> Result<bool> {
    let sql = "select 1 from channels where assistant_id = $1 and kind = 'mobile_sdk' and deleted_at is null";
    Ok(tx.opt(sql, params![id], |_| Ok(())).await?.is_some())
}

pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Channel>> {
    let sql = select!("where c.account_id = $1 and c.deleted_at is null order by c.id");
    tx.all(sql, params![account_id], channel).await
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: ChannelId) -> Result<Option<Channel>> {
    let sql = select!("where c.account_id = $1 and c.id = $2 and c.deleted_at is null");
    tx.opt(sql, params![account_id, id], channel).await
}

/// Also a deleted one: its conversations are still there. The assistant is that of the session.
pub async fn of_conversation(tx: &mut Tx, conversation: &Conversation) -> Result<Channel> {
    let sql =
        select!("channels c join assistants s on s.id = coalesce($2, c.assistant_id)", "where c.id = $1");
    tx.one(sql, params![conversation.channel_id, conversation.session.assistant], channel).await
}

/// The same for a conversation of which only the id is known, and not yet whose it is.
pub async fn by_conversation(tx: &mut Tx, id: ConversationId) -> Result<Option<Channel>> {
    let sql = select!(
        "conversations v join sessions z on z.id = v.session_id join channels c on c.id = v.channel_id
         join assistants s on s.id = coalesce(z.assistant_id, c.assistant_id)",
        "where v.id = $1"
    );
    tx.opt(sql, params![id], channel).await
}

/// The mobile channel that a native app names.
pub async fn open_mobile(tx: &mut Tx, id: ChannelId) -> Result<Channel> {
    let sql = select!("where c.id = $1 and c.kind = 'mobile_sdk' and c.deleted_at is null");
    let channel = tx.opt(sql, params![id], channel).await?.ok_or(Error::NotFound("Channel"))?;
    channel.check_open()?;
    Ok(channel)
}

/// The channel a visitor comes in by.
pub async fn open_by_token(tx: &mut Tx, token: &str) -> Result<Channel> {
    let known = if token.starts_with(embeds::PREFIX) {
        let sql = select!(
            "embeds e join channels c on c.id = e.channel_id join assistants s on s.id = e.assistant_id",
            "where e.token_hash = $1 and c.deleted_at is null"
        );
        tx.opt(sql, params![&secrets::hash(token)], channel).await?
    } else if token.contains('\0') {
        // PostgreSQL takes no NUL, and no token holds one.
        None
    } else {
        tx.opt(select!("where c.token = $1 and c.deleted_at is null"), params![token], channel).await?
    };
    let channel = known.ok_or(Error::NotFound("Channel"))?;
    channel.check_open()?;
    Ok(channel)
}
