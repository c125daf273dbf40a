//! The account, its providers' keys, its usage, and one's own preferences (`org.md` C).

use parlor_core::{Event, bus::Heard};
use serde_json::{Value, json};
use testkit::{Client, Shop, TestApp};

use crate::support::{assert_time, keys, refused, text};

const ACCOUNT: &str = "/api/account/";
const PROVIDERS: &str = "/api/ai-providers/";

async fn shop() -> (TestApp, Shop, Client) {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    (app, shop, browser)
}

#[tokio::test]
async fn the_providers_keys_go_in_and_never_come_out() {
    let (app, shop, browser) = shop().await;
    let without = json!([
        { "code": "anthropic", "key": "missing", "effective_code": "local" },
        { "code": "openai", "key": "missing", "effective_code": "local" },
        { "code": "local", "key": "not_needed", "effective_code": "local" }
    ]);
    assert_eq!(browser.get(PROVIDERS).await.expect(200), without);
    let path = format!("{PROVIDERS}anthropic/key/");
    let key = json!({ "api_key": "sk-secret-0815" });
    assert_eq!(browser.put(&path, &key).await.status, 204);
    let listed = browser.get(PROVIDERS).await;
    assert!(!listed.text.contains("0815"));
    let own = json!({ "code": "anthropic", "key": "account", "effective_code": "anthropic" });
    assert_eq!(listed.expect(200)[0], own);
    // Both doors know of it.
    let store = shop.owner.get("/api/v1/store/ai-providers").await.expect(200);
    assert_eq!((&store[0]["code"], &store[0]["key"]), (&json!("anthropic"), &json!("store")));
    for bad in [
        json!({}),
        json!({ "api_key": "" }),
        json!({ "api_key": "a b" }),
        json!({ "api_key": "x".repeat(501) }),
        json!([]),
    ] {
        refused(browser.put(&path, &bad).await, 400);
    }
    refused(browser.put(&format!("{PROVIDERS}local/key"), &key).await, 400);
    refused(browser.put(&format!("{PROVIDERS}skynet/key"), &key).await, 404);

    let other = app.shop().await;
    assert_eq!(
        app.browser(&other.owner).await.get(PROVIDERS).await.expect(200),
        without,
        "it is nobody else's"
    );
    let admin = app.browser(&app.agent(&shop, "admin").await).await;
    let agent = app.browser(&app.agent(&shop, "agent").await).await;
    for (client, reads, writes) in [(&admin, 200, 204), (&agent, 200, 403), (&app.anonymous(), 401, 401)] {
        assert_eq!(client.get(PROVIDERS).await.status, reads);
        assert_eq!(client.put(&path, &key).await.status, writes);
        assert_eq!(client.delete(&path).await.status, writes);
    }
    assert_eq!(browser.get(PROVIDERS).await.expect(200), without);
}

#[tokio::test]
async fn the_month_is_counted_beside_what_the_plan_allows() {
    let (app, shop, browser) = shop().await;
    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.says(&hub, "Hello").await.expect("it is stored");
    hub.event("Message").await;
    hub.event("Message").await;
    let used = browser.get("/api/usage/").await.expect(200);
    let store = shop.owner.get("/api/v1/store/usage").await.expect(200);
    assert_eq!(
        used,
        json!({
            "month": store["month"], "messages": 1, "ai_answers": 1, "input_tokens": 0, "output_tokens": 0,
            "allows_social_messaging": true, "max_social_channels": 10, "max_monthly_ai_tokens": null, "max_monthly_messages": null
        })
    );
    assert_eq!(app.browser(&app.shop().await.owner).await.get("/api/usage").await.expect(200)["messages"], 0);
    assert_eq!(app.anonymous().get("/api/usage").await.status, 401);
}

#[tokio::test]
async fn the_account_is_renamed_and_its_welcome_ends() {
    let (app, shop, browser) = shop().await;
    let account = browser.get(ACCOUNT).await.expect(200);
    assert_eq!(keys(&account), ["created_at", "id", "name", "welcome"]);
    assert_eq!((&account["name"], &account["welcome"]), (&json!("A shop"), &json!("pending")));
    assert_eq!(account["id"], shop.account_id.to_string());
    assert_time(&account["created_at"]);
    let renamed = browser.patch(ACCOUNT, &json!({ "name": " Fern & Pot " })).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["welcome"]), (&json!("Fern & Pot"), &json!("pending")));
    for bad in [
        json!({ "name": "" }),
        json!({ "name": "x".repeat(101) }),
        json!({ "welcome": "pending" }),
        json!({ "welcome": true }),
        json!({ "plan": "gold" }),
    ] {
        refused(browser.patch(ACCOUNT, &bad).await, 400);
    }
    assert_eq!(browser.get(ACCOUNT).await.expect(200), renamed);
    let over = browser.patch(ACCOUNT, &json!({ "welcome": "done" })).await.expect(200);
    assert_eq!((&over["name"], &over["welcome"]), (&json!("Fern & Pot"), &json!("done")));
    assert_eq!(browser.get("/api/account").await.expect(200), over);

    let admin = app.browser(&app.agent(&shop, "admin").await).await;
    let agent = app.browser(&app.agent(&shop, "agent").await).await;
    let scopes = json!(["store.social_channels.view", "store.social_channels.manage"]);
    let key = browser.post("/api/api-keys", &json!({ "name": "Till", "scopes": scopes })).await.expect(201);
    let program = app.anonymous().bearer(text(&key["key"]));
    let named = json!({ "name": "Pot & Fern" });
    for (client, reads, writes) in
        [(&admin, 200, 200), (&agent, 200, 403), (&program, 200, 403), (&app.anonymous(), 401, 401)]
    {
        assert_eq!(client.get(ACCOUNT).await.status, reads);
        assert_eq!(client.patch(ACCOUNT, &named).await.status, writes);
    }
    assert_eq!(browser.without_csrf().patch(ACCOUNT, &named).await.status, 403);
}

