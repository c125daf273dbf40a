//! Ratings: what can be rated, how often, and who hears of it.

use jiff::Timestamp;
use parlor_core::{
    Actor, App, Error, Event,
    accounts::{self, NewAccount},
    actor::{Agent, Role},
    assistants::AssistantChange,
    bus::{Heard, Listener},
    channels::{self, AutoReply, ChannelChange, NewChannel, SettingsChange},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Conversation, NewMessage, NewRating},
    ids::{ChannelId, ConversationId, SignInId},
    params,
};
use testkit::TestApp;

struct Shop {
    olga: Actor,
    token: String,
    channel: ChannelId,
}

impl Shop {
    async fn open(app: &App, email: &str) -> Shop {
        let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
        let (account, owner) = accounts::create(app, new).await.expect("an account");
        let operator = Actor::Operator(account.id);
        let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
        let channel = channels::create_website(app, &operator, new).await.expect("a channel");
        let off = channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off));
        off.await.expect("a switch");
        let olga = Actor::Agent(Agent {
            id: owner,
            account_id: account.id,
            name: "Olga".into(),
            email: String::new(),
            role: Role::Owner,
            sign_in: SignInId(app.new_id()),
        });
        Shop { olga, token: channel.token, channel: channel.id }
    }

    fn visitor(&self, external_id: &str) -> Visitor {
        Visitor {
            way_in: WayIn::Token(self.token.clone()),
            external_id: ExternalId::parse(external_id).expect("an id"),
            proof: None,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }

    async fn resolve(&self, app: &App, id: ConversationId) {
        conversations::resolve(app, &self.olga, id, Vec::new()).await.expect("it was open");
    }
}

async fn says(app: &App, visitor: &Visitor, text: &str) -> ConversationId {
    let new = NewMessage::text(text, None).expect("a text");
    conversations::receive(app, visitor, new, None).await.expect("a message").conversation.id
}

async fn rates(app: &App, visitor: &Visitor, score: i64, comment: &str) -> parlor_core::Result<u8> {
    let new = NewRating::new(score, Some(comment.to_owned()))?;
    conversations::rate(app, visitor, new).await.map(|rating| rating.score.get())
}

/// The conversation as the next event that it changed tells it.
async fn next_change(listener: &mut Listener) -> Conversation {
    loop {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("the house closed") };
        if let Event::ConversationChanged { conversation } = &*event {
            return conversation.clone();
        }
    }
}

/// How the newest session was rated.
async fn rated(app: &App, shop: &Shop, id: ConversationId) -> Option<(u8, Option<String>)> {
    let (conversation, _) = conversations::get(app, &shop.olga, id, None).await.expect("a conversation");
    conversation.session.rating.map(|rating| (rating.score.get(), rating.comment))
}

#[tokio::test]
async fn what_was_resolved_is_rated_and_staff_hear_of_it() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "ratings@one.example").await;
            let visitor = shop.visitor("rater");
            let refused = rates(&app, &visitor, 5, "").await;
            assert!(matches!(refused, Err(Error::NotFound("Conversation"))), "{refused:?}");
            let id = says(&app, &visitor, "Hello").await;
            let refused = rates(&app, &visitor, 5, "").await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "nothing was resolved: {refused:?}");
            shop.resolve(&app, id).await;

            let mut listener = app.bus.listen();
            rates(&app, &visitor, 2, "  Slow,\nbut kind  ").await.expect("a rating");
            let change = next_change(&mut listener).await;
            let rating = change.session.rating.clone().expect("it was rated");
            assert_eq!((rating.score.get(), rating.comment.as_deref()), (2, Some("Slow,\nbut kind")));
            // Thinking it over is allowed, and the comment goes with the rating.
            rates(&app, &visitor, 4, "   ").await.expect("another rating");
            let next = next_change(&mut listener).await;
            assert!(next.version > change.version);
            assert_eq!(rated(&app, &shop, id).await, Some((4, None)));
            assert_eq!(format!("{:?}", next.session.rating), {
                let (stored, _) = conversations::get(&app, &shop.olga, id, None).await.expect("stored");
                format!("{:?}", stored.session.rating)
            });
        })
        .await;
}

