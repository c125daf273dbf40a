//! The pages that a contact has seen: whose, how many, and in which order.

use parlor_core::{
    Actor, App, Error,
    accounts::{self, NewAccount},
    assistants::AssistantChange,
    channels::{self, AutoReply, NewChannel},
    contacts::{self, ExternalId, Page, PageView, Visitor, WayIn},
    conversations::{self, NewMessage},
    ids::{AccountId, ContactId},
    limits::RateLimits,
};
use testkit::TestApp;

async fn shop(app: &App, email: &str) -> (AccountId, String) {
    let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
    let (account, _) = accounts::create(app, new).await.expect("an account");
    let operator = Actor::Operator(account.id);
    let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
    let channel = channels::create_website(app, &operator, new).await.expect("a channel");
    channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off)).await.expect("a switch");
    (account.id, channel.token)
}

fn visitor(token: &str, external_id: &str) -> Visitor {
    Visitor {
        way_in: WayIn::Token(token.to_owned()),
        external_id: ExternalId::parse(external_id).expect("an id"),
        proof: None,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

async fn writes(app: &App, visitor: &Visitor) -> ContactId {
    let new = NewMessage::text("Hello", None).expect("a text");
    conversations::receive(app, visitor, new, None).await.expect("a message").conversation.contact.id
}

async fn sees(app: &App, visitor: &Visitor, address: &str, title: &str) -> parlor_core::Result<()> {
    contacts::see_page(app, visitor, Page::parse(address, Some(title))?).await
}

async fn seen(app: &App, account: AccountId, contact: ContactId) -> Vec<PageView> {
    let read =
        app.db.read(move |tx| Box::pin(async move { contacts::page_views(tx, account, contact).await }));
    read.await.expect("page views")
}

fn urls(views: &[PageView]) -> Vec<&str> {
    views.iter().map(|view| view.url.strip_prefix("https://shop.example/").expect("of the shop")).collect()
}

#[tokio::test]
async fn the_newest_pages_of_a_contact_are_shown_newest_first() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let (account, token) = shop(&app, "pages@one.example").await;
            let (elsewhere, _) = shop(&app, "pages@two.example").await;
            let (ada, bob) = (visitor(&token, "ada"), visitor(&token, "bob"));
            let refused = sees(&app, &ada, "https://shop.example/", "Shop").await;
            assert!(
                matches!(refused, Err(Error::NotFound("Conversation"))),
                "who has not written is not followed: {refused:?}"
            );
            conversations::open(&app, &ada, None).await.expect("a conversation without a message");
            let refused = sees(&app, &ada, "https://shop.example/", "Shop").await;
            assert!(matches!(refused, Err(Error::NotFound("Conversation"))), "{refused:?}");
            let contact = writes(&app, &ada).await;
            let other = writes(&app, &bob).await;
            for (path, title) in [("", "Shop"), ("pots?size=3#top", "Pots"), ("cart", "")] {
                sees(&app, &ada, &format!("https://shop.example/{path}"), title).await.expect("it is noted");
            }
            let views = seen(&app, account, contact).await;
            assert_eq!(urls(&views), ["cart", "pots?size=3", ""]);
            let titles: Vec<_> = views.iter().map(|view| view.title.as_deref()).collect();
            assert_eq!(titles, [None, Some("Pots"), Some("Shop")]);
            assert!(views.is_sorted_by(|newer, older| newer.at > older.at));
            assert_eq!(seen(&app, account, other).await, []);
            assert_eq!(seen(&app, elsewhere, contact).await, [], "another account's contact");

            // A page that is loaded again is the same one; one that is come back to is another.
            sees(&app, &ada, "https://shop.example/cart#bottom", "Your cart").await.expect("it is noted");
            let again = seen(&app, account, contact).await;
            assert_eq!(urls(&again), ["cart", "pots?size=3", ""]);
            assert!(again[0].at > views[0].at);
            assert_eq!(again[0].title.as_deref(), Some("Your cart"));
            sees(&app, &ada, "https://shop.example/", "Shop").await.expect("it is noted");
            assert_eq!(urls(&seen(&app, account, contact).await), ["", "cart", "pots?size=3", ""]);
        })
        .await;
}

#[tokio::test]
async fn no_more_than_fifty_are_kept_of_a_contact_and_twenty_shown() {
    let product = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    product
        .within(|app| async move {
            let (account, token) = shop(&app, "pages@three.example").await;
            let (ada, bob) = (visitor(&token, "ada"), visitor(&token, "bob"));
            let (contact, other) = (writes(&app, &ada).await, writes(&app, &bob).await);
            sees(&app, &bob, "https://shop.example/bobs", "").await.expect("it is noted");
            for number in 1..=120 {
                sees(&app, &ada, &format!("https://shop.example/{number}"), "").await.expect("it is noted");
            }
            let newest: Vec<String> = (101..=120).rev().map(|number| number.to_string()).collect();
            assert_eq!(urls(&seen(&app, account, contact).await), newest);
            let sql = "select count(*) from page_views";
            let kept = app
                .db
                .read(move |tx| Box::pin(async move { tx.one(sql, &[], |row| row.get::<i64>(0)).await }));
            assert_eq!(kept.await.expect("a number"), 51);
            assert_eq!(urls(&seen(&app, account, other).await), ["bobs"]);
        })
        .await;
}

#[tokio::test]
async fn who_is_on_too_many_pages_is_not_followed_on_all_of_them() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let (_, token) = shop(&app, "pages@four.example").await;
            let ada = visitor(&token, "ada");
            writes(&app, &ada).await;
            let mut noted = 0;
            let refused = loop {
                match sees(&app, &ada, &format!("https://shop.example/{noted}"), "").await {
                    Ok(()) => noted += 1,
                    Err(refused) => break refused,
                }
                assert!(noted < 500, "there is no limit");
            };
            assert!(matches!(refused, Error::TooMany(_)) && noted >= 20, "{refused:?} after {noted}");
            writes(&app, &ada).await;
        })
        .await;
}
