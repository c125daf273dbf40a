//! Mobile channels, native apps and their phones (`org.md` P).

use http::Method;
use parlor_core::{
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, NewMessage},
    ids::ConversationId,
};
use serde_json::{Value, json};
use testkit::{
    Answer, Client, Shop, TestApp, answer,
    fake_push::{FakePush, Service},
    phones::{ANDROID, IPHONE, settle},
};

const MOBILE: &str = "/api/channels/mobile/";

/// The assistant of the shop's website channel.
async fn assistant(app: &TestApp, shop: &Shop) -> String {
    let operator = parlor_core::Actor::Operator(shop.account_id);
    app.within(move |core| async move {
        let website = parlor_core::channels::list(&core, &operator).await.expect("channels").remove(0);
        website.assistant.id.to_string()
    })
    .await
}

async fn mobile(app: &TestApp, shop: &Shop, browser: &Client) -> String {
    let new = json!({ "assistant_id": assistant(app, shop).await, "name": "Our app" });
    let made = browser.post(MOBILE, &new).await.expect(201);
    made["id"].as_str().expect("an id").to_owned()
}

fn fcm(fake: &FakePush) -> Value {
    json!({ "server_key": "AAAAsecret-server-key:1234", "sender_id": "123456789012",
        "service_account": fake.service_account() })
}

fn apns(fake: &FakePush) -> Value {
    let key = fake.apns_key();
    json!({ "team_id": key.team_id, "bundle_id": key.bundle_id, "key_id": key.key_id,
        "private_key": key.private_key, "environment": "production" })
}

async fn set_both(browser: &Client, channel: &str, fake: &FakePush) {
    let path = format!("{MOBILE}{channel}/credentials");
    browser.put(&format!("{path}/fcm"), &fcm(fake)).await.expect(200);
    browser.put(&format!("{path}/apns"), &apns(fake)).await.expect(200);
}

async fn opens(app: &TestApp, channel: &str, external_id: &str) -> Answer {
    let new = json!({ "channel_id": channel, "external_id": external_id, "customer_name": "Alice Smith" });
    app.anonymous().post("/chat-widget/conversations", &new).await
}

fn device(conversation: &str, external_id: &str, platform: &str, token: &str) -> Value {
    json!({ "conversation_id": conversation, "external_id": external_id, "platform": platform, "token": token })
}

async fn delete_device(app: &TestApp, body: &Value) -> Answer {
    answer(app.anonymous().request(Method::DELETE, "/chat-widget/devices").json(body)).await
}

/// The app writes; by which door does not matter here.
async fn writes(app: &TestApp, conversation: &str, external_id: &str, text: &'static str) {
    let visitor = Visitor {
        way_in: WayIn::Conversation(ConversationId(conversation.parse().expect("an id"))),
        external_id: ExternalId::parse(external_id).expect("an id"),
        proof: None,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    app.within(move |core| async move {
        let new = NewMessage::text(text, None).expect("a text");
        conversations::receive(&core, &visitor, new, None).await.expect("a message");
    })
    .await;
}

#[tokio::test]
async fn an_assistant_gets_one_mobile_channel() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let browser = app.browser(&shop.owner).await;
    assert_eq!(browser.get(MOBILE).await.expect(200), json!([]));
    let new = json!({ "assistant_id": assistant(&app, &shop).await, "name": " Our app " });
    let made = browser.post(MOBILE, &new).await.expect(201);
    assert_eq!(
        (&made["name"], &made["devices"], &made["is_enabled"]),
        (&json!("Our app"), &json!(0), &json!(true))
    );
    assert_eq!(browser.get(MOBILE).await.expect(200), json!([made]));

    let refused = browser.post(MOBILE, &new).await.expect(409);
    assert_eq!(refused["error"], "The assistant already has a mobile channel.");
    let foreign = json!({ "assistant_id": assistant(&app, &other).await, "name": "App" });
    browser.post(MOBILE, &foreign).await.expect(404);
    browser.post(MOBILE, &json!({ "name": "App" })).await.expect(400);

    let path = format!("{MOBILE}{}", made["id"].as_str().expect("an id"));
    app.browser(&other.owner).await.delete(&path).await.expect(404);
    browser.delete(&format!("{MOBILE}{}", shop.channel_id)).await.expect(404);
    assert_eq!(browser.delete(&path).await.status, 204);
    browser.delete(&path).await.expect(404);
    assert_eq!(browser.get(MOBILE).await.expect(200), json!([]));
}

