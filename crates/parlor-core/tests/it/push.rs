//! What reaches a contact's phones: who is told, of what, how often, and what becomes of failures.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fake_push::{FakePush, Gate, Reply, Script, Service, Step};
use parlor_core::{
    Actor, App, Error,
    actor::{Agent, Role},
    channels::{self, AutoReply, Channel},
    conversations::{self, NewMessage},
    ids::{AccountId, AgentId, SignInId},
    params, presence,
    push::{self, Platform},
};
use testkit::{
    Shop, TestApp,
    phones::{ANDROID, AppUser, IPHONE, another_iphone, app_user, ending, settle},
};

const BOTH: &[(Platform, &str)] = &[(Platform::Fcm, ANDROID), (Platform::Apns, IPHONE)];

struct House {
    product: TestApp,
    fake: FakePush,
    shop: Shop,
    channel: Channel,
    agent: Actor,
}

async fn house_with(gather: Duration) -> House {
    let fake = FakePush::start().await;
    let builder = TestApp::builder().push(&fake).settings(move |settings| {
        settings.push.gather = gather;
        settings.backoff = Duration::from_millis(2);
    });
    let product = builder.start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &fake).await;
    let agent = agent(&product, shop.account_id).await;
    House { product, fake, shop, channel, agent }
}

async fn house() -> House {
    house_with(Duration::ZERO).await
}

/// The shop's owner, as the core knows her.
async fn agent(product: &TestApp, account_id: AccountId) -> Actor {
    let sql = "select id from agents where account_id = $1";
    let id: AgentId = product
        .within(move |app| async move {
            let one = app.db.read(move |tx| {
                Box::pin(async move { tx.one(sql, params![account_id], |row| row.get(0)).await })
            });
            one.await.expect("the owner")
        })
        .await;
    let sign_in = SignInId(product.core().new_id());
    Actor::Agent(Agent {
        id,
        account_id,
        name: "Olga".into(),
        email: String::new(),
        role: Role::Owner,
        sign_in,
    })
}

async fn replies(app: &App, agent: &Actor, user: &AppUser, text: &str) {
    let new = NewMessage::text(text, None).expect("a text");
    conversations::reply(app, agent, user.conversation.id, new).await.expect("a reply");
}

impl House {
    async fn user(&self, name: &'static str, phones: &'static [(Platform, &'static str)]) -> AppUser {
        let id = self.channel.id;
        self.product.within(move |app| async move { app_user(&app, id, name, phones).await }).await
    }

    async fn reply(&self, user: &AppUser, text: &'static str) {
        let (agent, user) = (self.agent.clone(), user.clone());
        self.product.within(move |app| async move { replies(&app, &agent, &user, text).await }).await;
    }

    async fn settle(&self) {
        self.product.within(|app| async move { settle(&app).await }).await;
    }

    async fn ending(&self) -> (String, Option<String>) {
        self.product.within(|app| async move { ending(&app).await }).await
    }

    async fn devices(&self) -> i64 {
        let operator = Actor::Operator(self.shop.account_id);
        let counts = self.product.within(|app| async move { push::counts(&app, &operator).await }).await;
        counts.expect("counts").iter().map(|(_, count)| count).sum()
    }

    fn texts(&self) -> Vec<String> {
        self.fake.delivered().iter().map(|sent| sent.text().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_reply_that_finds_nobody_reaches_every_phone() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    house.reply(&user, "It is on its way.").await;
    house.settle().await;

    let id = user.conversation.id.to_string();
    let sent = house.fake.delivered();
    assert_eq!(sent.len(), 2);
    for sent in &sent {
        assert_eq!((sent.text(), sent.unread()), ("It is on its way.", 1));
        let (title, conversation) = match sent.service {
            Service::Fcm => (&sent.body["message"]["notification"]["title"], &sent.body["message"]["data"]),
            _ => (&sent.body["aps"]["alert"]["title"], &sent.body),
        };
        assert_eq!((title.as_str(), conversation["conversation_id"].as_str()), (Some("Olga"), Some(&*id)));
    }
    assert_eq!(house.ending().await, ("done".into(), None));
}

#[tokio::test]
async fn an_assistants_answer_is_news_too() {
    let house = house().await;
    let operator = Actor::Operator(house.shop.account_id);
    let id = house.channel.id;
    let on = house.product.within(move |app| async move {
        channels::switch_auto_reply(&app, &operator, id, Some(AutoReply::On)).await
    });
    on.await.expect("a switch");
    house.user("ada", BOTH).await;
    house.fake.answered(2).await;
    assert_eq!(house.texts().len(), 2);
}

#[tokio::test]
async fn who_has_no_phone_costs_no_job() {
    let house = house().await;
    let user = house.user("ada", &[]).await;
    house.reply(&user, "Hello").await;
    let jobs: i64 = house
        .product
        .within(|app| async move {
            let sql = "select count(*) from jobs where kind = 'push'";
            let count = app
                .db
                .read(move |tx| Box::pin(async move { tx.one(sql, params![], |row| row.get(0)).await }));
            count.await.expect("a number")
        })
        .await;
    assert_eq!(jobs, 0);
}

#[tokio::test]
async fn ten_replies_are_one_notification() {
    let house = house_with(Duration::from_millis(1500)).await;
    let user = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let (agent, told) = (house.agent.clone(), user.clone());
    house
        .product
        .within(move |app| async move {
            for number in 1..=10 {
                replies(&app, &agent, &told, &format!("Reply {number}")).await;
            }
        })
        .await;
    house.settle().await;
    let sent = house.fake.delivered();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].text(), sent[0].unread()), ("Reply 10", 10));
}

#[tokio::test]
async fn what_comes_while_a_notification_is_on_its_way_is_one_more() {
    let house = house().await;
    let user = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let gate = Gate::closed();
    house.fake.script(Service::ApnsProduction, Script::new().then(Step::from(Reply::Take).held(&gate)));
    house.reply(&user, "First").await;
    gate.arrived(1).await;
    house.reply(&user, "Second").await;
    house.reply(&user, "Third").await;
    gate.open();
    house.settle().await;
    assert_eq!(house.texts(), ["First", "Third"]);
    let collapse: Vec<_> =
        house.fake.delivered().iter().map(|sent| sent.headers["apns-collapse-id"].clone()).collect();
    assert_eq!(collapse[0], collapse[1], "the second takes the first's place on the screen");
}

#[tokio::test]
async fn who_listens_is_not_notified() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    let there = Arc::new(AtomicBool::new(true));
    let listens = there.clone();
    let (channel, visitor) = (house.channel.id, user.visitor.external_id.clone());
    presence::attend(&house.product.core(), move |at, who| {
        listens.load(Ordering::SeqCst) && at == channel && *who == visitor
    });
    house.reply(&user, "You see this").await;
    house.settle().await;
    assert_eq!(house.ending().await, ("done".into(), Some("The contact is connected.".into())));
    there.store(false, Ordering::SeqCst);
    house.reply(&user, "You do not see this").await;
    house.settle().await;
    assert_eq!(house.texts(), ["You do not see this", "You do not see this"]);
}

