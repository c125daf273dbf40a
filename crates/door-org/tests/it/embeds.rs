//! Embed tokens, the loader and the page in the frame (`org.md` E).

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, Shop, TestApp, answer};

const TOKENS: &str = "/api/embed-tokens/";
const SHOP: &str = "https://good.example";

async fn made(browser: &Client, origins: &[&str]) -> Value {
    browser.post(TOKENS, &json!({ "name": "Blog", "allowed_origins": origins })).await.expect(201)
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Asks for the page with these headers.
async fn page(app: &TestApp, token: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/chat-widget?embed_token={token}&session_id=visitor&title=Help");
    let mut request = app.anonymous().request(Method::GET, &path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request).await
}

#[tokio::test]
async fn a_token_is_made_shown_once_listed_and_revoked() {
    let mut app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let made = made(&browser, &["https://Good.Example/", "http://localhost:3000"]).await;
    let listed =
        ["allowed_origins", "assistant_id", "assistant_name", "channel_id", "created_at", "id", "name"];
    assert_eq!(keys(&made), [listed.as_slice(), &["snippet", "token"]].concat());
    let token = made["token"].as_str().expect("a token");
    assert!(token.starts_with("ew_") && token.len() == 46, "{token}");
    assert_eq!(made["allowed_origins"], json!([SHOP, "http://localhost:3000"]));
    let snippet =
        format!(r#"<script src="{}/chat-widget/embed.js" data-embed-token="{token}"></script>"#, app.url());
    assert_eq!(made["snippet"], snippet);
    app.restart().await;
    let browser = app.browser(&shop.owner).await;
    for path in [TOKENS, "/api/embed-tokens"] {
        let all = browser.get(path).await;
        assert!(!all.text.contains(token), "it is shown once");
        let all = all.expect(200);
        assert_eq!(all.as_array().map(Vec::len), Some(1));
        assert_eq!(keys(&all[0]), listed);
        assert_eq!((&all[0]["id"], &all[0]["name"]), (&made["id"], &json!("Blog")));
    }
    assert_eq!(page(&app, token, &[("referer", SHOP)]).await.status, 200);
    let one = format!("{TOKENS}{}", made["id"].as_str().expect("an id"));
    assert_eq!(browser.delete(&one).await.status, 204);
    assert_eq!(browser.delete(&one).await.expect(404)["error"], "Embed token not found.");
    assert_eq!(page(&app, token, &[("referer", SHOP)]).await.status, 403);
    assert_eq!(browser.get(TOKENS).await.expect(200), json!([]));
}

#[tokio::test]
async fn tokens_belong_to_their_shop_and_to_those_who_manage_channels() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop().await, app.shop().await);
    let (mine, other) = (app.browser(&ours.owner).await, app.browser(&theirs.owner).await);
    let token = made(&mine, &[]).await;
    assert_eq!(other.get(TOKENS).await.expect(200), json!([]));
    let one = format!("{TOKENS}{}", token["id"].as_str().expect("an id"));
    assert_eq!(other.delete(&one).await.status, 404);
    let foreign = json!({ "name": "Blog", "assistant_id": token["assistant_id"] });
    assert_eq!(other.post(TOKENS, &foreign).await.expect(404)["error"], "Assistant not found.");
    assert_eq!(mine.without_csrf().post(TOKENS, &json!({ "name": "Blog" })).await.status, 403);
    assert_eq!(app.anonymous().get(TOKENS).await.status, 401);
    let agent = app.browser(&app.agent(&ours, "agent").await).await;
    agent.get(TOKENS).await.expect(200);
    assert_eq!(agent.post(TOKENS, &json!({ "name": "Blog" })).await.status, 403);
    assert_eq!(agent.delete(&one).await.status, 403);
    for (bad, field) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "Blog", "allowed_origins": "https://shop.example" }), "allowed_origins"),
        (json!({ "name": "Blog", "allowed_origins": ["https://*.example"] }), "allowed_origins"),
        (
            json!({ "name": "Blog", "allowed_origins": ["https://shop.example; script-src *"] }),
            "allowed_origins",
        ),
        (json!({ "name": "Blog", "assistant_id": 7 }), "assistant_id"),
    ] {
        let refused = mine.post(TOKENS, &bad).await.expect(400);
        assert!(refused["error"].as_str().is_some_and(|error| error.contains(field)), "{bad}: {refused}");
    }
    assert_eq!(mine.get(TOKENS).await.expect(200).as_array().map(Vec::len), Some(1));
    let bare = app.browser(&app.shop_without_channel().await.owner).await;
    assert_eq!(bare.post(TOKENS, &json!({ "name": "Blog" })).await.status, 404);
}

