//! The lists of conversations. Each way of narrowing has an index to walk, so a statement names only what was asked for. What few
//! conversations have, a label or what somebody searches for, is gathered first and sorted then.

use jiff::Timestamp;

use super::{COLUMNS, conversation, message_at};
use crate::{
    Error, Result,
    conversations::{Assigned, Content, Filter, Listed, Page, Snoozed, Start, Status, finding::Asked},
    db::{Dialect, Row, Tx, Value},
    ids::{AccountId, ConversationId},
    params,
};

/// Puts a statement together at compile time: each `value, { pattern => text }` adds the text that fits.
macro_rules! pick {
    (@ ($($done:expr,)*) $text:expr; ()) => { concat!($($done,)* $text) };
    (@ ($($done:expr,)*) $text:expr; ($($rest:tt)+)) => { pick!(($($done,)* $text,) $($rest)+) };
    ($done:tt $value:expr, { $($pattern:pat => $text:expr),+ $(,)? } $rest:tt) => {
        match $value { $($pattern => pick!(@ $done $text; $rest)),+ }
    };
}

/// Walks the conversations in the order of the list. Parameters: those of [`Narrowed`], `$1` to `$5`.
macro_rules! walked {
    ($what:expr, $joins:expr, $filter:expr, $rest:tt) => {
        pick!(
            ("select ", $what, " from conversations v ", $joins, " where v.account_id = $1 and v.last_seq > 0 and ", labelled!(),)
            ($filter.status, $filter.snoozed), {
                (None, None) => " and cast($2 as text) is null",
                (Some(_), None) => " and v.status = $2",
                (_, Some(Snoozed::No)) => " and v.status = $2 and v.snoozed_until is null",
                (_, Some(Snoozed::Yes)) => " and v.snoozed_until is not null and cast($2 as text) is null",
            }
            ($filter.assigned, {
                Assigned::Whatever => " and cast($3 as uuid) is null",
                Assigned::ToNobody => " and v.assignee_id is null and cast($3 as uuid) is null",
                Assigned::To(_) => " and v.assignee_id = $3",
                Assigned::Mentioning(_) => " and v.id in (select n.conversation_id from mentions n
                    where n.account_id = $1 and n.agent_id = $3)",
            }
            ($filter.channel_id, {
                Some(_) => " and v.channel_id = $4",
                None => " and cast($4 as uuid) is null",
            } $rest))
        )
    };
}

macro_rules! narrowed {
    () => {
        "v.account_id = $1 and v.last_seq > 0 and (cast($2 as text) is null or v.status = $2)
         and (cast($4 as uuid) is null or v.channel_id = $4)"
    };
}

macro_rules! labelled {
    () => {
        "(cast($5 as text) is null or exists (
           select 1 from conversation_tags t where t.account_id = $1 and t.tag = $5 and t.conversation_id = v.id))"
    };
}

macro_rules! found {
    ($words:literal, $contacts:literal) => {
        concat!(
            "with found (id) as (
               select conversation_id from (select conversation_id from messages_search where ", $words, " limit $14) w
               union
               select n.id from (select contact_id from contacts_search where ", $contacts, " limit $15) p
               cross join contacts c join conversations n on n.contact_id = c.id
               where c.id = p.contact_id and c.account_id = $1
                 and (lower(c.display_name) like $12 escape '!' or lower(c.email) like $12 escape '!'
                      or lower(c.phone) like $12 escape '!' or lower(c.external_id) like $12 escape '!')
               union
               select conversation_id from (
                 select conversation_id from conversation_tags where account_id = $1 and tag = $13 limit $16) t
             ) "
        )
    };
}

/// Gathers the few conversations that come into question. Parameters: as `walked!`; what is searched for, and how much of it is looked at, is `$10` to `$16`.
macro_rules! gathered {
    ($head:expr, $gather:expr, $filter:expr, $rest:tt) => {
        pick!(
            ()
            $gather, {
                Gather::Tagged => concat!($head, " from conversation_tags t cross join conversations v where t.account_id = $1 and t.tag = $5 and v.id = t.conversation_id and ", narrowed!()),
                Gather::Mentioning => concat!($head, " from (
                      select distinct conversation_id as id from mentions where account_id = $1 and agent_id = $3
                    ) f cross join conversations v where v.id = f.id and ", narrowed!(), " and ", labelled!()),
                Gather::Found(Dialect::Sqlite) => concat!(
                    found!("messages_search match $10 order by rowid desc", "contacts_search match $11 order by rowid desc"),
                    $head, " from found f cross join conversations v where v.id = f.id and ", narrowed!(), " and ", labelled!()),
                Gather::Found(Dialect::Postgres) => concat!(
                    found!("account_id = $1 and words @@ to_tsquery('simple', $10)",
                           "account_id = $1 and grams @@ to_tsquery('simple', $11)"),
                    $head, " from found f cross join conversations v where v.id = f.id and ", narrowed!(), " and ", labelled!()),
            }
            ($filter.assigned, {
                Assigned::Whatever => " and cast($3 as uuid) is null",
                Assigned::ToNobody => " and v.assignee_id is null and cast($3 as uuid) is null",
                Assigned::To(_) => " and v.assignee_id = $3",
                Assigned::Mentioning(_) => " and v.id in (select n.conversation_id from mentions n
                    where n.account_id = $1 and n.agent_id = $3)",
            }
            ($filter.snoozed, {
                None => "",
                Some(Snoozed::No) => " and v.snoozed_until is null",
                Some(Snoozed::Yes) => " and v.snoozed_until is not null",
            } $rest))
        )
    };
}

