//! Embed tokens: who answers behind them.

use parlor_core::{
    Actor, Error,
    assistants::{self, AssistantChange},
    channels::{self, AutoReply, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, NewMessage, SenderType},
    embeds::{self, NewEmbed},
    limits::RateLimits,
};
use testkit::TestApp;

fn named(name: &str) -> AssistantChange {
    AssistantChange { name: Some(name.into()), ..AssistantChange::default() }
}

#[tokio::test]
async fn a_session_is_answered_by_the_assistant_of_the_token_that_opened_it() {
    let mut product = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    let account_id = product.shop_without_channel().await.account_id;
    let operator = Actor::Operator(account_id);
    let tokens = product
        .within({
            let operator = operator.clone();
            |app| async move {
                let new = NewChannel { display_name: "Chat".into(), assistant: named("Own") };
                let channel = channels::create_website(&app, &operator, new).await.expect("a channel");
                let other = assistants::create(&app, &operator, named("Other")).await.expect("an assistant");
                let new = NewEmbed { name: "Blog".into(), assistant: Some(other.id), origins: vec![] };
                let (embed, token) = embeds::create(&app, &operator, new).await.expect("a token");
                assert_eq!((embed.assistant_name.as_str(), embed.channel_id), ("Other", channel.id));
                assert!(token.starts_with("ew_") && token.len() >= 3 + 27, "{token}");
                let used = assistants::remove(&app, &operator, other.id).await;
                assert!(matches!(used, Err(Error::Conflict(_))), "{used:?}");
                [channel.token, token]
            }
        })
        .await;
    product.restart().await;
    product
        .within(|app| async move {
            let visitor = |token: &String| Visitor {
                way_in: WayIn::Token(token.clone()),
                external_id: ExternalId::parse("visitor").expect("an id"),
                proof: None,
                address: std::net::Ipv4Addr::LOCALHOST.into(),
            };
            let [by_channel, by_embed] = &tokens;
            let answered_by = async |way: &String, text: &str| {
                let mut listener = app.bus.listen();
                let new = NewMessage::text(text, None).expect("a text");
                let sent = conversations::receive(&app, &visitor(way), new, None).await.expect("it is open");
                let name = loop {
                    let heard = listener.next().await.expect("the house is open");
                    if let parlor_core::bus::Heard::Event(event) = heard
                        && let parlor_core::Event::MessageSent { message, .. } = &*event
                        && message.sender.kind() == SenderType::Bot
                    {
                        break message.sender.name().expect("a name").to_owned();
                    }
                };
                (sent.conversation.id, name)
            };
            let (id, name) = answered_by(by_embed, "First").await;
            assert_eq!(name, "Other");
            // The session goes on as it began, whichever way the next message comes.
            assert_eq!(answered_by(by_channel, "Second").await, (id, "Other".to_owned()));
            conversations::resolve(&app, &operator, id, Vec::new()).await.expect("it is open");
            assert_eq!(answered_by(by_channel, "Third").await, (id, "Own".to_owned()));
            conversations::resolve(&app, &operator, id, Vec::new()).await.expect("it is open");
            assert_eq!(answered_by(by_embed, "Fourth").await, (id, "Other".to_owned()));
            // Each is metered by itself.
            let sums = app.db.read(move |tx| {
                Box::pin(async move {
                    let sql = "select s.name, u.messages, u.answers from usage u join assistants s on s.id = u.assistant_id
                               where u.account_id = $1 order by s.name";
                    let row = |row: &parlor_core::db::Row<'_>| {
                        Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
                    };
                    tx.all(sql, parlor_core::params![account_id], row).await
                })
            });
            let sums = sums.await.expect("sums");
            assert_eq!(sums, [("Other".to_owned(), 3, 3), ("Own".to_owned(), 1, 1)]);
            // A revoked token opens nothing at once, and the conversation stays.
            let embed = embeds::list(&app, &operator).await.expect("a list").remove(0);
            embeds::revoke(&app, &operator, embed.id).await.expect("it is there");
            let new = NewMessage::text("Fifth", None).expect("a text");
            let refused = conversations::receive(&app, &visitor(by_embed), new, None).await;
            assert!(matches!(refused, Err(Error::NotFound("Channel"))), "{refused:?}");
            assert_eq!(answered_by(by_channel, "Sixth").await, (id, "Other".to_owned()));
        })
        .await;
}

#[tokio::test]
async fn tokens_are_bounded_checked_and_the_accounts_own() {
    let product = TestApp::start().await;
    let ours = Actor::Operator(product.shop().await.account_id);
    let theirs = Actor::Operator(product.shop().await.account_id);
    let bare = Actor::Operator(product.shop_without_channel().await.account_id);
    product
        .within(|app| async move {
            let new = |name: &str, origins: &[&str]| NewEmbed {
                name: name.into(),
                assistant: None,
                origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            };
            for (bad, field) in [
                (new(" ", &[]), "name"),
                (new(&"x".repeat(101), &[]), "name"),
                (new("Blog", &["shop.example"]), "allowed_origins"),
                (new("Blog", &["https://*.shop.example"]), "allowed_origins"),
                (new("Blog", &["https://shop.example"; 51]), "allowed_origins"),
            ] {
                match embeds::create(&app, &ours, bad).await {
                    Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field),
                    other => panic!("{field}: {other:?}"),
                }
            }
            let channel = embeds::create(&app, &bare, new("Blog", &[])).await;
            assert!(matches!(channel, Err(Error::NotFound("Website channel"))), "{channel:?}");
            let foreign = assistants::list(&app, &theirs).await.expect("a list")[0].id;
            let stolen = NewEmbed { assistant: Some(foreign), ..new("Blog", &[]) };
            let stolen = embeds::create(&app, &ours, stolen).await;
            assert!(matches!(stolen, Err(Error::NotFound("Assistant"))), "{stolen:?}");
            let twice = ["https://Shop.Example/", "https://shop.example:443", "http://localhost:3000"];
            let (embed, token) = embeds::create(&app, &ours, new(" Blog ", &twice)).await.expect("a token");
            let origins: Vec<_> = embed.origins.iter().map(embeds::Origin::as_str).collect();
            assert_eq!(
                (embed.name.as_str(), origins),
                ("Blog", vec!["https://shop.example", "http://localhost:3000"])
            );
            assert_eq!(embeds::by_token(&app, &token).await.expect("it is there").id, embed.id);
            assert!(embeds::list(&app, &theirs).await.expect("a list").is_empty());
            let foreign = embeds::revoke(&app, &theirs, embed.id).await;
            assert!(matches!(foreign, Err(Error::NotFound("Embed token"))), "{foreign:?}");
            for number in 1..200 {
                embeds::create(&app, &ours, new(&number.to_string(), &[])).await.expect("a token");
            }
            let full = embeds::create(&app, &ours, new("One more", &[])).await;
            assert!(matches!(full, Err(Error::Conflict(_))), "{full:?}");
            // Its channel gone, a token opens nothing, and a new channel does not bring it back.
            let website = channels::list(&app, &ours).await.expect("a list").remove(0);
            channels::switch_auto_reply(&app, &ours, website.id, Some(AutoReply::Off))
                .await
                .expect("a switch");
            channels::delete(&app, &ours, website.id).await.expect("it is there");
            let again = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
            channels::create_website(&app, &ours, again).await.expect("there is room");
            assert!(matches!(embeds::by_token(&app, &token).await, Err(Error::NotFound(_))));
            assert!(embeds::list(&app, &ours).await.expect("a list").is_empty());
            embeds::create(&app, &ours, new("Blog", &[])).await.expect("the old ones do not count");
        })
        .await;
}