#[tokio::test]
async fn the_page_is_for_allowed_pages_only() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let token = made(&browser, &[SHOP, "http://localhost:3000"]).await;
    let token = token["token"].as_str().expect("a token");
    let shown =
        page(&app, token, &[("sec-fetch-dest", "iframe"), ("referer", "https://good.example/a?b")]).await;
    assert_eq!(shown.status, 200);
    let policy = shown.header("content-security-policy");
    assert!(policy.ends_with("; frame-ancestors https://good.example http://localhost:3000"), "{policy}");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer", "no-store"));
    assert_eq!(shown.header("x-frame-options"), "");
    for (name, value, status) in [
        ("referer", "http://localhost:3000/", 200),
        ("referer", "https://GOOD.example/", 200),
        ("referer", "https://good.example:443/", 200),
        ("origin", SHOP, 200),
        // Browsers that are told to hide where they are leave it to `frame-ancestors`.
        ("sec-fetch-site", "cross-site", 200),
        ("referer", "https://good.example.evil.example/", 403),
        ("referer", "https://evil.example/https://good.example", 403),
        ("referer", "https://good.example@evil.example/", 403),
        ("referer", "https://good.example:8443/", 403),
        ("referer", "http://good.example/", 403),
        ("referer", "http://localhost:3001/", 403),
        ("referer", "https://good.example./", 403),
        ("referer", "https://notgood.example/", 403),
        ("referer", "about:srcdoc", 403),
        ("referer", "null", 403),
        ("origin", "null", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "", 403),
    ] {
        for destination in [None, Some("iframe"), Some("empty"), Some("embed")] {
            let mut headers = vec![(name, value)];
            headers.extend(destination.map(|to| ("sec-fetch-dest", to)));
            let answer = page(&app, token, &headers).await;
            assert_eq!(answer.status, status, "{headers:?}");
            if status == 403 {
                assert!(!answer.text.contains("<script") && !answer.text.contains(token), "{}", answer.text);
            }
        }
    }
    // One good sign does not outweigh a bad one.
    let both = [("referer", SHOP), ("origin", "https://evil.example")];
    assert_eq!(page(&app, token, &both).await.status, 403);
    // Opened by itself, as in an app's web view, the page stands in nobody's frame.
    let alone = [("sec-fetch-dest", "document"), ("referer", "https://anywhere.example/")];
    assert_eq!(page(&app, token, &alone).await.status, 200);
    // What a host page asks of another origin is refused as well.
    let config = |origin: &'static str| {
        let path = format!("/api/v1/widget/chat/{token}/config");
        answer(app.anonymous().request(Method::GET, &path).header("origin", origin))
    };
    assert_eq!(config(SHOP).await.status, 200);
    for foreign in ["https://evil.example", "null", "https://good.example.evil.example"] {
        let refused = config(foreign).await;
        assert_eq!(refused.status, 403, "{foreign}");
        assert!(refused.header("vary").contains("Origin"));
    }
}

#[tokio::test]
async fn an_empty_list_allows_every_page_and_no_token_none() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let token = made(&browser, &[]).await;
    let token = token["token"].as_str().expect("a token");
    for headers in [vec![], vec![("referer", "https://anywhere.example/")], vec![("origin", "null")]] {
        let shown = page(&app, token, &headers).await;
        assert_eq!(shown.status, 200, "{headers:?}");
        assert!(!shown.header("content-security-policy").contains("frame-ancestors"));
        assert!(shown.text.contains("widget/assets/panel-"), "{}", shown.text);
    }
    let longer = format!("{token}x");
    let shorter = &token[..45];
    let channel = &shop.channel_token;
    for wrong in
        ["", "ew_", "ew_%00", "ew_%3Cscript%3E", "%ff", &longer, shorter, channel, &token.to_lowercase()]
    {
        let refused = page(&app, wrong, &[]).await;
        assert_eq!(refused.status, 403, "{wrong}");
        assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
    }
    for path in
        ["/chat-widget", "/chat-widget/", "/chat-widget?embed_token=a&embed_token=b", "/chat-widget?title=x"]
    {
        assert_eq!(app.anonymous().get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn the_loader_is_a_script_for_any_page() {
    let app = TestApp::start().await;
    let script = app.anonymous().get("/chat-widget/embed.js").await;
    assert_eq!(script.status, 200);
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    assert!(script.text.contains("data-embed-token") && script.text.contains("cw_sid_"));
}

/// A visitor with a token writes, and the history is theirs.
async fn writes(app: &TestApp, shop: &Shop, token: &Value) -> (String, String) {
    let mut visitor = app.visitor(shop);
    visitor.channel_token = token["token"].as_str().expect("a token").to_owned();
    let answer = visitor.writes("Hello").await.expect(200);
    (answer["conversationId"].as_str().expect("an id").to_owned(), visitor.session_id)
}

#[tokio::test]
async fn what_a_visitor_writes_through_a_token_is_in_the_inbox_and_the_history() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let token = made(&browser, &[]).await;
    let (conversation, session) = writes(&app, &shop, &token).await;
    let listed = browser.get("/api/conversations/?filter=all").await.expect(200);
    assert_eq!(listed[0]["id"], conversation);
    assert_eq!(listed[0]["end_user"]["external_id"], session);
    let history =
        app.anonymous().get(&format!("/chat-widget/history/{conversation}?external_id={session}")).await;
    assert_eq!(history.expect(200)[0]["content"], "Hello");
}
