//! Full text: the one real fork between the databases. Both are asked for candidates by the same terms; which fits is decided by the
//! caller, so both find the same.

mod postgres;
mod sqlite;

use uuid::Uuid;

use crate::{
    Result,
    conversations::{Conversation, Message, Source},
    db::{Dialect, Row, Tx},
    ids::{AccountId, ArticleId},
    knowledge::{self, Passage},
};

/// How many passages are looked at more closely.
const CANDIDATES: i64 = 40;

/// A passage that meets at least one term of the question.
pub struct Candidate {
    pub passage: Passage,
    pub terms: String,
}

pub async fn add(
    tx: &mut Tx,
    account_id: AccountId,
    article_id: ArticleId,
    passage_id: Uuid,
    terms: &str,
) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::add(tx, account_id, article_id, passage_id, terms).await,
        // A generated column keeps the index.
        Dialect::Postgres => Ok(()),
    }
}

pub async fn remove(tx: &mut Tx, article_id: ArticleId) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::remove(tx, article_id).await,
        Dialect::Postgres => Ok(()),
    }
}

/// Makes a message findable by its words, also by those of its buttons and cards, from the commit on.
pub fn add_message(tx: &mut Tx, conversation: &Conversation, message: &Message) {
    let mut words = knowledge::words(&message.content.plain());
    words.sort_unstable();
    words.dedup();
    let words = words.join(" ");
    let (account_id, conversation_id) = (conversation.account_id, conversation.id);
    tx.at_end(move |tx| {
        Box::pin(async move {
            match tx.dialect() {
                Dialect::Sqlite => sqlite::add_message(tx, account_id, conversation_id, &words).await,
                Dialect::Postgres => postgres::add_message(tx, account_id, conversation_id, &words).await,
            }
        })
    });
}

/// The question for messages of an account in which each of these words begins a word. Without any word it finds nothing.
pub fn all_words(dialect: Dialect, account_id: AccountId, words: &[String]) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::all_words(account_id, words),
        Dialect::Postgres => postgres::all_words(words),
    }
}

pub async fn candidates(tx: &mut Tx, account_id: AccountId, asked: &[String]) -> Result<Vec<Candidate>> {
    let stems: Vec<&str> = knowledge::stems(asked).collect();
    match tx.dialect() {
        Dialect::Sqlite => sqlite::candidates(tx, account_id, &stems).await,
        Dialect::Postgres => postgres::candidates(tx, account_id, &stems).await,
    }
}

/// Reads content, terms, and the article's id, title and url.
fn candidate(row: &Row<'_>) -> Result<Candidate> {
    let source = Source { article_id: row.get(2)?, title: row.get(3)?, url: row.get(4)? };
    Ok(Candidate { passage: Passage { text: row.get(0)?, source }, terms: row.get(1)? })
}