#[tokio::test]
async fn whoever_has_been_heard_needs_no_welcome() {
    let (app, shop, browser) = shop().await;
    app.visitor(&shop).posts("sync", json!({ "sessionId": "looks-only" })).await.expect(200);
    assert_eq!(browser.get(ACCOUNT).await.expect(200)["welcome"], "pending");
    app.visitor(&shop).writes("Is anybody there?").await.expect(200);
    assert_eq!(browser.get(ACCOUNT).await.expect(200)["welcome"], "done");
    let other = app.shop().await;
    assert_eq!(app.browser(&other.owner).await.get(ACCOUNT).await.expect(200)["welcome"], "pending");
}

#[tokio::test]
async fn everybody_chooses_for_their_own_pages() {
    let (app, shop, browser) = shop().await;
    let first = json!({ "theme": "system", "language": "auto", "sound": true, "notifications": false });
    let me = browser.get("/api/me").await.expect(200);
    assert_eq!(me["preferences"], first);
    let chosen = json!({ "name": " Ada ", "preferences": { "theme": "dark", "notifications": true } });
    let changed = browser.patch("/api/me/", &chosen).await.expect(200);
    let dark = json!({ "theme": "dark", "language": "auto", "sound": true, "notifications": true });
    assert_eq!((&changed["name"], &changed["preferences"]), (&json!("Ada"), &dark));
    assert_eq!(keys(&changed), keys(&me));
    let arabic = json!({ "preferences": { "language": "ar", "sound": false } });
    let changed = browser.patch("/api/me", &arabic).await.expect(200);
    let expected = json!({ "theme": "dark", "language": "ar", "sound": false, "notifications": true });
    assert_eq!((&changed["name"], &changed["preferences"]), (&json!("Ada"), &expected));
    assert_eq!(browser.get("/api/me").await.expect(200), changed);
    assert_eq!(browser.get("/api/team").await.expect(200)[0]["name"], "Ada");

    let told = |bad: Value| {
        let browser = browser.clone();
        async move { refused(browser.patch("/api/me", &bad).await, 400) }
    };
    assert_eq!(
        told(json!({ "preferences": { "theme": "pink" } })).await,
        "preferences.theme must be system, light or dark."
    );
    assert_eq!(
        told(json!({ "preferences": { "language": "tlh" } })).await,
        "preferences.language must be auto, en, de, fr, es or ar."
    );
    assert_eq!(
        told(json!({ "preferences": { "sound": 1 } })).await,
        "preferences.sound must be true or false."
    );
    assert_eq!(
        told(json!({ "preferences": { "role": "owner" } })).await,
        "preferences must hold nothing but theme, language, sound, notifications."
    );
    told(json!({ "name": "", "preferences": { "theme": "light" } })).await;
    told(json!({ "email": "me@shop.example" })).await;
    assert_eq!(browser.get("/api/me").await.expect(200), changed, "a bad change changes nothing");

    // Also those who may change nothing else; not programs, and nobody for others.
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    assert_eq!(viewer.get("/api/me").await.expect(200)["preferences"], first);
    viewer.patch("/api/me", &json!({ "preferences": { "theme": "light" } })).await.expect(200);
    assert_eq!(browser.get("/api/me").await.expect(200)["preferences"], expected);
    let scopes = json!(["store.social_channels.view"]);
    let key = browser.post("/api/api-keys", &json!({ "name": "Till", "scopes": scopes })).await.expect(201);
    refused(app.anonymous().bearer(text(&key["key"])).patch("/api/me", &json!({})).await, 403);
    refused(browser.without_csrf().patch("/api/me", &json!({})).await, 403);
    refused(app.anonymous().patch("/api/me", &json!({})).await, 401);
}

/// Whoever shows the set-up is told to read it afresh (I4), whichever part of it has changed.
#[tokio::test]
async fn whoever_shows_the_set_up_hears_that_it_has_changed() {
    let (app, shop, browser) = shop().await;
    let mut listener = app.core().bus.listen();
    browser.patch(ACCOUNT, &json!({ "name": "Fern" })).await.expect(200);
    assert_eq!(
        browser.put(&format!("{PROVIDERS}openai/key"), &json!({ "api_key": "sk-1" })).await.status,
        204
    );
    browser.post("/api/articles/", &json!({ "title": "A", "body": "b" })).await.expect(201);
    browser.patch("/api/me", &json!({ "name": "Ada" })).await.expect(200);
    browser.patch("/api/me", &json!({ "preferences": { "theme": "dark" } })).await.expect(200);
    let channel = format!("/api/channels/{}", shop.channel_id);
    browser.patch(&channel, &json!({ "settings": { "title": "Hi" } })).await.expect(200);
    assert_eq!(browser.delete(&channel).await.status, 204);
    browser.post("/api/channels/website", &json!({ "name": "New" })).await.expect(201);
    let mut told = Vec::new();
    while told.len() < 7 {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("{told:?}") };
        match &*event {
            Event::Changed { account_id, what } if *account_id == shop.account_id => told.push(what.as_str()),
            Event::ChannelChanged { account_id, .. } if *account_id == shop.account_id => {
                told.push("channels")
            }
            _ => {}
        }
    }
    assert_eq!(
        told,
        ["account", "assistants", "assistants", "team", "channels", "channels", "channels"],
        "in order, and one's own preferences are nobody else's business"
    );
}