#[tokio::test]
async fn credentials_are_shown_in_part() {
    let (app, fake) = (TestApp::start().await, FakePush::start().await);
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &browser).await;
    let path = format!("{MOBILE}{channel}/credentials");
    assert_eq!(browser.get(&path).await.expect(200), json!({ "fcm": null, "apns": null }));
    set_both(&browser, &channel, &fake).await;

    let shown = browser.get(&path).await;
    for secret in ["PRIVATE KEY", "secret-server-key"] {
        assert!(!shown.text.contains(secret), "{}", shown.text);
    }
    let shown = shown.expect(200);
    let fcm = &shown["fcm"];
    assert_eq!((&fcm["server_key"], &fcm["sender_id"]), (&json!("••••1234"), &json!("123456789012")));
    assert_eq!(fcm["service_account"]["project_id"], "shop-1234");
    assert_eq!(fcm["service_account"]["private_key"], "••••");
    let apns = &shown["apns"];
    assert_eq!((&apns["key_id"], &apns["private_key"]), (&json!("KEY1234567"), &json!("••••")));
    assert_eq!((&apns["environment"], &apns["error"]), (&json!("production"), &Value::Null));

    let changed =
        browser.put(&format!("{path}/apns"), &json!({ "environment": "sandbox" })).await.expect(200);
    assert_eq!(
        (&changed["apns"]["environment"], &changed["apns"]["team_id"]),
        (&json!("sandbox"), &apns["team_id"])
    );
    let changed = browser.put(&format!("{path}/fcm"), &json!({ "server_key": null })).await.expect(200);
    assert_eq!(
        (&changed["fcm"]["server_key"], &changed["fcm"]["sender_id"]),
        (&Value::Null, &fcm["sender_id"])
    );
    assert_eq!(browser.delete(&format!("{path}/fcm")).await.status, 204);
    assert_eq!(browser.get(&path).await.expect(200)["fcm"], Value::Null);
}

#[tokio::test]
async fn bad_credentials_are_refused_by_name() {
    let (app, fake) = (TestApp::start().await, FakePush::start().await);
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let path = format!("{MOBILE}{}/credentials", mobile(&app, &shop, &browser).await);
    for (service, field, value) in [
        ("fcm", "service_account", json!("no file")),
        ("fcm", "service_account", json!({ "type": "service_account" })),
        ("fcm", "sender_id", json!("twelve")),
        ("apns", "private_key", json!("-----BEGIN PRIVATE KEY-----")),
        ("apns", "environment", json!("staging")),
        ("apns", "key_id", json!("short")),
    ] {
        let mut body = if service == "fcm" { fcm(&fake) } else { apns(&fake) };
        body[field] = value;
        let refused = browser.put(&format!("{path}/{service}"), &body).await.expect(400);
        let reason = refused["error"].as_str().expect("a reason");
        assert!(reason.starts_with(field), "{reason}");
    }
    browser.put(&format!("{path}/apns"), &json!({ "environment": 5 })).await.expect(400);
    browser.put(&format!("{path}/apns"), &json!([])).await.expect(400);
    browser.put(&format!("{path}/hms"), &json!({})).await.expect(404);
    assert_eq!(browser.get(&path).await.expect(200), json!({ "fcm": null, "apns": null }));
}

#[tokio::test]
async fn only_who_manages_channels_sees_credentials() {
    let (app, fake) = (TestApp::start().await, FakePush::start().await);
    let (shop, other) = (app.shop().await, app.shop().await);
    let owner = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &owner).await;
    set_both(&owner, &channel, &fake).await;
    let path = format!("{MOBILE}{channel}/credentials");
    let (agent, stranger) = (app.agent(&shop, "agent").await, app.browser(&other.owner).await);
    let agent = app.browser(&agent).await;
    for (who, status) in [(&agent, 403), (&stranger, 404), (&app.anonymous(), 401)] {
        assert_eq!(who.get(&path).await.status, status);
        assert_eq!(who.put(&format!("{path}/apns"), &apns(&fake)).await.status, status);
        assert_eq!(who.delete(&format!("{path}/apns")).await.status, status);
    }
    assert_eq!(owner.without_csrf().delete(&format!("{path}/apns")).await.status, 403);
    assert!(!owner.get(&path).await.expect(200)["apns"].is_null());
}

