//! What programs prove themselves with (`org.md` A).

use serde_json::{Value, json};
use testkit::{Client, TestApp, hub::HubClient};

const CONVERSATIONS: &str = "/api/v1/store/social/conversations";
const CHANNELS: &str = "/api/v1/store/social/channels";
const ALL: [&str; 4] = [
    "store.social_channels.view",
    "store.social_channels.manage",
    "store.conversations.view",
    "store.conversations.manage",
];

async fn make(browser: &Client, scopes: &[&str]) -> Value {
    browser.post("/api/api-keys", &json!({ "name": "Till", "scopes": scopes })).await.expect(201)
}

fn program(app: &TestApp, made: &Value) -> Client {
    app.anonymous().bearer(made["key"].as_str().expect("a key"))
}

#[tokio::test]
async fn a_key_is_shown_once_listed_and_revoked() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let made = make(&owner, &["store.conversations.view", "store.conversations.view"]).await;
    let keys: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["created_at", "created_by", "hint", "id", "key", "last_used_at", "name", "scopes"]);
    assert_eq!(made["scopes"], json!(["store.conversations.view"]));
    assert_eq!(made["created_by"]["name"], "A shop");
    let (key, hint) = (made["key"].as_str().expect("a key"), made["hint"].as_str().expect("a hint"));
    assert!(key.starts_with("pk_") && key.starts_with(hint), "{key} {hint}");
    assert!(key.len() - hint.len() > 27, "160 random bits or more: {key}");

    let listed = owner.get("/api/api-keys").await.expect(200);
    assert_eq!(
        (&listed[0]["id"], &listed[0]["key"], &listed[0]["last_used_at"]),
        (&made["id"], &Value::Null, &Value::Null)
    );
    assert!(!listed.to_string().contains(key));
    program(&app, &made).get(CONVERSATIONS).await.expect(200);
    assert!(owner.get("/api/api-keys").await.expect(200)[0]["last_used_at"].is_string());

    let path = format!("/api/api-keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(owner.delete(&path).await.status, 204);
    owner.delete(&path).await.expect(404);
    program(&app, &made).get(CONVERSATIONS).await.expect(401);
    program(&app, &made).get("/api/team").await.expect(401);
    assert_eq!(owner.get("/api/api-keys").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say_at_both_doors() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    app.visitor(&shop).writes("Hello").await.expect(200);
    let listed = shop.owner.get(CONVERSATIONS).await.expect(200);
    let reply = format!("{CONVERSATIONS}/{}/messages", listed["items"][0]["id"].as_str().expect("an id"));
    let text = json!({ "text": "From the till" });

    let viewer = program(&app, &make(&owner, &ALL[2..3]).await);
    viewer.get(CONVERSATIONS).await.expect(200);
    viewer.get("/api/team").await.expect(200);
    assert_eq!(viewer.get(CHANNELS).await.expect(403)["permission"], ALL[0]);
    assert_eq!(viewer.post(&reply, &text).await.expect(403)["permission"], ALL[3]);

    let channels = program(&app, &make(&owner, &ALL[..2]).await);
    channels.get(CHANNELS).await.expect(200);
    channels.post("/api/v1/store/knowledge", &json!({ "title": "T", "body": "B" })).await.expect(201);
    channels.get(CONVERSATIONS).await.expect(403);
    channels.get("/api/team").await.expect(403);

    // It writes in the name of the agent who made it, and no page's CSRF token is needed.
    let writer = program(&app, &make(&owner, &ALL[3..]).await);
    let sent = writer.post(&reply, &text).await;
    assert!(matches!(sent.status, 200 | 201), "{}", sent.text);
    let path = reply.trim_end_matches("/messages");
    let whole = shop.owner.get(path).await.expect(200);
    let last = whole["messages"].as_array().and_then(|all| all.last()).expect("messages");
    assert_eq!((&last["contentText"], &last["direction"]), (&json!("From the till"), &json!("Outbound")));
}

#[tokio::test]
async fn a_key_manages_neither_people_nor_keys() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let made = make(&owner, &ALL).await;
    let program = program(&app, &made);
    let no = "An API key may not do this.";
    let key = json!({ "name": "Child", "scopes": ALL });
    let invitation = json!({ "email": "new@shop.example", "role": "admin" });
    assert_eq!(program.post("/api/api-keys", &key).await.expect(403)["error"], no);
    assert_eq!(program.get("/api/api-keys").await.expect(403)["error"], no);
    assert_eq!(program.post("/api/team/invites", &invitation).await.expect(403)["error"], no);
    assert_eq!(program.get("/api/team/invites").await.expect(403)["error"], no);
    let own = format!("/api/team/{}", made["created_by"]["id"].as_str().expect("an id"));
    assert_eq!(program.patch(&own, &json!({ "name": "Robot" })).await.expect(403)["error"], no);
    assert_eq!(program.delete(&own).await.expect(403)["error"], no);
    let person = "Only a person who has signed in may do this.";
    assert_eq!(program.get("/api/me").await.expect(403)["error"], person);
    // It opens no hub, and is no sign-in.
    let key = made["key"].as_str().expect("a key");
    HubClient::connect(&app.url(), "/hubs/store-conversations", Some(key))
        .await
        .map(drop)
        .expect_err("no hub");
    app.anonymous().browser(key, "").get("/api/me").await.expect(401);
    app.anonymous().post("/api/v1/auth/refresh", &json!({ "refreshToken": key })).await.expect(401);
}