#[tokio::test]
async fn who_has_answered_is_not_notified() {
    let house = house_with(Duration::from_millis(500)).await;
    let user = house.user("ada", BOTH).await;
    house.reply(&user, "Which parcel?").await;
    let visitor = user.visitor.clone();
    let answered = house.product.within(move |app| async move {
        let new = NewMessage::text("The red one", None).expect("a text");
        conversations::receive(&app, &visitor, new, None).await
    });
    answered.await.expect("a message");
    house.settle().await;
    assert_eq!(house.ending().await, ("done".into(), Some("The contact has answered.".into())));
    assert!(house.texts().is_empty());
}

#[tokio::test]
async fn what_has_been_read_is_no_news() {
    let house = house_with(Duration::from_millis(500)).await;
    let user = house.user("ada", &[(Platform::Fcm, ANDROID)]).await;
    let (agent, told) = (house.agent.clone(), user.clone());
    house
        .product
        .within(move |app| async move {
            replies(&app, &agent, &told, "First").await;
            let view = conversations::view(&app, &told.visitor, None).await.expect("a view");
            let first = view.messages.last().expect("the reply").id;
            conversations::mark_read_by_visitor(&app, &told.visitor, vec![first]).await.expect("a mark");
            testkit::phones::settle(&app).await;
            assert_eq!(ending(&app).await, ("done".into(), Some("The contact has read it.".into())));
            replies(&app, &agent, &told, "Second").await;
        })
        .await;
    house.settle().await;
    let sent = house.fake.delivered();
    assert_eq!((sent.len(), sent[0].text(), sent[0].unread()), (1, "Second", 1));
}

#[tokio::test]
async fn a_phone_that_is_gone_is_forgotten_and_the_other_is_told() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    house.fake.unregister(IPHONE);
    house.reply(&user, "Hello").await;
    house.settle().await;
    assert_eq!(house.texts(), ["Hello"]);
    assert_eq!(house.devices().await, 1);
    assert_eq!(house.ending().await.0, "done");
    house.reply(&user, "Again").await;
    house.settle().await;
    assert_eq!(house.fake.requests(Service::ApnsProduction).len(), 1, "it is not asked for any more");
}

