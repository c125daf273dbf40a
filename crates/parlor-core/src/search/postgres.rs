//! tsvector with the configuration `simple`: the program has normalised the terms already.

use super::{CANDIDATES, Candidate, candidate};
use crate::{
    Result,
    db::{Tx, Value},
    ids::{AccountId, ContactId, ConversationId},
    params,
};

pub async fn candidates(tx: &mut Tx, account_id: AccountId, stems: &[&str]) -> Result<Vec<Candidate>> {
    let sql = "select p.content, p.terms, a.id, a.title, a.url
               from passages p join articles a on a.id = p.article_id
               where p.terms_vector @@ to_tsquery('simple', $1) and p.account_id = $2
               order by ts_rank(p.terms_vector, to_tsquery('simple', $1)) desc, p.id limit $3";
    // Terms are letters and digits only, so nothing in them can be an operator.
    let any: Vec<String> = stems.iter().map(|stem| format!("{stem}:*")).collect();
    tx.all(sql, params![&any.join(" | "), account_id, CANDIDATES], candidate).await
}

pub async fn add_message(tx: &mut Tx, account_id: AccountId, id: ConversationId, words: &str) -> Result<()> {
    let sql = "insert into messages_search (account_id, conversation_id, words) values ($1, $2, to_tsvector('simple', $3))";
    tx.exec(sql, params![account_id, id, words]).await.map(drop)
}

/// How many messages one statement takes.
pub const AT_ONCE: usize = 20;

pub async fn add_messages(
    tx: &mut Tx,
    account_id: AccountId,
    words: &[(ConversationId, String)],
) -> Result<()> {
    let sql = "insert into messages_search (account_id, conversation_id, words)
               select $1, w.id, to_tsvector('simple', w.words) from (values
                 ($2::uuid, $3), ($4, $5), ($6, $7), ($8, $9), ($10, $11), ($12, $13), ($14, $15), ($16, $17), ($18, $19), ($20, $21),
                 ($22, $23), ($24, $25), ($26, $27), ($28, $29), ($30, $31), ($32, $33), ($34, $35), ($36, $37), ($38, $39), ($40, $41)
               ) w (id, words) where w.id is not null";
    let mut values: Vec<Value<'_>> = vec![account_id.into()];
    values.extend(words.iter().flat_map(|(id, words)| [Value::from(*id), words.into()]));
    values.resize(1 + 2 * AT_ONCE, Value::Null);
    tx.exec(sql, &values).await.map(drop)
}

pub fn all_words(words: &[String]) -> String {
    // Words are letters and digits only, so nothing in them can be an operator.
    let all: Vec<String> = words.iter().map(|word| format!("{word}:*")).collect();
    all.join(" & ")
}

/// `grams` are letters and digits only.
pub async fn add_contact(tx: &mut Tx, account_id: AccountId, id: ContactId, grams: &str) -> Result<()> {
    let sql = "insert into contacts_search (contact_id, account_id, grams) values ($1, $2, strip(to_tsvector('simple', $3)))
               on conflict (contact_id) do update set grams = excluded.grams";
    tx.exec(sql, params![id, account_id, grams]).await.map(drop)
}

pub fn all_grams(grams: &[String]) -> String {
    grams.join(" & ")
}

pub async fn count_messages(tx: &mut Tx, account_id: AccountId, asked: &str, most: i64) -> Result<i64> {
    let sql = "select count(*) from (
                 select 1 from messages_search where account_id = $1 and words @@ to_tsquery('simple', $2) limit $3) f";
    tx.one(sql, params![account_id, asked, most], |row| row.get(0)).await
}

pub async fn count_contacts(tx: &mut Tx, account_id: AccountId, asked: &str, most: i64) -> Result<i64> {
    let sql = "select count(*) from (
                 select 1 from contacts_search where account_id = $1 and grams @@ to_tsquery('simple', $2) limit $3) f";
    tx.one(sql, params![account_id, asked, most], |row| row.get(0)).await
}
