//! FTS5. The account is an indexed term, so a search stays within it.

use uuid::Uuid;

use super::{CANDIDATES, Candidate, candidate};
use crate::{
    Result,
    db::Tx,
    ids::{AccountId, ArticleId, ContactId, ConversationId},
    params,
};

pub async fn add(
    tx: &mut Tx,
    account_id: AccountId,
    article_id: ArticleId,
    passage_id: Uuid,
    terms: &str,
) -> Result<()> {
    let sql = "insert into passages_search (account, article, terms, passage_id) values ($1, $2, $3, $4)";
    let (account, article) = (account_id.0.simple().to_string(), article_id.0.simple().to_string());
    tx.exec(sql, params![&account, &article, terms, passage_id]).await.map(drop)
}

pub async fn remove(tx: &mut Tx, article_id: ArticleId) -> Result<()> {
    let sql = "delete from passages_search
               where rowid in (select rowid from passages_search where passages_search match $1)";
    let article = format!("article : \"{}\"", article_id.0.simple());
    tx.exec(sql, params![&article]).await.map(drop)
}

pub async fn candidates(tx: &mut Tx, account_id: AccountId, stems: &[&str]) -> Result<Vec<Candidate>> {
    let sql = "select p.content, p.terms, a.id, a.title, a.url
               from passages_search f join passages p on p.id = f.passage_id join articles a on a.id = p.article_id
               where passages_search match $1 and p.account_id = $2
               order by bm25(passages_search, 0.0, 0.0, 1.0) limit $3";
    // Terms are letters and digits only, so nothing in them can leave its quotes.
    let any: Vec<String> = stems.iter().map(|stem| format!("\"{stem}\"*")).collect();
    let query = format!("account : \"{}\" AND terms : ({})", account_id.0.simple(), any.join(" OR "));
    tx.all(sql, params![&query, account_id, CANDIDATES], candidate).await
}

pub async fn add_message(tx: &mut Tx, account_id: AccountId, id: ConversationId, words: &str) -> Result<()> {
    let sql = "insert into messages_search (account, words, conversation_id) values ($1, $2, $3)";
    tx.exec(sql, params![&account_id.0.simple().to_string(), words, id]).await.map(drop)
}

pub fn all_words(account_id: AccountId, words: &[String]) -> String {
    if words.is_empty() {
        return NOTHING.to_owned();
    }
    // Words are letters and digits only, so nothing in them can leave its quotes.
    let all: Vec<String> = words.iter().map(|word| format!("\"{word}\"*")).collect();
    format!("account : \"{}\" AND words : ({})", account_id.0.simple(), all.join(" AND "))
}

/// No account is called so, and an empty question is no question to FTS5.
const NOTHING: &str = "\"none\"";

/// `grams` are letters and digits only.
pub async fn add_contact(tx: &mut Tx, account_id: AccountId, id: ContactId, grams: &str) -> Result<()> {
    let sql = "insert into contacts_search (terms, contact_id) values ($1, $2)";
    let terms = format!("a{} c{} {grams}", account_id.0.simple(), id.0.simple());
    tx.exec(sql, params![&terms, id]).await.map(drop)
}

pub async fn remove_contact(tx: &mut Tx, id: ContactId) -> Result<()> {
    let sql = "delete from contacts_search
               where rowid in (select rowid from contacts_search where contacts_search match $1)";
    tx.exec(sql, params![&format!("\"c{}\"", id.0.simple())]).await.map(drop)
}

pub fn all_grams(account_id: AccountId, grams: &[String]) -> String {
    format!("\"a{}\" AND {}", account_id.0.simple(), grams.join(" AND "))
}

pub async fn count_messages(tx: &mut Tx, asked: &str, most: i64) -> Result<i64> {
    let sql = "select count(*) from (select 1 from messages_search where messages_search match $1 limit $2)";
    tx.one(sql, params![asked, most], |row| row.get(0)).await
}

pub async fn count_contacts(tx: &mut Tx, asked: &str, most: i64) -> Result<i64> {
    let sql = "select count(*) from (select 1 from contacts_search where contacts_search match $1 limit $2)";
    tx.one(sql, params![asked, most], |row| row.get(0)).await
}
