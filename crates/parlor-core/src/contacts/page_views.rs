//! The shop's pages that a contact has seen, as the visitor's browser tells it. Only of contacts: who has never written is not followed.

use jiff::Timestamp;
use url::Url;

use super::{Visitor, sql};
use crate::{
    Error, Result,
    app::App,
    conversations,
    db::Tx,
    ids::{AccountId, ContactId},
    limits::{self, Action},
    links,
};

/// A page of the shop, and when the contact was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageView {
    pub url: String,
    pub title: Option<String>,
    pub at: Timestamp,
}

/// A page as a browser names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(super) url: String,
    pub(super) title: Option<String>,
}

/// The most characters of a title.
const LONGEST_TITLE: usize = 200;
/// How many are kept of a contact.
const KEPT: i64 = 50;
/// How many staff are shown.
const SHOWN: i64 = 20;

impl Page {
    /// The address without its fragment and without name and password in it: neither says where somebody is, and both may be secret. Its query
    /// stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it is http or https and has at most 2,000 characters, and for a title that does not do.
    pub fn parse(address: &str, title: Option<&str>) -> Result<Page> {
        let refused = || Error::invalid("url", "must be an http or https address of at most 2000 characters");
        let mut url = Url::parse(address).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused());
        }
        url.set_fragment(None);
        let bare = url.set_username("").and_then(|()| url.set_password(None));
        bare.map_err(|()| refused())?;
        if url.as_str().len() > links::LONGEST {
            return Err(refused());
        }
        let title = title.map(str::trim).filter(|title| !title.is_empty());
        let fits = |title: &str| title.chars().count() <= LONGEST_TITLE && !title.contains(char::is_control);
        if !title.is_none_or(fits) {
            return Err(Error::invalid("title", "must have at most 200 printable characters"));
        }
        Ok(Page { url: url.into(), title: title.map(str::to_owned) })
    }
}

/// Notes that the visitor is on a page. The same as the last one is that one, seen again.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::NotFound`] for whoever has not written; [`Error::Unverified`];
/// [`Error::TooMany`].
pub async fn see_page(app: &App, visitor: &Visitor, page: Page) -> Result<()> {
    app.limits.check(Action::AddressReads, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorPages, (&visitor.way_in, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (_, conversation) = conversations::hold(&inner, tx, &visitor).await?;
                // One that was opened before there was a message is nothing that staff would see.
                if conversation.last_seq == 0 {
                    return Err(Error::NotFound("Conversation"));
                }
                let (account_id, contact_id) = (conversation.account_id, conversation.contact.id);
                let now = inner.now();
                if sql::see_page_again(tx, contact_id, &page, now).await? == 0 {
                    sql::insert_page_view(tx, inner.new_id(), account_id, contact_id, &page, now).await?;
                    sql::drop_page_views(tx, contact_id, KEPT).await?;
                }
                Ok(())
            })
        })
        .await
}

/// The newest 20 pages that a contact has seen, newest first.
///
/// # Errors
/// [`Error::Database`].
pub async fn page_views(tx: &mut Tx, account_id: AccountId, contact_id: ContactId) -> Result<Vec<PageView>> {
    sql::page_views(tx, account_id, contact_id, SHOWN).await
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn an_address_keeps_its_query_and_loses_what_is_nobodys_business() {
        for (given, kept) in [
            ("https://shop.example", "https://shop.example/"),
            ("https://shop.example/pots?size=3&q=a%20b#top", "https://shop.example/pots?size=3&q=a%20b"),
            ("https://ada:secret@shop.example/", "https://shop.example/"),
            ("HTTP://Shop.Example:80/Ü", "http://shop.example/%C3%9C"),
            ("http://localhost:3000/#/cart", "http://localhost:3000/"),
        ] {
            assert_eq!(Page::parse(given, None).expect(given).url, kept);
        }
    }

    #[test]
    fn what_is_no_page_of_a_shop_is_refused() {
        let long = format!("https://shop.example/{}", "x".repeat(2000));
        for given in
            ["", "/pots", "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https://", &long]
        {
            assert!(Page::parse(given, None).is_err(), "{given}");
        }
        let title = |title: &str| Page::parse("https://shop.example/", Some(title)).map(|page| page.title);
        assert_eq!(title("  Pots  ").expect("a title"), Some("Pots".to_owned()));
        assert_eq!(title("   ").expect("none"), None);
        assert_eq!(title(&"ü".repeat(200)).expect("a title"), Some("ü".repeat(200)));
        assert!(title(&"ü".repeat(201)).is_err());
        assert!(title("Po\u{0}ts").is_err());
    }
}
