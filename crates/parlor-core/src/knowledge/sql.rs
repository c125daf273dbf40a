use uuid::Uuid;

use super::{Article, Entry};
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, ArticleId},
    params,
};

pub async fn count(tx: &mut Tx, account_id: AccountId) -> Result<i64> {
    tx.one("select count(*) from articles where account_id = $1", params![account_id], |row| row.get(0)).await
}

pub async fn insert(tx: &mut Tx, account_id: AccountId, article: &Article) -> Result<u64> {
    let sql = "insert into articles (id, account_id, title, body, url, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)";
    let Article { id, title, body, url, created_at, .. } = article;
    tx.exec(sql, params![*id, account_id, title, body, url.as_ref(), *created_at]).await
}

fn article(row: &Row<'_>) -> Result<Article> {
    Ok(Article {
        id: row.get(0)?,
        title: row.get(1)?,
        body: row.get(2)?,
        url: row.get(3)?,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    })
}

pub async fn list(tx: &mut Tx, account_id: AccountId) -> Result<Vec<Article>> {
    let sql =
        "select id, title, body, url, created_at, updated_at from articles where account_id = $1 order by id";
    tx.all(sql, params![account_id], article).await
}

/// Those after one, oldest first. Nothing to search for is found everywhere.
pub async fn entries(
    tx: &mut Tx,
    account_id: AccountId,
    after: Uuid,
    search: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    // Every character means itself, which it would not in a `like`.
    let sql = "select a.id, a.title, a.url, a.updated_at, (select count(*) from passages p where p.article_id = a.id)
               from articles a
               where a.account_id = $1 and a.id > $2 and ($3 = '' or replace(lower(a.title), lower($3), '') <> lower(a.title)
                 or replace(lower(a.body), lower($3), '') <> lower(a.body))
               order by a.id limit $4";
    let entry = |row: &Row<'_>| {
        Ok(Entry {
            id: row.get(0)?,
            title: row.get(1)?,
            url: row.get(2)?,
            updated_at: row.get(3)?,
            passages: row.get(4)?,
        })
    };
    tx.all(sql, params![account_id, after, search, limit], entry).await
}

pub async fn get(tx: &mut Tx, account_id: AccountId, id: ArticleId) -> Result<Option<Article>> {
    let sql =
        "select id, title, body, url, created_at, updated_at from articles where account_id = $1 and id = $2";
    tx.opt(sql, params![account_id, id], article).await
}

pub async fn update(tx: &mut Tx, article: &Article) -> Result<u64> {
    let sql = "update articles set title = $2, body = $3, url = $4, updated_at = $5 where id = $1";
    let Article { id, title, body, url, updated_at, .. } = article;
    tx.exec(sql, params![*id, title, body, url.as_ref(), *updated_at]).await
}

pub async fn delete(tx: &mut Tx, id: ArticleId) -> Result<u64> {
    tx.exec("delete from articles where id = $1", params![id]).await
}

pub async fn insert_passage(
    tx: &mut Tx,
    id: Uuid,
    account_id: AccountId,
    article_id: ArticleId,
    position: i64,
    content: &str,
    terms: &str,
) -> Result<u64> {
    let sql = "insert into passages (id, account_id, article_id, position, content, terms) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![id, account_id, article_id, position, content, terms]).await
}

pub async fn delete_passages(tx: &mut Tx, id: ArticleId) -> Result<u64> {
    tx.exec("delete from passages where article_id = $1", params![id]).await
}
