//! Native apps on phones: a mobile channel with credentials, and who comes by it.

use std::net::Ipv4Addr;

use fake_push::{ApnsFile, FakePush};
use parlor_core::{
    Actor, App,
    channels::{self, AutoReply, Channel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Conversation, NewMessage},
    ids::{AssistantId, ChannelId},
    params,
    push::{self, ApnsChange, Environment, FcmChange, Platform},
};

use crate::{Shop, TestApp};

/// A phone of APNs; [`another_iphone`] makes more.
pub const IPHONE: &str = "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899";
/// A phone of FCM.
pub const ANDROID: &str = "fcm:APA91b_android";

/// A token of APNs that differs for each number.
pub fn another_iphone(number: u32) -> String {
    format!("{number:064x}")
}

/// Who uses the app of a shop.
#[derive(Clone)]
pub struct AppUser {
    pub visitor: Visitor,
    pub conversation: Conversation,
}

impl TestApp {
    /// A mobile channel of the shop's assistant, with the fake's credentials for both services. Its assistant does not answer by itself.
    pub async fn mobile_channel(&self, shop: &Shop, fake: &FakePush) -> Channel {
        let operator = Actor::Operator(shop.account_id);
        let (fcm, apns) = (fcm(fake), apns(fake));
        self.within(move |app| async move {
            let website = channels::list(&app, &operator).await.expect("channels").remove(0);
            let assistant: AssistantId = website.assistant.id;
            let channel = channels::create_mobile(&app, &operator, assistant, "The app")
                .await
                .expect("a mobile channel");
            push::set_fcm(&app, &operator, channel.id, fcm).await.expect("good credentials");
            push::set_apns(&app, &operator, channel.id, apns).await.expect("good credentials");
            let off = channels::switch_auto_reply(&app, &operator, channel.id, Some(AutoReply::Off)).await;
            off.expect("a switch")
        })
        .await
    }
}

/// The fake's credentials for FCM.
pub fn fcm(fake: &FakePush) -> FcmChange {
    FcmChange {
        sender_id: Some(Some("123456789012".into())),
        service_account: Some(Some(fake.service_account().to_string())),
        ..FcmChange::default()
    }
}

/// The fake's credentials for APNs, in production.
pub fn apns(fake: &FakePush) -> ApnsChange {
    let ApnsFile { team_id, key_id, bundle_id, private_key, .. } = fake.apns_key();
    ApnsChange {
        team_id: Some((*team_id).into()),
        bundle_id: Some((*bundle_id).into()),
        key_id: Some((*key_id).into()),
        private_key: Some(private_key.clone()),
        environment: Some(Environment::Production),
    }
}

/// Opens the app as `name`, registers its phones, and asks something.
pub async fn app_user(app: &App, channel: ChannelId, name: &str, phones: &[(Platform, &str)]) -> AppUser {
    let mut visitor = Visitor {
        way_in: WayIn::MobileChannel(channel),
        external_id: ExternalId::parse(name).expect("an id"),
        proof: None,
        address: Ipv4Addr::LOCALHOST.into(),
    };
    let (opened, _) = conversations::open(app, &visitor, Some(name.into())).await.expect("a conversation");
    visitor.way_in = WayIn::Conversation(opened.id);
    for (platform, token) in phones {
        push::register(app, &visitor, *platform, token).await.expect("a phone");
    }
    let asked = NewMessage::text("Where is my parcel?", None).expect("a text");
    let conversation =
        conversations::receive(app, &visitor, asked, None).await.expect("a message").conversation;
    AppUser { visitor, conversation }
}

/// Waits until no notification is owed any more.
pub async fn settle(app: &App) {
    let sql = "select count(*) from jobs where kind = 'push' and state in ('pending', 'running')";
    loop {
        let owed: i64 = app
            .db
            .read(move |tx| Box::pin(async move { tx.one(sql, params![], |row| row.get(0)).await }))
            .await
            .expect("a number");
        if owed == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// How the newest notification of all ended, and why.
pub async fn ending(app: &App) -> (String, Option<String>) {
    let sql = "select state, reason from jobs where kind = 'push' order by id desc limit 1";
    let newest = app.db.read(move |tx| {
        Box::pin(async move { tx.one(sql, params![], |row| Ok((row.get(0)?, row.get(1)?))).await })
    });
    newest.await.expect("there was one")
}
