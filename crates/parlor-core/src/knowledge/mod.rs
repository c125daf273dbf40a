//! Knowledge: the account's own articles, cut into passages that can be found and quoted.

mod import;
mod sql;
mod text;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    conversations::Source,
    db::Tx,
    event::What,
    ids::{AccountId, ArticleId},
    links, search,
};

pub use import::{Format, Import};
pub(crate) use text::{begin_words, stems, terms, words};

/// The most characters a title may have.
const LONGEST_TITLE: usize = 200;
/// The most characters an article may have.
const LONGEST_BODY: usize = 100_000;
/// The most articles an account may have.
const MOST_ARTICLES: i64 = 10_000;

/// The most articles of a list.
const MOST_ENTRIES: i64 = 500;

/// One piece of the account's knowledge.
#[derive(Clone, Debug)]
pub struct Article {
    pub id: ArticleId,
    pub title: String,
    /// Plain text or Markdown; blank lines part the passages.
    pub body: String,
    /// Where visitors can read it.
    pub url: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Article {
    /// How many passages it is cut into.
    pub fn passages(&self) -> usize {
        text::passages(&self.body).len()
    }
}

/// An article in a list.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: ArticleId,
    pub title: String,
    pub url: Option<String>,
    /// How many passages it is cut into.
    pub passages: i64,
    pub updated_at: Timestamp,
}

/// Which articles are listed.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Stands in the title or in the text; case does not matter.
    pub search: Option<String>,
    /// The last one that is known already.
    pub after: Option<ArticleId>,
    pub limit: i64,
}

/// What an article is to be.
#[derive(Clone, Debug)]
pub struct NewArticle {
    pub title: String,
    pub body: String,
    pub url: Option<String>,
}

/// A part of an article that fits a question.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub text: String,
    pub source: Source,
}

/// Writes an article.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; [`Error::Conflict`] when there are too many.
pub async fn create(app: &App, actor: &Actor, new: NewArticle) -> Result<Article> {
    actor.require(Permission::ManageChannels)?;
    let new = new.checked()?;
    let mut articles = write(app, actor.account_id(), vec![new]).await?;
    articles.pop().ok_or_else(|| Error::internal("an article that was written is missing"))
}

/// Writes articles of what was written elsewhere: all, or none.
///
/// # Errors
/// As [`create`]; [`Error::Invalid`] for what has no text, is too large, or comes to too many articles.
pub async fn import(app: &App, actor: &Actor, import: Import) -> Result<Vec<Article>> {
    actor.require(Permission::ManageChannels)?;
    import.check()?;
    let new = app.aside(move || import.articles()).await??;
    write(app, actor.account_id(), new).await
}

async fn write(app: &App, account_id: AccountId, new: Vec<NewArticle>) -> Result<Vec<Article>> {
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let many = i64::try_from(new.len()).unwrap_or(i64::MAX);
                if sql::count(tx, account_id).await?.saturating_add(many) > MOST_ARTICLES {
                    return Err(Error::Conflict("The account has as many articles as it may have."));
                }
                let now = inner.now();
                let mut articles = Vec::with_capacity(new.len());
                for NewArticle { title, body, url } in new {
                    let id = ArticleId(inner.new_id());
                    let article = Article { id, title, body, url, created_at: now, updated_at: now };
                    sql::insert(tx, account_id, &article).await?;
                    index(&inner, tx, account_id, &article).await?;
                    articles.push(article);
                }
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                Ok(articles)
            })
        })
        .await
}

/// The account's articles, oldest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Article>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::list(tx, account_id).await })).await
}

/// The account's articles without their texts, oldest first.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for the search or the limit.
pub async fn entries(app: &App, actor: &Actor, listing: Listing) -> Result<Vec<Entry>> {
    actor.require(Permission::ViewChannels)?;
    if !(1..=MOST_ENTRIES).contains(&listing.limit) {
        return Err(Error::invalid("limit", "must be from 1 to 500"));
    }
    let search = listing.search.as_deref().map(str::trim).unwrap_or_default();
    if search.chars().count() > LONGEST_TITLE || search.contains('\0') {
        return Err(Error::invalid("search", "must have at most 200 characters and no NUL"));
    }
    let (account_id, search) = (actor.account_id(), search.to_owned());
    let after = listing.after.map_or(Uuid::nil(), |id| id.0);
    app.db
        .read(move |tx| {
            Box::pin(async move { sql::entries(tx, account_id, after, &search, listing.limit).await })
        })
        .await
}

/// One article.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: ArticleId) -> Result<Article> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    let article = app.db.read(move |tx| Box::pin(async move { sql::get(tx, account_id, id).await })).await?;
    article.ok_or(Error::NotFound("Article"))
}

/// Writes an article anew.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`].
pub async fn update(app: &App, actor: &Actor, id: ArticleId, new: NewArticle) -> Result<Article> {
    actor.require(Permission::ManageChannels)?;
    let (inner, account_id, new) = (app.clone(), actor.account_id(), new.checked()?);
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let known = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Article"))?;
                let NewArticle { title, body, url } = new;
                let article = Article { title, body, url, updated_at: inner.now(), ..known };
                sql::update(tx, &article).await?;
                unindex(tx, id).await?;
                index(&inner, tx, account_id, &article).await?;
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                Ok(article)
            })
        })
        .await
}

/// Deletes an article. Answers that quoted it stay as they are.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, id: ArticleId) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Article"))?;
                unindex(tx, id).await?;
                sql::delete(tx, id).await?;
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                Ok(())
            })
        })
        .await
}

impl NewArticle {
    fn checked(self) -> Result<NewArticle> {
        let title = checked_title(&self.title)?;
        let body = self.body.trim().to_owned();
        if body.is_empty() || body.chars().count() > LONGEST_BODY || body.contains('\0') {
            return Err(Error::invalid("body", "must have 1 to 100,000 characters"));
        }
        let url = self.url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        if url.as_ref().is_some_and(|url| !links::is_web(url)) {
            return Err(Error::invalid("url", "must be an http or https address"));
        }
        Ok(NewArticle { title, body, url })
    }
}

fn checked_title(title: &str) -> Result<String> {
    let title = title.trim();
    if !(1..=LONGEST_TITLE).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", "must have 1 to 200 printable characters"));
    }
    Ok(title.to_owned())
}

async fn index(app: &App, tx: &mut Tx, account_id: AccountId, article: &Article) -> Result<()> {
    for (position, passage) in text::passages(&article.body).iter().enumerate() {
        let id = app.new_id();
        let terms = text::terms(&format!("{} {passage}", article.title)).join(" ");
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        sql::insert_passage(tx, id, account_id, article.id, position, passage, &terms).await?;
        search::add(tx, account_id, article.id, id, &terms).await?;
    }
    Ok(())
}

async fn unindex(tx: &mut Tx, id: ArticleId) -> Result<()> {
    search::remove(tx, id).await?;
    sql::delete_passages(tx, id).await.map(drop)
}

/// How many passages a question brings at the most.
const FOUND: usize = 4;

/// The passages that fit a question, the best first. None where the question's words are hardly met: no answer is better than a wrong one.
pub(crate) async fn find(tx: &mut Tx, account_id: AccountId, asked: &str) -> Result<Vec<Passage>> {
    let mut asked = text::terms(asked);
    asked.truncate(text::TERMS);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let candidates = search::candidates(tx, account_id, &asked).await?;
    let ranked = text::rank(&asked, candidates.iter().map(|candidate| candidate.terms.as_str()));
    Ok(ranked.into_iter().take(FOUND).map(|index| candidates[index].passage.clone()).collect())
}
