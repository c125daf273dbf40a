//! A conversation that a native app has opened and in which nobody has written yet.

use fake_push::FakePush;
use parlor_core::{
    Actor, Error, Event,
    bus::Heard,
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Filter, NewMessage, Opened, Page, Start},
    ids::ChannelId,
};
use testkit::TestApp;

const PAGE: Page = Page { start: Start::Offset(0), size: 10 };

fn visitor(channel: ChannelId) -> Visitor {
    Visitor {
        way_in: WayIn::MobileChannel(channel),
        external_id: ExternalId::parse("ada").expect("an id"),
        proof: None,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

#[tokio::test]
async fn staff_see_a_conversation_from_its_first_message_on() {
    let product = TestApp::start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &FakePush::start().await).await.id;
    let operator = Actor::Operator(shop.account_id);
    product
        .within(move |app| async move {
            let mut listener = app.bus.listen();
            let visitor = visitor(channel);
            let (first, opened) =
                conversations::open(&app, &visitor, Some("Ada".into())).await.expect("a conversation");
            assert_eq!((opened, first.session.first_message_at), (Opened::Now, None));
            let (second, opened) = conversations::open(&app, &visitor, None).await.expect("the same");
            assert_eq!((opened, second.id, second.session.id), (Opened::Before, first.id, first.session.id));
            assert_eq!(second.contact.display_name.as_deref(), Some("Ada"));

            let list = conversations::list(&app, &operator, Filter::default(), PAGE).await.expect("a list");
            assert!(list.0.is_empty() && list.1 == 0);
            let seen = conversations::get(&app, &operator, first.id, None).await;
            assert!(matches!(seen, Err(Error::NotFound("Conversation"))), "{seen:?}");
            let resolved = conversations::resolve(&app, &operator, first.id, Vec::new()).await;
            assert!(matches!(resolved, Err(Error::NotFound("Conversation"))), "{resolved:?}");
            let view = conversations::view(&app, &visitor, None).await.expect("a view");
            assert!(view.conversation.is_some() && view.messages.is_empty());

            let new = NewMessage::text("Hello", None).expect("a text");
            let sent = conversations::receive(&app, &visitor, new, None).await.expect("a message");
            assert_eq!((sent.conversation.id, sent.message.seq), (first.id, 1));
            assert!(sent.conversation.session.first_message_at.is_some());
            let (listed, total) =
                conversations::list(&app, &operator, Filter::default(), PAGE).await.expect("a list");
            assert_eq!((listed.len(), total), (1, 1));
            let stored = format!("{:?}", listed[0].conversation);
            assert_eq!(stored, format!("{:?}", sent.conversation), "what is told is what is stored");

            let heard = listener.next().await;
            let Some(Heard::Event(event)) = heard else { panic!("{heard:?}") };
            assert!(
                matches!(&*event, Event::ConversationOpened { conversation } if conversation.id == first.id)
            );
        })
        .await;
}

#[tokio::test]
async fn twenty_openings_at_once_are_one_conversation() {
    let product = TestApp::start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &FakePush::start().await).await.id;
    let ids = product
        .within(move |app| async move {
            let openings = (0..20).map(|_| {
                let app = app.clone();
                tokio::spawn(async move { conversations::open(&app, &visitor(channel), None).await })
            });
            let mut opened = Vec::new();
            for opening in openings.collect::<Vec<_>>() {
                opened.push(opening.await.expect("it ran").expect("a conversation").0.id);
            }
            opened
        })
        .await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn only_a_mobile_channel_is_found_by_its_id() {
    let product = TestApp::start().await;
    let shop = product.shop().await;
    let website = ChannelId(shop.channel_id.parse().expect("an id"));
    product
        .within(move |app| async move {
            for id in [website, ChannelId(app.new_id())] {
                let refused = conversations::open(&app, &visitor(id), None).await;
                assert!(matches!(refused, Err(Error::NotFound("Channel"))), "{refused:?}");
            }
        })
        .await;
}