#[tokio::test]
async fn a_key_is_worth_no_more_than_whoever_made_it_is_now() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let admin = app.agent(&shop, "admin").await;
    let (owner, browser) = (app.browser(&shop.owner).await, app.browser(&admin).await);
    let made = make(&browser, &ALL).await;
    let program = program(&app, &made);
    let article = json!({ "title": "T", "body": "B" });
    program.post("/api/v1/store/knowledge", &article).await.expect(201);
    let path = format!("/api/team/{}", made["created_by"]["id"].as_str().expect("an id"));
    owner.patch(&path, &json!({ "role": "viewer" })).await.expect(200);
    program.get(CHANNELS).await.expect(200);
    assert_eq!(program.post("/api/v1/store/knowledge", &article).await.expect(403)["permission"], ALL[1]);
    browser.get("/api/api-keys").await.expect(403);
    browser.post("/api/api-keys", &json!({ "name": "K", "scopes": ALL })).await.expect(403);
}

#[tokio::test]
async fn a_key_reaches_its_own_account_only() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    app.visitor(&other).writes("Hello").await.expect(200);
    let theirs = other.owner.get(CONVERSATIONS).await.expect(200);
    let id = theirs["items"][0]["id"].as_str().expect("an id");
    let program = program(&app, &make(&app.browser(&shop.owner).await, &ALL).await);
    assert_eq!(program.get(CONVERSATIONS).await.expect(200)["items"], json!([]));
    program.get(&format!("{CONVERSATIONS}/{id}")).await.expect(404);
    program.delete(&format!("{CHANNELS}/{}", other.channel_id)).await.expect(404);
}

#[tokio::test]
async fn bad_keys_are_refused_and_bad_orders_make_none() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let name = "name must have 1 to 100 printable characters.";
    let scopes = "scopes must be of store.social_channels.view, store.social_channels.manage, store.conversations.view, store.conversations.manage.";
    for (order, reason) in [
        (json!({ "name": " ", "scopes": ALL }), name),
        (json!({ "name": "a\u{0}", "scopes": ALL }), name),
        (json!({ "name": "K", "scopes": [] }), "scopes must name at least one permission."),
        (json!({ "name": "K", "scopes": ["*"] }), scopes),
        (json!({ "name": "K", "scopes": [ALL[0], "admin"] }), scopes),
    ] {
        assert_eq!(owner.post("/api/api-keys", &order).await.expect(400)["error"], reason);
    }
    for order in [json!({ "name": "K" }), json!({ "name": "K", "scopes": ALL[0] }), json!([])] {
        owner.post("/api/api-keys", &order).await.expect(400);
    }
    owner.without_csrf().post("/api/api-keys", &json!({ "name": "K", "scopes": ALL })).await.expect(403);
    assert_eq!(owner.get("/api/api-keys").await.expect(200), json!([]));

    let made = make(&owner, &ALL).await;
    let key = made["key"].as_str().expect("a key");
    let cut = &key[..key.len() - 1];
    for wrong in [
        cut,
        &key.replace("pk_", "pi_"),
        &format!("{cut}~"),
        "pk_",
        "pk_00000000000000000000000000000000_",
        "pk_💥",
    ] {
        let request = app.anonymous().request(http::Method::GET, CONVERSATIONS);
        let value =
            http::HeaderValue::from_bytes(format!("Bearer {wrong}").as_bytes()).expect("a header's value");
        assert_eq!(
            testkit::answer(request.header("authorization", value.clone())).await.status,
            401,
            "{wrong}"
        );
        let request = app.anonymous().request(http::Method::GET, "/api/team").header("authorization", value);
        assert_eq!(testkit::answer(request).await.status, 401, "{wrong}");
    }
    // A wrong key beside a good cookie is refused: whoever sends one means it.
    let request =
        owner.request(http::Method::GET, "/api/team").header("authorization", format!("Bearer {cut}"));
    assert_eq!(testkit::answer(request).await.status, 401);
}

#[tokio::test]
async fn wrong_keys_are_throttled_and_good_ones_are_not() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let made = make(&app.browser(&shop.owner).await, &ALL).await;
    let wrong = app.anonymous().bearer(&format!("pk_{}_{}", "0".repeat(32), "A".repeat(43)));
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(wrong.get("/api/team").await.status);
    }
    assert_eq!((statuses[0], statuses.last()), (401, Some(&429)), "{statuses:?}");
    assert!(!wrong.get(CONVERSATIONS).await.header("retry-after").is_empty());
    let good = program(&app, &made);
    for _ in 0..40 {
        good.get("/api/team").await.expect(200);
    }
}

#[tokio::test]
async fn not_more_than_a_hundred_keys_live() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    for _ in 0..100 {
        make(&owner, &ALL[..1]).await;
    }
    let refused = owner.post("/api/api-keys", &json!({ "name": "K", "scopes": ALL })).await.expect(409);
    assert_eq!(refused["error"], "There are too many API keys. Revoke one first.");
}
