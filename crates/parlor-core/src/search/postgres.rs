//! tsvector with the configuration `simple`: the program has normalised the terms already.

use super::{CANDIDATES, Candidate, candidate};
use crate::{
    Result,
    db::Tx,
    ids::{AccountId, ConversationId},
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

pub async fn add_message(
    tx: &mut Tx,
    account_id: AccountId,
    conversation_id: ConversationId,
    words: &str,
) -> Result<()> {
    let sql = "insert into messages_search (account_id, conversation_id, words) values ($1, $2, to_tsvector('simple', $3))";
    tx.exec(sql, params![account_id, conversation_id, words]).await.map(drop)
}

pub fn all_words(words: &[String]) -> String {
    // Words are letters and digits only, so nothing in them can be an operator.
    let all: Vec<String> = words.iter().map(|word| format!("{word}:*")).collect();
    all.join(" & ")
}
