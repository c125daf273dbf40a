use jiff::Timestamp;
use uuid::Uuid;

use super::{Page, PageView};
use crate::{
    Result,
    db::Tx,
    ids::{AccountId, ContactId},
    params,
};

/// Touches no row when the contact's last page is another one. The caller holds the contact's conversation.
pub async fn see_page_again(tx: &mut Tx, id: ContactId, page: &Page, now: Timestamp) -> Result<u64> {
    let sql = "update page_views set title = $3, seen_at = $4
               where id = (select id from page_views where contact_id = $1 order by id desc limit 1) and url = $2";
    tx.exec(sql, params![id, &page.url, page.title.as_ref(), now]).await
}

pub async fn insert_page_view(
    tx: &mut Tx,
    id: Uuid,
    account_id: AccountId,
    contact_id: ContactId,
    page: &Page,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into page_views (id, account_id, contact_id, url, title, seen_at) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![id, account_id, contact_id, &page.url, page.title.as_ref(), now]).await
}

/// Drops all but the newest.
pub async fn drop_page_views(tx: &mut Tx, id: ContactId, kept: i64) -> Result<u64> {
    let sql = "delete from page_views where contact_id = $1
               and id <= (select id from page_views where contact_id = $1 order by id desc limit 1 offset $2)";
    tx.exec(sql, params![id, kept]).await
}

/// Newest first.
pub async fn page_views(
    tx: &mut Tx,
    account_id: AccountId,
    id: ContactId,
    limit: i64,
) -> Result<Vec<PageView>> {
    let sql = "select url, title, seen_at from page_views
               where account_id = $1 and contact_id = $2 order by id desc limit $3";
    tx.all(sql, params![account_id, id, limit], |row| {
        Ok(PageView { url: row.get(0)?, title: row.get(1)?, at: row.get(2)? })
    })
    .await
}
