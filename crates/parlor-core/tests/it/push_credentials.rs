//! What a mobile channel is, and what it sends with: one for each assistant, checked, sealed, shown in part.

use fake_push::FakePush;
use parlor_core::{
    Actor, Error,
    accounts::{self, NewAccount},
    channels::{self, Kind},
    params,
    push::{self, ApnsChange, Environment, FcmChange, Platform},
    usage::Limit,
};
use testkit::{TestApp, phones};

#[tokio::test]
async fn an_assistant_has_one_mobile_channel() {
    let product = TestApp::start().await;
    let (shop, other) = (product.shop().await, product.shop().await);
    let (operator, stranger) = (Actor::Operator(shop.account_id), Actor::Operator(other.account_id));
    product
        .within(move |app| async move {
            let assistant = channels::list(&app, &operator).await.expect("channels")[0].assistant.id;
            let foreign = channels::create_mobile(&app, &stranger, assistant, "App").await;
            assert!(matches!(foreign, Err(Error::NotFound("Assistant"))), "{foreign:?}");
            let unnamed = channels::create_mobile(&app, &operator, assistant, " ").await;
            assert!(
                matches!(unnamed, Err(Error::Invalid { ref field, .. }) if field == "display_name"),
                "{unnamed:?}"
            );

            let made = channels::create_mobile(&app, &operator, assistant, "App").await.expect("a channel");
            assert_eq!((made.kind, made.assistant.id), (Kind::MobileSdk, assistant));
            let second = channels::create_mobile(&app, &operator, assistant, "App").await;
            assert!(matches!(second, Err(Error::Conflict(_))), "{second:?}");
            channels::delete(&app, &operator, made.id).await.expect("it is deleted");
            channels::create_mobile(&app, &operator, assistant, "App").await.expect("there is room again");
        })
        .await;
}

#[tokio::test]
async fn a_mobile_channel_counts_as_one_of_the_plans() {
    let product = TestApp::start().await;
    let shop = product.shop().await;
    let operator = Actor::Operator(shop.account_id);
    product
        .within(move |app| async move {
            let website = channels::list(&app, &operator).await.expect("channels").remove(0);
            let mut plan = website.plan;
            plan.max_social_channels = 1;
            accounts::set_plan(&app, shop.account_id, plan).await.expect("a plan");
            let refused = channels::create_mobile(&app, &operator, website.assistant.id, "App").await;
            assert!(matches!(refused, Err(Error::Plan(Limit::MaxSocialChannels))), "{refused:?}");
        })
        .await;
}

#[tokio::test]
async fn credentials_are_sealed_and_shown_in_part() {
    let product = TestApp::start().await;
    let fake = FakePush::start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &fake).await;
    let operator = Actor::Operator(shop.account_id);
    let key = fake.apns_key().private_key.clone();
    product
        .within(move |app| async move {
            let id = channel.id;
            let more = FcmChange {
                server_key: Some(Some("AAAAsecret-server-key:1234".into())),
                ..FcmChange::default()
            };
            let shown = push::set_fcm(&app, &operator, id, more).await.expect("a change");
            let fcm = shown.fcm.expect("there is an account");
            assert_eq!(fcm.server_key.as_deref(), Some("••••1234"));
            assert_eq!(fcm.sender_id.as_deref(), Some("123456789012"), "what is left out stays");
            assert_eq!(fcm.service_account.expect("it stays").project_id, "shop-1234");
            let apns = shown.apns.expect("there is a key");
            assert_eq!((apns.team_id.as_str(), apns.environment), ("TEAM123456", Environment::Production));

            let only = ApnsChange { environment: Some(Environment::Sandbox), ..ApnsChange::default() };
            let shown = push::set_apns(&app, &operator, id, only).await.expect("a change");
            assert_eq!(shown.apns.expect("a key").environment, Environment::Sandbox);

            let sql = "select sealed from push_credentials";
            let sealed = app.db.read(move |tx| {
                Box::pin(async move { tx.all(sql, params![], |row| row.get::<Vec<u8>>(0)).await })
            });
            let secret = key.lines().nth(1).expect("a line of the key");
            for sealed in sealed.await.expect("what is stored") {
                let text = String::from_utf8_lossy(&sealed).into_owned();
                assert!(!text.contains(secret) && !text.contains("secret-server-key"));
            }

            push::forget_credentials(&app, &operator, id, Platform::Fcm).await.expect("they are forgotten");
            let shown = push::credentials(&app, &operator, id).await.expect("credentials");
            assert!(shown.fcm.is_none() && shown.apns.is_some());
        })
        .await;
}

