//! Retrieval: both databases find the same passage for the same question.

use parlor_core::{
    Actor, App, Error,
    accounts::{self, NewAccount},
    assistants::{AssistantChange, NEEDS_PERSON, Provider},
    bus::Heard,
    channels::{self, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Filter, NewMessage, Page, Search, SenderType, Start},
    ids::{AccountId, ConversationId},
    knowledge::{self, NewArticle},
    usage::Plan,
};
use testkit::TestApp;

const ARTICLES: &[(&str, &str)] = &[
    (
        "Shipping",
        "Within Germany we deliver in two working days.\n\nTo Austria and France it takes four working days.",
    ),
    ("Returns", "You may return anything within 30 days. We refund the price to the card that paid."),
    ("Opening hours", "The shop is open from Monday to Saturday, 10 to 19 o'clock."),
    ("Pflege", "Gießen Sie die Monstera einmal in der Woche. Düngen ist nur im Sommer nötig."),
    ("Odd \"title\" OR NEAR(*)", "Ranunculus ' OR 1=1 -- & | ! ( ) : * likes shade."),
];

async fn answers(app: &App, shop: &Shop, question: &str) -> (String, Vec<String>, Vec<String>) {
    let mut listener = app.bus.listen();
    let visitor = Visitor {
        way_in: WayIn::Token(shop.token.clone()),
        external_id: ExternalId::parse(&app.new_id().to_string()).expect("an id"),
        proof: None,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let new = NewMessage::text(question, None).expect("a text");
    conversations::receive(app, &visitor, new, None).await.expect("a message");
    loop {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("the house closed") };
        if let parlor_core::Event::MessageSent { conversation, message } = &*event
            && message.sender.kind() == SenderType::Bot
        {
            let sources = message.sources.iter().map(|source| source.title.clone()).collect();
            return (message.content.text.clone(), sources, conversation.session.tags.clone());
        }
    }
}

struct Shop {
    account_id: AccountId,
    token: String,
}

async fn shop(app: &App, email: &str, articles: &[(&str, &str)]) -> Shop {
    let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
    let (account, _) = accounts::create(app, new).await.expect("an account");
    let operator = Actor::Operator(account.id);
    let assistant = AssistantChange { provider: Some(Provider::Local), ..AssistantChange::default() };
    let new = NewChannel { display_name: "Chat".into(), assistant };
    let channel = channels::create_website(app, &operator, new).await.expect("a channel");
    for (title, body) in articles {
        let new = NewArticle { title: (*title).into(), body: (*body).into(), url: None };
        knowledge::create(app, &operator, new).await.expect("an article");
    }
    Shop { account_id: account.id, token: channel.token }
}

#[tokio::test]
async fn the_passage_that_fits_is_quoted_with_its_source() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = shop(&app, "owner@one.example", ARTICLES).await;
            let expected = [
                ("How long does shipping to Austria take?", "four working days", "Shipping"),
                ("Can I return my order?", "within 30 days", "Returns"),
                ("When are you open on Saturday?", "10 to 19", "Opening hours"),
                ("Wie oft soll ich die Monstera giessen?", "einmal in der Woche", "Pflege"),
                ("ranunculus \"' OR NEAR(*:)", "likes shade", "Odd \"title\" OR NEAR(*)"),
            ];
            for (question, quoted, source) in expected {
                let (text, sources, tags) = answers(&app, &shop, question).await;
                assert!(text.contains(quoted), "{question}: {text}");
                assert_eq!(sources, [source], "{question}");
                assert!(tags.is_empty(), "{question}");
            }
        })
        .await;
}

#[tokio::test]
async fn where_nothing_fits_a_person_is_offered_and_staff_can_see_it() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = shop(&app, "owner@two.example", ARTICLES).await;
            let (text, sources, tags) = answers(&app, &shop, "Do you rent submarines with periscopes?").await;
            assert!(text.contains("colleague"), "{text}");
            assert!(sources.is_empty());
            assert_eq!(tags, [NEEDS_PERSON]);
        })
        .await;
}

#[tokio::test]
async fn another_accounts_articles_are_never_quoted() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            shop(&app, "owner@three.example", ARTICLES).await;
            let empty = shop(&app, "owner@four.example", &[]).await;
            let (_, sources, tags) = answers(&app, &empty, "How long does shipping to Austria take?").await;
            assert!(sources.is_empty());
            assert_eq!(tags, [NEEDS_PERSON]);
        })
        .await;
}

#[tokio::test]
async fn only_what_was_kept_is_found_by_its_words_from_the_commit_on() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = shop(&app, "words@one.example", &[]).await;
            let says = |visitor: usize, text: &'static str| {
                let visitor = Visitor {
                    way_in: WayIn::Token(shop.token.clone()),
                    external_id: ExternalId::parse(&format!("visitor {visitor}")).expect("an id"),
                    proof: None,
                    address: std::net::Ipv4Addr::LOCALHOST.into(),
                };
                let (app, new) = (app.clone(), NewMessage::text(text, None).expect("a text"));
                tokio::spawn(async move {
                    let sent = conversations::receive(&app, &visitor, new, None).await?;
                    Ok::<ConversationId, Error>(sent.conversation.id)
                })
            };
            let found = async |words: &str| {
                let filter = Filter { search: Search::parse(words).expect("words"), ..Filter::default() };
                let page = Page { start: Start::Offset(0), size: 100 };
                let operator = Actor::Operator(shop.account_id);
                let listed = conversations::page(&app, &operator, filter, page).await.expect("a list");
                let mut ids: Vec<_> = listed.iter().map(|listed| listed.conversation.id.0).collect();
                ids.sort_unstable();
                ids
            };
            let plan = Plan { max_monthly_messages: Some(15), ..Plan::default() };
            accounts::set_plan(&app, shop.account_id, plan).await.expect("a plan");
            for visitor in 0..10 {
                says(visitor, "Hello").await.expect("no panic").expect("a message");
            }
            // Together, so that on SQLite those that are kept share commits with those that are not.
            let mut kept = Vec::new();
            for said in (0..10).map(|visitor| says(visitor, "My umbrella leaks")).collect::<Vec<_>>() {
                match said.await.expect("no panic") {
                    Ok(id) => kept.push(id.0),
                    Err(error) => assert!(matches!(error, Error::Usage(_)), "{error:?}"),
                }
            }
            kept.sort_unstable();
            assert_eq!(kept.len(), 5);
            assert_eq!(found("umbrella").await, kept);
            assert_eq!(found("hello").await.len(), 10);
        })
        .await;
}