#[tokio::test]
async fn an_app_opens_its_conversation_once() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &browser).await;
    let first = opens(&app, &channel, "mobile-user-12345").await.expect(201);
    assert_eq!((&first["channel_id"], &first["status"]), (&json!(channel), &json!("open")));
    assert_eq!(opens(&app, &channel, "mobile-user-12345").await.expect(200), first);
    let other = opens(&app, &channel, "mobile-user-2").await.expect(201);
    assert_ne!(first["conversation_id"], other["conversation_id"]);

    let list = "/api/v1/store/social/conversations";
    assert_eq!(shop.owner.get(list).await.expect(200)["totalCount"], 0, "nobody has written yet");
    let id = first["conversation_id"].as_str().expect("an id");
    shop.owner.get(&format!("{list}/{id}")).await.expect(404);
    writes(&app, id, "mobile-user-12345", "Hello").await;
    let listed = shop.owner.get(list).await.expect(200);
    assert_eq!((&listed["totalCount"], &listed["items"][0]["id"]), (&json!(1), &json!(id)), "{listed}");

    let webview = json!({ "embed_token": shop.channel_token, "external_id": "mobile-user-12345" });
    let web = app.anonymous().post("/chat-widget/conversations", &webview).await.expect(201);
    assert_eq!(web["channel_id"], shop.channel_id);

    for (body, status) in [
        (json!({ "channel_id": shop.channel_id, "external_id": "x" }), 404),
        (json!({ "channel_id": "no id", "external_id": "x" }), 400),
        (json!({ "channel_id": channel, "external_id": " " }), 400),
        (json!({ "channel_id": channel }), 400),
        (json!({ "external_id": "x" }), 400),
        (json!({ "channel_id": channel, "embed_token": shop.channel_token, "external_id": "x" }), 400),
        (json!({ "embed_token": "ew_guessed", "external_id": "x" }), 404),
        (json!({ "channel_id": channel, "external_id": "x", "customer_name": "n".repeat(200) }), 400),
    ] {
        app.anonymous().post("/chat-widget/conversations", &body).await.expect(status);
    }
}

#[tokio::test]
async fn a_phone_is_registered_by_its_visitor_alone() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &browser).await;
    let opened = opens(&app, &channel, "alice").await.expect(201);
    let id = opened["conversation_id"].as_str().expect("an id");
    let registers = async |body: Value| app.anonymous().post("/chat-widget/devices", &body).await;

    let phone = registers(device(id, "alice", "apns", IPHONE)).await.expect(200);
    assert_eq!(phone["platform"], "apns");
    let again = registers(device(id, "alice", "apns", &IPHONE.to_uppercase())).await.expect(200);
    assert_eq!(again["id"], phone["id"]);
    assert_eq!(browser.get(MOBILE).await.expect(200)[0]["devices"], 1);

    for (body, status) in [
        (device(id, "eve", "apns", IPHONE), 404),
        (device(&channel, "alice", "apns", IPHONE), 404),
        (device(id, "alice", "hms", IPHONE), 400),
        (device(id, "alice", "apns", "0123"), 400),
        (device(id, "alice", "fcm", ""), 400),
        (json!({ "conversation_id": id }), 400),
    ] {
        registers(body).await.expect(status);
    }
    delete_device(&app, &device(id, "eve", "apns", IPHONE)).await.expect(404);
    assert_eq!(browser.get(MOBILE).await.expect(200)[0]["devices"], 1);
    for _ in 0..2 {
        assert_eq!(delete_device(&app, &device(id, "alice", "apns", IPHONE)).await.status, 204);
    }
    assert_eq!(browser.get(MOBILE).await.expect(200)[0]["devices"], 0);
}

/// Apps that are pages in a shell come from an origin of their own.
#[tokio::test]
async fn an_app_may_call_from_any_origin() {
    let app = TestApp::start().await;
    for path in ["/chat-widget/conversations", "/chat-widget/devices"] {
        let asked = app.anonymous().request(Method::OPTIONS, path);
        let asked =
            asked.header("origin", "capacitor://localhost").header("access-control-request-method", "DELETE");
        let allowed = answer(asked).await;
        assert_eq!(
            (allowed.status, allowed.header("access-control-allow-origin")),
            (204, "capacitor://localhost")
        );
        assert!(allowed.header("access-control-allow-methods").contains("DELETE"));
    }
}

#[tokio::test]
async fn strangers_cannot_try_ids_without_end() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let channel = mobile(&app, &shop, &app.browser(&shop.owner).await).await;
    let opened = opens(&app, &channel, "alice").await;
    assert_eq!(opened.status, 201);
    // The allowance grows by one each second; a slow machine needs some more tries.
    let mut refused = opened;
    for _ in 0..500 {
        refused = opens(&app, &channel, "alice").await;
        if refused.status != 200 {
            break;
        }
    }
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    refused.expect(429);
}