#[tokio::test]
async fn bad_credentials_are_refused_and_change_nothing() {
    let product = TestApp::start().await;
    let fake = FakePush::start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &fake).await;
    let operator = Actor::Operator(shop.account_id);
    let rsa = fake_push::rsa_pem();
    let mut file = fake.service_account();
    file["project_id"] = "../../somewhere".into();
    product
        .within(move |app| async move {
            let id = channel.id;
            let before = format!("{:?}", push::credentials(&app, &operator, id).await.expect("credentials"));
            let set = |text: &str| Some(Some(text.to_owned()));
            for (field, change) in [
                ("service_account", FcmChange { service_account: set("{}"), ..FcmChange::default() }),
                (
                    "service_account",
                    FcmChange { service_account: set(&file.to_string()), ..FcmChange::default() },
                ),
                ("service_account", FcmChange { service_account: Some(None), ..FcmChange::default() }),
                ("server_key", FcmChange { server_key: set("two words"), ..FcmChange::default() }),
                ("sender_id", FcmChange { sender_id: set("12a"), ..FcmChange::default() }),
            ] {
                let refused = push::set_fcm(&app, &operator, id, change).await.expect_err(field);
                assert!(
                    matches!(refused, Error::Invalid { field: ref named, .. } if named == field),
                    "{refused:?}"
                );
            }
            for (field, change) in [
                ("private_key", ApnsChange { private_key: Some(rsa), ..ApnsChange::default() }),
                ("team_id", ApnsChange { team_id: Some("short".into()), ..ApnsChange::default() }),
                ("key_id", ApnsChange { key_id: Some("KEY/123456".into()), ..ApnsChange::default() }),
                ("bundle_id", ApnsChange { bundle_id: Some("a b".into()), ..ApnsChange::default() }),
            ] {
                let refused = push::set_apns(&app, &operator, id, change).await.expect_err(field);
                assert!(
                    matches!(refused, Error::Invalid { field: ref named, .. } if named == field),
                    "{refused:?}"
                );
            }
            let after = format!("{:?}", push::credentials(&app, &operator, id).await.expect("credentials"));
            assert_eq!(before, after);

            push::forget_credentials(&app, &operator, id, Platform::Apns).await.expect("they are forgotten");
            let part = ApnsChange { team_id: Some("TEAM123456".into()), ..ApnsChange::default() };
            let refused =
                push::set_apns(&app, &operator, id, part).await.expect_err("at first all is needed");
            assert!(
                matches!(refused, Error::Invalid { ref field, .. } if field == "bundle_id"),
                "{refused:?}"
            );
        })
        .await;
}

#[tokio::test]
async fn credentials_of_others_are_not_found() {
    let product = TestApp::start().await;
    let fake = FakePush::start().await;
    let shop = product.shop().await;
    let channel = product.mobile_channel(&shop, &fake).await;
    let new = NewAccount {
        name: "Another".into(),
        email: "other@shop.example".into(),
        password: "correct horse battery".into(),
    };
    let apns = phones::apns(&fake);
    product
        .within(move |app| async move {
            let (other, _) = accounts::create(&app, new).await.expect("an account");
            let (stranger, operator) = (Actor::Operator(other.id), Actor::Operator(shop.account_id));
            let website = channels::list(&app, &operator).await.expect("channels")[0].id;
            for (actor, id) in [(&stranger, channel.id), (&operator, website)] {
                let seen = push::credentials(&app, actor, id).await;
                assert!(matches!(seen, Err(Error::NotFound("Channel"))), "{seen:?}");
                let set = push::set_apns(&app, actor, id, apns.clone()).await;
                assert!(matches!(set, Err(Error::NotFound("Channel"))), "{set:?}");
                let gone = push::forget_credentials(&app, actor, id, Platform::Apns).await;
                assert!(matches!(gone, Err(Error::NotFound("Channel"))), "{gone:?}");
            }
        })
        .await;
}