macro_rules! from_the_top {
    () => {
        " and cast($6 as timestamptz) is null and cast($7 as uuid) is null
          order by v.last_message_at desc, v.id desc limit $8 offset $9"
    };
}

macro_rules! going_on {
    () => {
        " and (v.last_message_at, v.id) < ($6, $7) order by v.last_message_at desc, v.id desc limit $8 offset $9"
    };
}

macro_rules! changed {
    () => {
        " and v.updated_at >= $6 and cast($7 as uuid) is null order by v.updated_at, v.id limit $8 offset $9"
    };
}

/// From where conversations are gathered.
#[derive(Clone, Copy)]
enum Gather {
    /// From those that have the label.
    Tagged,
    /// From those in which the agent is mentioned.
    Mentioning,
    /// From those that have what is searched for.
    Found(Dialect),
}

/// The parameters that every list has, `$1` to `$5`.
fn narrowed(account_id: AccountId, filter: &Filter) -> Vec<Value<'_>> {
    let assignee = match filter.assigned {
        Assigned::To(agent) | Assigned::Mentioning(agent) => Some(agent),
        Assigned::Whatever | Assigned::ToNobody => None,
    };
    let status = match filter.snoozed {
        // Only what is open sleeps.
        Some(Snoozed::Yes) => None,
        Some(Snoozed::No) => filter.status.or(Some(Status::Open)),
        None => filter.status,
    };
    vec![
        account_id.into(),
        status.into(),
        assignee.into(),
        filter.channel_id.into(),
        filter.tag.as_ref().into(),
    ]
}

/// So many conversations are gathered and sorted; more are walked in the order of the list, where some come soon.
const FEW: i64 = 2000;

/// From where a list is gathered, if it is narrowed to what few conversations have.
async fn few_have(tx: &mut Tx, account_id: AccountId, filter: &Filter) -> Result<Option<Gather>> {
    if let Assigned::Mentioning(_) = filter.assigned {
        return Ok(Some(Gather::Mentioning));
    }
    let Some(tag) = &filter.tag else { return Ok(None) };
    let many = has_more_tagged(tx, account_id, tag, FEW).await?;
    Ok((!many).then_some(Gather::Tagged))
}

/// Whether more conversations have a label than so many.
pub async fn has_more_tagged(tx: &mut Tx, account_id: AccountId, tag: &str, most: i64) -> Result<bool> {
    let sql = "select count(*) from (select 1 from conversation_tags where account_id = $1 and tag = $2 limit $3) t";
    let have: i64 = tx.one(sql, params![account_id, tag, most + 1], |row| row.get(0)).await?;
    Ok(have > most)
}

/// How many conversations are in the list.
pub async fn count(tx: &mut Tx, account_id: AccountId, filter: &Filter) -> Result<i64> {
    let sql = match few_have(tx, account_id, filter).await? {
        Some(gather) => gathered!("select count(*)", gather, filter, ()),
        None => walked!("count(*)", "", filter, ()),
    };
    tx.one(sql, &narrowed(account_id, filter), |row| row.get(0)).await
}

macro_rules! columns {
    () => {
        concat!(conversation_columns!(), ", ", message_columns!())
    };
}

macro_rules! joins {
    () => {
        "join contacts c on c.id = v.contact_id join sessions s on s.id = v.session_id
         join messages m on m.conversation_id = v.id and m.seq = v.last_seq"
    };
}

/// What was gathered is sorted by its ids alone; only the page itself is read as a whole.
macro_rules! narrow {
    () => {
        concat!("select ", columns!(), " from (select v.id")
    };
}

macro_rules! widened {
    () => {
        concat!(") x cross join conversations v ", joins!(), " where v.id = x.id")
    };
}