/// From the dashboard to the phone and back.
#[tokio::test]
async fn a_reply_finds_its_way_to_a_phone() {
    let fake = FakePush::start().await;
    let app = TestApp::builder().push(&fake).start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &browser).await;
    set_both(&browser, &channel, &fake).await;
    let opened = opens(&app, &channel, "alice").await.expect(201);
    let id = opened["conversation_id"].as_str().expect("an id");
    for (platform, token) in [("apns", IPHONE), ("fcm", ANDROID)] {
        app.anonymous().post("/chat-widget/devices", &device(id, "alice", platform, token)).await.expect(200);
    }
    let toggle = format!("/api/v1/store/social/channels/{channel}/toggle-agent");
    shop.owner.post_empty(&toggle).await.expect(200);
    writes(&app, id, "alice", "Where is my parcel?").await;

    shop.owner.replies(id, "It is on its way.").await.expect(200);
    fake.answered(2).await;
    let (iphone, android) = (&fake.requests(Service::ApnsProduction)[0], &fake.requests(Service::Fcm)[0]);
    assert_eq!((iphone.text(), iphone.unread()), ("It is on its way.", 1));
    assert_eq!((android.text(), android.unread()), ("It is on its way.", 1));
    assert_eq!(iphone.body["conversation_id"], id);

    fake.unregister(IPHONE);
    fake.script(Service::Fcm, fake_refusal());
    shop.owner.replies(id, "It has arrived.").await.expect(200);
    app.within(|core| async move { settle(&core).await }).await;
    assert_eq!(browser.get(MOBILE).await.expect(200)[0]["devices"], 1, "the iPhone is forgotten");
    let shown = browser.get(&format!("{MOBILE}{channel}/credentials")).await.expect(200);
    assert_eq!(shown["fcm"]["error"], "FCM answered 403 SENDER_ID_MISMATCH");
    assert_eq!(shown["apns"]["error"], Value::Null);
}

#[tokio::test]
async fn an_app_that_listens_is_not_notified() {
    let fake = FakePush::start().await;
    let app = TestApp::builder().push(&fake).start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let channel = mobile(&app, &shop, &browser).await;
    set_both(&browser, &channel, &fake).await;
    let opened = opens(&app, &channel, "alice").await.expect(201);
    let id = opened["conversation_id"].as_str().expect("an id");
    let phone = device(id, "alice", "fcm", ANDROID);
    app.anonymous().post("/chat-widget/devices", &phone).await.expect(200);
    let toggle = format!("/api/v1/store/social/channels/{channel}/toggle-agent");
    shop.owner.post_empty(&toggle).await.expect(200);
    writes(&app, id, "alice", "Where is my parcel?").await;

    let line = Line::open(&app).await;
    line.says("40").await;
    line.hears("40").await;
    line.says(&format!(
        r#"421["join_conversation",{}]"#,
        json!({ "conversation_id": id, "external_id": "alice" })
    ))
    .await;
    line.hears("431").await;
    shop.owner.replies(id, "It is on its way.").await.expect(200);
    line.hears("It is on its way.").await;
    app.within(|core| async move { settle(&core).await }).await;
    assert_eq!(fake.requests(Service::Fcm).len(), 0, "whoever listens has heard it");

    line.says("1").await;
    shop.owner.replies(id, "It has arrived.").await.expect(200);
    fake.answered(1).await;
    assert_eq!(fake.requests(Service::Fcm)[0].text(), "It has arrived.");
}

/// A Socket.IO connection by polling.
struct Line {
    url: String,
    http: reqwest::Client,
}

impl Line {
    async fn open(app: &TestApp) -> Line {
        let mut line = Line {
            url: format!("{}/socket.io/?EIO=4&transport=polling", app.url()),
            http: reqwest::Client::new(),
        };
        let open = line.poll().await;
        let open: Value = serde_json::from_str(&open[1..]).expect("what the server offers");
        line.url += &format!("&sid={}", open["sid"].as_str().expect("an id"));
        line
    }

    async fn poll(&self) -> String {
        let answer = self.http.get(&self.url).send().await.expect("an answer");
        answer.error_for_status().expect("a connection").text().await.expect("packets")
    }

    async fn says(&self, packet: &str) {
        let answer = self.http.post(&self.url).body(packet.to_owned()).send().await.expect("an answer");
        answer.error_for_status().expect("a packet that is taken");
    }

    /// Listens until there is something with this text in it.
    async fn hears(&self, text: &str) {
        while !self.poll().await.contains(text) {}
    }
}

fn fake_refusal() -> testkit::fake_push::Reply {
    testkit::fake_push::Reply::Refuse(403, "SENDER_ID_MISMATCH")
}
