//! The lists of conversations. Each way of narrowing has an index to walk, so a statement names only what was asked for.

use jiff::Timestamp;

use super::{COLUMNS, conversation, message_at};
use crate::{
    Error, Result,
    conversations::{Assigned, Filter, Listed, Page, Snoozed, Start, Status},
    db::{Dialect, Row, Tx, Value},
    ids::{AccountId, ConversationId},
    params, search,
};

/// Puts a statement together at compile time: each `value, { pattern => text }` adds the text that fits.
macro_rules! pick {
    (@ ($($done:expr,)*) $text:expr; ()) => { concat!($($done,)* $text) };
    (@ ($($done:expr,)*) $text:expr; ($($rest:tt)+)) => { pick!(($($done,)* $text,) $($rest)+) };
    ($done:tt $value:expr, { $($pattern:pat => $text:expr),+ $(,)? } $rest:tt) => {
        match $value { $($pattern => pick!(@ $done $text; $rest)),+ }
    };
}

macro_rules! contact_or_tag {
    () => {
        " and (lower(c.display_name) like lower($4) escape '!' or lower(c.email) like lower($4) escape '!'
               or c.phone like $4 escape '!' or lower(c.external_id) like lower($4) escape '!'
               or lower(cast(s.tags as text)) like lower($8) escape '!'"
    };
}

macro_rules! narrowed {
    ($head:expr, $filter:expr, $dialect:expr, $rest:tt) => {
        pick!(
            ($head, " where v.account_id = $1 and v.last_seq > 0 and (cast($6 as uuid) is null or v.channel_id = $6)
                and (cast($7 as text) is null or lower(cast(s.tags as text)) like lower($7) escape '!')",)
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
            (($filter.search.is_some(), $dialect), {
                (false, _) => " and cast($4 as text) is null and cast($5 as text) is null and cast($8 as text) is null",
                (true, Dialect::Sqlite) => concat!(contact_or_tag!(),
                    " or v.id in (select conversation_id from messages_search where messages_search match $5))"),
                (true, Dialect::Postgres) => concat!(contact_or_tag!(),
                    " or v.id in (select conversation_id from messages_search
                                  where account_id = $1 and words @@ to_tsquery('simple', $5)))"),
            } $rest))
        )
    };
}

/// The parameters of `narrowed!`, `$1` to `$8`.
struct Narrowed<'a> {
    account_id: AccountId,
    filter: &'a Filter,
    contact: Option<String>,
    words: Option<String>,
    tag: Option<String>,
    searched_tag: Option<String>,
}

impl Narrowed<'_> {
    fn new(account_id: AccountId, filter: &Filter, dialect: Dialect) -> Narrowed<'_> {
        let search = filter.search.as_ref();
        Narrowed {
            account_id,
            filter,
            contact: search.map(|search| format!("%{}%", escaped(&search.text))),
            words: search.map(|search| search::all_words(dialect, account_id, &search.words)),
            tag: filter.tag.as_deref().map(whole_tag),
            searched_tag: search.map(|search| whole_tag(&search.text)),
        }
    }

    fn params(&self) -> Vec<Value<'_>> {
        let assignee = match self.filter.assigned {
            Assigned::To(agent) | Assigned::Mentioning(agent) => Some(agent),
            Assigned::Whatever | Assigned::ToNobody => None,
        };
        let status = match self.filter.snoozed {
            // Only what is open sleeps.
            Some(Snoozed::Yes) => None,
            Some(Snoozed::No) => self.filter.status.or(Some(Status::Open)),
            None => self.filter.status,
        };
        vec![
            self.account_id.into(),
            status.into(),
            assignee.into(),
            self.contact.as_ref().into(),
            self.words.as_ref().into(),
            self.filter.channel_id.into(),
            self.tag.as_ref().into(),
            self.searched_tag.as_ref().into(),
        ]
    }
}

/// Every character means itself.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, character| {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
        pattern
    })
}

/// A tag as it stands in a list of tags.
fn whole_tag(tag: &str) -> String {
    format!("%{}%", escaped(&serde_json::Value::from(tag).to_string()))
}

pub async fn count(tx: &mut Tx, account_id: AccountId, filter: &Filter) -> Result<i64> {
    let narrowed = Narrowed::new(account_id, filter, tx.dialect());
    let sql = narrowed!(
        "select count(*) from conversations v join contacts c on c.id = v.contact_id join sessions s on s.id = v.session_id",
        filter,
        tx.dialect(),
        ()
    );
    tx.one(sql, &narrowed.params(), |row| row.get(0)).await
}

pub async fn page(tx: &mut Tx, account_id: AccountId, filter: &Filter, page: Page) -> Result<Vec<Listed>> {
    let narrowed = Narrowed::new(account_id, filter, tx.dialect());
    let sql = narrowed!(
        concat!(
            "select ",
            conversation_columns!(),
            ", ",
            message_columns!(),
            " from conversations v join contacts c on c.id = v.contact_id join sessions s on s.id = v.session_id
              join messages m on m.conversation_id = v.id and m.seq = v.last_seq"
        ),
        filter,
        tx.dialect(),
        (page.start, {
            Start::Offset(_) => " and cast($9 as timestamptz) is null and cast($10 as uuid) is null
                order by v.last_message_at desc, v.id desc limit $11 offset $12",
            Start::After(_) => " and (v.last_message_at, v.id) < ($9, $10)
                order by v.last_message_at desc, v.id desc limit $11 offset $12",
            Start::Changed(_) => " and v.updated_at >= $9 and cast($10 as uuid) is null
                order by v.updated_at, v.id limit $11 offset $12",
        } ())
    );
    let (time, id, offset) = match page.start {
        Start::Offset(offset) => (None, None, offset),
        Start::After(id) => (Some(last_message_at(tx, account_id, id).await?), Some(id), 0),
        Start::Changed(since) => (Some(since), None, 0),
    };
    let mut params = narrowed.params();
    params.extend([Value::from(time), Value::from(id), Value::Int(page.size), Value::Int(offset)]);
    let listed = |row: &Row<'_>| {
        Ok(Listed { conversation: conversation(row)?, last_message: message_at(row, COLUMNS)? })
    };
    tx.all(sql, &params, listed).await
}

async fn last_message_at(tx: &mut Tx, account_id: AccountId, id: ConversationId) -> Result<Timestamp> {
    let sql = "select last_message_at from conversations where account_id = $1 and id = $2";
    tx.opt(sql, params![account_id, id], |row| row.get(0)).await?.ok_or(Error::NotFound("Conversation"))
}
