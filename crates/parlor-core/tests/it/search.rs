//! Retrieval: both databases find the same passage for the same question.

use parlor_core::{
    Actor, App,
    accounts::{self, NewAccount},
    assistants::{AssistantChange, NEEDS_PERSON, Provider},
    bus::Heard,
    channels::{self, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, NewMessage, SenderType},
    knowledge::{self, NewArticle},
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
    Shop { token: channel.token }
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