#[tokio::test]
async fn a_phone_that_comes_back_meanwhile_is_not_forgotten() {
    let house = house().await;
    let user = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let gate = Gate::closed();
    house
        .fake
        .script(Service::ApnsProduction, Script::new().then(Step::from(Reply::Unregistered).held(&gate)));
    house.reply(&user, "Hello").await;
    gate.arrived(1).await;
    let visitor = user.visitor.clone();
    let again = house
        .product
        .within(move |app| async move { push::register(&app, &visitor, Platform::Apns, IPHONE).await });
    again.await.expect("the same phone");
    gate.open();
    house.settle().await;
    assert_eq!(house.devices().await, 1);
}

#[tokio::test]
async fn who_has_been_told_is_not_told_again_when_another_is_tried_again() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    house.fake.script(Service::Fcm, Script::new().then(Reply::Fail(503)).then(Reply::TooMany(Some(0))));
    house.reply(&user, "Hello").await;
    house.settle().await;
    assert_eq!(house.fake.requests(Service::ApnsProduction).len(), 1);
    let fcm: Vec<_> = house.fake.requests(Service::Fcm).iter().map(|request| request.status).collect();
    assert_eq!(fcm, [503, 429, 200]);
    assert_eq!(house.ending().await.0, "done");
}

#[tokio::test]
async fn a_service_that_stays_away_is_given_up_with_a_reason() {
    let house = house().await;
    let user = house.user("ada", &[(Platform::Fcm, ANDROID)]).await;
    house.fake.script(Service::Fcm, Reply::Fail(503));
    house.reply(&user, "Hello").await;
    house.settle().await;
    assert_eq!(house.fake.requests(Service::Fcm).len(), 3);
    let reason = "FCM answered 503 UNAVAILABLE";
    assert_eq!(house.ending().await, ("dead".into(), Some(reason.into())));
    assert_eq!(house.devices().await, 1, "the phone is not to blame");
}

#[tokio::test]
async fn bad_credentials_end_the_job_and_staff_read_why() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    house
        .fake
        .script(Service::ApnsProduction, Script::new().then(Reply::Refuse(403, "InvalidProviderToken")));
    house.reply(&user, "Hello").await;
    house.settle().await;
    let reason = "APNs answered 403 InvalidProviderToken";
    assert_eq!(house.ending().await, ("dead".into(), Some(reason.into())));
    assert_eq!(house.fake.requests(Service::ApnsProduction).len(), 1, "trying again is no use");
    assert_eq!(house.texts(), ["Hello"], "the other service is not held up");

    let (operator, id) = (Actor::Operator(house.shop.account_id), house.channel.id);
    let shown = house.product.within(move |app| async move { push::credentials(&app, &operator, id).await });
    let shown = shown.await.expect("credentials");
    assert_eq!(shown.apns.expect("a key").failure.expect("a failure").reason, reason);
    assert!(shown.fcm.expect("an account").failure.is_none());

    house.reply(&user, "Now it works").await;
    house.settle().await;
    let operator = Actor::Operator(house.shop.account_id);
    let shown = house.product.within(move |app| async move { push::credentials(&app, &operator, id).await });
    assert!(shown.await.expect("credentials").apns.expect("a key").failure.is_none());
}

#[tokio::test]
async fn without_credentials_there_is_a_reason_too() {
    let house = house().await;
    let user = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let (operator, id) = (Actor::Operator(house.shop.account_id), house.channel.id);
    let forgotten = house.product.within(move |app| async move {
        push::forget_credentials(&app, &operator, id, Platform::Apns).await
    });
    forgotten.await.expect("they are forgotten");
    house.reply(&user, "Hello").await;
    house.settle().await;
    assert_eq!(house.ending().await, ("dead".into(), Some("The channel has no key for APNs.".into())));
}

#[tokio::test]
async fn what_was_owed_before_a_crash_is_told_once_after_it() {
    let mut house = house_with(Duration::from_millis(700)).await;
    let user = house.user("ada", BOTH).await;
    house.reply(&user, "Hello").await;
    house.product.crash().await;
    house.settle().await;
    assert_eq!(house.texts(), ["Hello", "Hello"], "once for each phone");
    house.product.crash().await;
    house.settle().await;
    assert_eq!(house.texts().len(), 2, "what was told stays told");
}

#[tokio::test]
async fn a_notification_that_was_cut_off_is_sent_again() {
    let mut house = house().await;
    let user = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let gate = Gate::closed();
    house.fake.script(Service::ApnsProduction, Script::new().then(Step::from(Reply::Take).held(&gate)));
    house.reply(&user, "Hello").await;
    gate.arrived(1).await;
    house.product.crash().await;
    house.settle_after_loss().await;
    assert!(house.texts().contains(&"Hello".to_owned()));
    assert_eq!(house.ending().await.0, "done");
}

