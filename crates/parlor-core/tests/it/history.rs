//! What is read at once is bounded, and a catch-up is complete or openly refused.

use parlor_core::{
    Actor, Error,
    accounts::{self, NewAccount},
    assistants::AssistantChange,
    channels::{self, AutoReply, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Continuity, Earlier, NewMessage},
    limits::RateLimits,
};
use testkit::TestApp;

#[tokio::test]
async fn a_long_history_comes_bounded_and_a_long_absence_is_refused() {
    let product = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    product
        .within(|app| async move {
            let new = NewAccount {
                name: "A shop".into(),
                email: "owner@shop.example".into(),
                password: "correct horse".into(),
            };
            let (account, _) = accounts::create(&app, new).await.expect("an account");
            let operator = Actor::Operator(account.id);
            let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
            let channel = channels::create_website(&app, &operator, new).await.expect("a channel");
            let off = channels::switch_auto_reply(&app, &operator, channel.id, Some(AutoReply::Off)).await;
            off.expect("a switch");
            let visitor = Visitor {
                way_in: WayIn::Token(channel.token),
                external_id: ExternalId::parse("talkative").expect("an id"),
                proof: None,
                address: std::net::Ipv4Addr::LOCALHOST.into(),
            };
            let mut sent = Vec::new();
            for number in 1..=1005 {
                let new = NewMessage::text(&number.to_string(), None).expect("a text");
                sent.push(
                    conversations::receive(&app, &visitor, new, None).await.expect("a message").message.id,
                );
            }

            let whole = conversations::history(&app, &visitor, None).await.expect("a history");
            let texts: Vec<_> = whole.messages.iter().map(|message| message.content.text.as_str()).collect();
            assert_eq!((texts.len(), texts[0], texts[999]), (1000, "6", "1005"));

            let refused = conversations::history(&app, &visitor, Some(sent[3])).await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
            let missed = conversations::history(&app, &visitor, Some(sent[4])).await.expect("a catch-up");
            assert_eq!(missed.messages.len(), 1000);

            let refused = conversations::view(&app, &visitor, Some(504)).await.expect("a view");
            assert_eq!((refused.continuity, refused.messages.len()), (Continuity::Refused, 50));
            let caught_up = conversations::view(&app, &visitor, Some(505)).await.expect("a view");
            assert_eq!((caught_up.continuity, caught_up.messages.len()), (Continuity::Complete, 500));

            for odd in [i64::MAX, i64::MIN, -1, 0, 1006] {
                let view = conversations::view(&app, &visitor, Some(odd)).await.expect("a view");
                assert!(view.messages.len() <= 50, "lastSeq {odd}: {}", view.messages.len());
            }
            let first = conversations::earlier(&app, &visitor, 2).await.expect("a view");
            assert_eq!((first.messages.len(), first.earlier), (1, Earlier::None));
        })
        .await;
}