#[tokio::test]
async fn a_session_that_has_a_successor_is_rated_once_and_within_a_week() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "ratings@two.example").await;
            let visitor = shop.visitor("rater");
            let id = says(&app, &visitor, "Hello").await;
            shop.resolve(&app, id).await;
            says(&app, &visitor, "One more thing").await;
            rates(&app, &visitor, 3, "").await.expect("it was resolved a moment ago");
            assert_eq!(rated(&app, &shop, id).await, None, "the new session is not what was rated");
            let again = rates(&app, &visitor, 4, "").await;
            assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");

            // The newest of all can be rated again, however old it is.
            shop.resolve(&app, id).await;
            long_ago(&app, id).await;
            rates(&app, &visitor, 1, "").await.expect("it is the newest");
            rates(&app, &visitor, 2, "").await.expect("another");
            assert_eq!(rated(&app, &shop, id).await, Some((2, None)));

            let late = shop.visitor("late");
            let id = says(&app, &late, "Hello").await;
            shop.resolve(&app, id).await;
            long_ago(&app, id).await;
            says(&app, &late, "Months later").await;
            let refused = rates(&app, &late, 5, "").await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        })
        .await;
}

/// Moves a conversation's resolves into the past.
async fn long_ago(app: &App, id: ConversationId) {
    let then: Timestamp = "2020-01-01T00:00:00Z".parse().expect("a time");
    let sql = "update sessions set resolved_at = $2 where conversation_id = $1 and resolved_at is not null";
    app.db
        .write(move |tx| Box::pin(async move { tx.exec(sql, params![id, then]).await }))
        .await
        .expect("sessions of long ago");
}

#[tokio::test]
async fn a_rating_stays_with_its_session_when_it_is_opened_again() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "ratings@three.example").await;
            let visitor = shop.visitor("rater");
            let id = says(&app, &visitor, "Hello").await;
            shop.resolve(&app, id).await;
            rates(&app, &visitor, 1, "It broke again").await.expect("a rating");
            conversations::reopen(&app, &shop.olga, id).await.expect("it was resolved");
            let refused = rates(&app, &visitor, 5, "").await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "nothing is resolved: {refused:?}");
            shop.resolve(&app, id).await;
            assert_eq!(rated(&app, &shop, id).await, Some((1, Some("It broke again".into()))));
            rates(&app, &visitor, 5, "Fixed").await.expect("a better rating");
            assert_eq!(rated(&app, &shop, id).await, Some((5, Some("Fixed".into()))));
        })
        .await;
}

#[tokio::test]
async fn a_channel_that_asks_for_no_ratings_takes_none() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "ratings@four.example").await;
            let visitor = shop.visitor("rater");
            let id = says(&app, &visitor, "Hello").await;
            shop.resolve(&app, id).await;
            let off = serde_json::json!({ "rating": { "enabled": false } });
            let settings = SettingsChange::parse("settings", &off).expect("settings");
            let change = ChannelChange { settings, ..ChannelChange::default() };
            channels::update(&app, &shop.olga, shop.channel, change).await.expect("a switch");
            let refused = rates(&app, &visitor, 5, "").await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
            assert_eq!(rated(&app, &shop, id).await, None);
        })
        .await;
}

#[test]
fn what_is_no_rating_is_refused() {
    for score in [0, 6, -1, 256, 261, i64::MAX, i64::MIN] {
        assert!(NewRating::new(score, None).is_err(), "{score}");
    }
    let comment = |text: String| NewRating::new(3, Some(text));
    assert!(comment("ü".repeat(1000)).is_ok());
    assert!(comment(format!("  {}  ", "ü".repeat(1000))).is_ok(), "what stands around it does not count");
    assert!(comment("ü".repeat(1001)).is_err());
    assert!(comment("a\u{0}b".into()).is_err());
}