impl House {
    /// On PostgreSQL a lost job's lease has to run out first, so it is ended here and now, as the clock would.
    async fn settle_after_loss(&self) {
        self.product
            .within(|app| async move {
                let sql = "update jobs set state = 'pending', lease = null, leased_until = null
                           where kind = 'push' and state = 'running' and leased_until is not null
                             and not exists (select 1 from devices d where d.pushed_seq > 1)";
                if app.db.dialect() == parlor_core::db::Dialect::Postgres {
                    app.db
                        .write(move |tx| Box::pin(async move { tx.exec(sql, params![]).await }))
                        .await
                        .expect("an update");
                }
            })
            .await;
        // Any order wakes the worker.
        let other = self.user("grace", &[(Platform::Fcm, ANDROID)]).await;
        self.reply(&other, "Wake up").await;
        self.settle().await;
    }
}

#[tokio::test]
async fn a_token_moves_to_whoever_registers_it_last() {
    let house = house().await;
    let ada = house.user("ada", &[(Platform::Apns, IPHONE)]).await;
    let grace = house.user("grace", &[(Platform::Apns, IPHONE)]).await;
    assert_eq!(house.devices().await, 1);
    house.reply(&ada, "For Ada").await;
    house.reply(&grace, "For Grace").await;
    house.settle().await;
    assert_eq!(house.texts(), ["For Grace"]);
}

#[tokio::test]
async fn a_contact_has_so_many_phones_and_no_more() {
    let house = house().await;
    let user = house.user("ada", &[]).await;
    let visitor = user.visitor.clone();
    house
        .product
        .within(move |app| async move {
            for number in 0..12 {
                let token = another_iphone(number);
                push::register(&app, &visitor, Platform::Apns, &token).await.expect("a phone");
            }
        })
        .await;
    assert_eq!(house.devices().await, 10);
    house.reply(&user, "Hello").await;
    house.settle().await;
    let told: Vec<_> = house.fake.delivered().into_iter().map(|sent| sent.device).collect();
    assert!(!told.contains(&another_iphone(0)) && !told.contains(&another_iphone(1)), "the oldest made room");
    assert_eq!(told.len(), 10);
}

#[tokio::test]
async fn a_phone_is_unregistered_however_it_is_spelled() {
    let house = house().await;
    let user = house.user("ada", BOTH).await;
    let other = house.user("grace", &[]).await;
    let (visitor, stranger) = (user.visitor.clone(), other.visitor.clone());
    house
        .product
        .within(move |app| async move {
            push::unregister(&app, &stranger, ANDROID).await.expect("nothing of theirs");
            push::unregister(&app, &visitor, &IPHONE.to_uppercase()).await.expect("it is gone");
            push::unregister(&app, &visitor, "never registered").await.expect("it is not there");
        })
        .await;
    assert_eq!(house.devices().await, 1, "a stranger cannot take it away");
    house.reply(&user, "Hello").await;
    house.settle().await;
    assert_eq!(house.fake.delivered()[0].service, Service::Fcm);
}

#[tokio::test]
async fn only_the_visitor_of_a_mobile_channel_registers_a_phone() {
    let house = house().await;
    let user = house.user("ada", &[]).await;
    let mut stranger = user.visitor.clone();
    stranger.external_id = parlor_core::contacts::ExternalId::parse("eve").expect("an id");
    let mut website = user.visitor.clone();
    website.way_in = parlor_core::contacts::WayIn::Token(house.shop.channel_token.clone());
    house
        .product
        .within(move |app| async move {
            let refused = push::register(&app, &stranger, Platform::Fcm, ANDROID).await;
            assert!(matches!(refused, Err(Error::NotFound("Conversation"))), "{refused:?}");
            let new = NewMessage::text("Hello", None).expect("a text");
            conversations::receive(&app, &website, new, None).await.expect("a message");
            let refused = push::register(&app, &website, Platform::Fcm, ANDROID).await;
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
            for (platform, token) in [
                (Platform::Apns, ANDROID),
                (Platform::Apns, "ab"),
                (Platform::Fcm, ""),
                (Platform::Fcm, "a b"),
            ] {
                let refused = push::register(&app, &user.visitor, platform, token).await;
                assert!(
                    matches!(refused, Err(Error::Invalid { ref field, .. }) if field == "token"),
                    "{refused:?}"
                );
            }
        })
        .await;
}

#[tokio::test]
async fn a_switched_off_channel_notifies_nobody() {
    let house = house_with(Duration::from_millis(500)).await;
    let user = house.user("ada", BOTH).await;
    house.reply(&user, "Hello").await;
    let (operator, id) = (Actor::Operator(house.shop.account_id), house.channel.id);
    let deleted = house.product.within(move |app| async move { channels::delete(&app, &operator, id).await });
    deleted.await.expect("it is deleted");
    house.settle().await;
    assert!(house.texts().is_empty());
    assert_eq!(house.devices().await, 0, "its phones are forgotten");
}
