//! FTS5. The account is an indexed term, so a search stays within it.

use uuid::Uuid;

use super::{CANDIDATES, Candidate, candidate};
use crate::{
    Result,
    db::Tx,
    ids::{AccountId, ArticleId, ConversationId},
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

pub async fn add_message(
    tx: &mut Tx,
    account_id: AccountId,
    conversation_id: ConversationId,
    words: &str,
) -> Result<()> {
    let sql = "insert into messages_search (account, words, conversation_id) values ($1, $2, $3)";
    let account = account_id.0.simple().to_string();
    tx.exec(sql, params![&account, words, conversation_id]).await.map(drop)
}

pub fn all_words(account_id: AccountId, words: &[String]) -> String {
    if words.is_empty() {
        // No account is called so, and an empty question is no question to FTS5.
        return "account : \"none\"".to_owned();
    }
    // Words are letters and digits only, so nothing in them can leave its quotes.
    let all: Vec<String> = words.iter().map(|word| format!("\"{word}\"*")).collect();
    format!("account : \"{}\" AND words : ({})", account_id.0.simple(), all.join(" AND "))
}
