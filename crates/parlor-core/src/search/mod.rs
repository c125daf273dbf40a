//! Full text: the one real fork between the databases. Both are asked for candidates by the same terms; which fits is decided by the
//! caller, so both find the same.

mod contacts;
mod postgres;
mod sqlite;

use uuid::Uuid;

use crate::{
    Result,
    conversations::{Content, Conversation, Message, Source},
    db::{Dialect, Row, Tx},
    ids::{AccountId, ArticleId, ConversationId},
    knowledge::{self, Passage},
};

pub use contacts::{NOBODY, add_contact, change_contact, like as contacts_like};

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
    let words = words_of(&message.content);
    let (account_id, id) = (conversation.account_id, conversation.id);
    tx.at_end(move |tx| {
        Box::pin(async move {
            match tx.dialect() {
                Dialect::Sqlite => sqlite::add_message(tx, account_id, id, &words).await,
                Dialect::Postgres => postgres::add_message(tx, account_id, id, &words).await,
            }
        })
    });
}

/// The same for many messages of an account, at once.
pub async fn add_messages(
    tx: &mut Tx,
    account_id: AccountId,
    messages: &[(ConversationId, &Content)],
) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => {
            for (id, content) in messages {
                sqlite::add_message(tx, account_id, *id, &words_of(content)).await?;
            }
            Ok(())
        }
        Dialect::Postgres => {
            for messages in messages.chunks(postgres::AT_ONCE) {
                let words: Vec<_> = messages.iter().map(|(id, content)| (*id, words_of(content))).collect();
                postgres::add_messages(tx, account_id, &words).await?;
            }
            Ok(())
        }
    }
}

/// Each word once.
fn words_of(content: &Content) -> String {
    let mut words = knowledge::words(&content.plain());
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

/// The question for messages of an account in which each of these words begins a word. Without any word it finds nothing.
pub fn all_words(dialect: Dialect, account_id: AccountId, words: &[String]) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::all_words(account_id, words),
        Dialect::Postgres => postgres::all_words(words),
    }
}

/// Whether a question of [`all_words`] fits more messages than so many.
pub async fn has_more_messages(tx: &mut Tx, account_id: AccountId, asked: &str, most: i64) -> Result<bool> {
    let found = match tx.dialect() {
        Dialect::Sqlite => sqlite::count_messages(tx, asked, most + 1).await?,
        Dialect::Postgres => postgres::count_messages(tx, account_id, asked, most + 1).await?,
    };
    Ok(found > most)
}

/// Whether a question of [`contacts_like`] fits more contacts than so many.
pub async fn has_more_contacts(tx: &mut Tx, account_id: AccountId, asked: &str, most: i64) -> Result<bool> {
    let found = match tx.dialect() {
        Dialect::Sqlite => sqlite::count_contacts(tx, asked, most + 1).await?,
        Dialect::Postgres => postgres::count_contacts(tx, account_id, asked, most + 1).await?,
    };
    Ok(found > most)
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