macro_rules! newest_first {
    () => {
        concat!(widened!(), " order by v.last_message_at desc, v.id desc")
    };
}

macro_rules! oldest_change_first {
    () => {
        concat!(widened!(), " order by v.updated_at, v.id")
    };
}

/// One page of the list, whatever is searched for, after so many that are passed over.
pub async fn page(
    tx: &mut Tx,
    account_id: AccountId,
    filter: &Filter,
    page: Page,
    passed_over: i64,
) -> Result<Vec<Listed>> {
    let sql = match few_have(tx, account_id, filter).await? {
        Some(gather) => gathered!(narrow!(), gather, filter, (page.start, {
            Start::Offset(_) => concat!(from_the_top!(), newest_first!()),
            Start::After(_) => concat!(going_on!(), newest_first!()),
            Start::Changed(_) => concat!(changed!(), oldest_change_first!()),
        } ())),
        None => walked!(columns!(), joins!(), filter, (page.start, {
            Start::Offset(_) => from_the_top!(),
            Start::After(_) => going_on!(),
            Start::Changed(_) => changed!(),
        } ())),
    };
    let mut params = narrowed(account_id, filter);
    params.extend(stretch(tx, account_id, page, passed_over).await?);
    tx.all(sql, &params, listed).await
}

/// One page of those that have what is asked.
pub async fn found(
    tx: &mut Tx,
    account_id: AccountId,
    filter: &Filter,
    asked: &Asked,
    page: Page,
) -> Result<Vec<Listed>> {
    let sql = gathered!(narrow!(), Gather::Found(tx.dialect()), filter, (page.start, {
            Start::Offset(_) => concat!(from_the_top!(), newest_first!()),
            Start::After(_) => concat!(going_on!(), newest_first!()),
            Start::Changed(_) => concat!(changed!(), oldest_change_first!()),
        } ()));
    let mut params = narrowed(account_id, filter);
    params.extend(stretch(tx, account_id, page, 0).await?);
    params.extend(asked.params());
    tx.all(sql, &params, listed).await
}

/// How many have what is asked.
pub async fn count_found(tx: &mut Tx, account_id: AccountId, filter: &Filter, asked: &Asked) -> Result<i64> {
    let sql = gathered!("select count(*)", Gather::Found(tx.dialect()), filter,
        (() , { () => " and cast($6 as text) is null and cast($7 as text) is null and cast($8 as text) is null and cast($9 as text) is null" } ()));
    let mut params = narrowed(account_id, filter);
    params.extend([Value::Null; 4]);
    params.extend(asked.params());
    tx.one(sql, &params, |row| row.get(0)).await
}

/// Where a page begins and how long it is, `$6` to `$9`.
async fn stretch(
    tx: &mut Tx,
    account_id: AccountId,
    page: Page,
    passed_over: i64,
) -> Result<[Value<'static>; 4]> {
    let (time, id, offset) = match page.start {
        Start::Offset(offset) => (None, None, offset),
        Start::After(id) => (Some(last_message_at(tx, account_id, id).await?), Some(id), 0),
        Start::Changed(since) => (Some(since), None, 0),
    };
    Ok([Value::from(time), Value::from(id), Value::Int(page.size), Value::Int(offset + passed_over)])
}

fn listed(row: &Row<'_>) -> Result<Listed> {
    Ok(Listed { conversation: conversation(row)?, last_message: message_at(row, COLUMNS)? })
}

async fn last_message_at(tx: &mut Tx, account_id: AccountId, id: ConversationId) -> Result<Timestamp> {
    let sql = "select last_message_at from conversations where account_id = $1 and id = $2";
    tx.opt(sql, params![account_id, id], |row| row.get(0)).await?.ok_or(Error::NotFound("Conversation"))
}

/// How many conversations [`said_in`] takes.
pub const AT_ONCE: usize = 50;

/// What was said in up to [`AT_ONCE`] conversations, in so many of the newest messages of each.
pub async fn said_in(
    tx: &mut Tx,
    ids: &[ConversationId],
    newest: i64,
) -> Result<Vec<(ConversationId, Content)>> {
    let sql = "select m.conversation_id, m.content_type, m.content, m.rich_media
               from conversations v cross join messages m
               where v.id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                   $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50)
                 and m.conversation_id = v.id and m.seq > v.last_seq - $51";
    let mut params: Vec<Value<'_>> = ids.iter().map(|&id| id.into()).collect();
    params.resize(AT_ONCE, Value::Null);
    params.push(newest.into());
    tx.all(sql, &params, |row| {
        Ok((row.get(0)?, Content { kind: row.get(1)?, text: row.get(2)?, rich_media: row.get(3)? }))
    })
    .await
}
