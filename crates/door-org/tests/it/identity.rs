//! Who a visitor is, at this door (`org.md` V).

use serde_json::{Value, json};
use testkit::{
    TestApp,
    proofs::{hash, jwt},
};

const IDENTITY: &str = "/api/channels/website/identity";
const REFUSED: &str = "The visitor's identity is not verified.";

#[tokio::test]
async fn secrets_are_made_shown_once_and_dropped() {
    let mut app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    assert_eq!(browser.get(IDENTITY).await.expect(200), json!({ "mode": "open", "secrets": [] }));
    let early = browser.put(IDENTITY, &json!({ "mode": "verified" })).await;
    assert_eq!(early.expect(409)["error"], "Make a secret first: without one nobody could get in.");
    let rotate = format!("{IDENTITY}/rotate");
    let first = browser.post_empty(&rotate).await;
    assert_eq!(first.header("cache-control"), "no-store");
    let first = first.expect(201);
    let secret = first["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("is_") && secret.len() == 46, "{secret}");
    let second = browser.post_empty(&rotate).await.expect(201);
    browser.put(IDENTITY, &json!({ "mode": "verified" })).await.expect(200);
    app.restart().await;
    let browser = app.browser(&shop.owner).await;
    for path in [IDENTITY.to_owned(), format!("/api/channels/{}/identity/", shop.channel_id)] {
        let shown = browser.get(&path).await;
        assert!(!shown.text.contains(secret));
        let shown = shown.expect(200);
        assert_eq!((&shown["mode"], &shown["secrets"][0]["id"]), (&json!("verified"), &first["id"]));
        assert_eq!(shown["secrets"][1], json!({ "id": second["id"], "created_at": second["created_at"] }));
    }
    let one = |secret: &Value| format!("{IDENTITY}/secrets/{}", secret["id"].as_str().expect("an id"));
    assert_eq!(browser.delete(&one(&first)).await.status, 204);
    assert_eq!(browser.delete(&one(&first)).await.status, 404);
    assert_eq!(browser.delete(&format!("{IDENTITY}/secrets/nonsense")).await.status, 404);
    assert_eq!(browser.delete(&one(&second)).await.status, 409);
    assert_eq!(browser.put(IDENTITY, &json!({ "mode": "closed" })).await.status, 400);
}

#[tokio::test]
async fn settings_belong_to_their_shop_and_to_those_who_manage_channels() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop().await, app.shop().await);
    let other = app.browser(&theirs.owner).await;
    let path = format!("/api/channels/{}/identity", ours.channel_id);
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.post_empty(&format!("{path}/rotate")).await.status, 404);
    assert_eq!(other.put(&path, &json!({ "mode": "open" })).await.status, 404);
    for nowhere in ["/api/channels/nonsense/identity", "/api/channels/whatsapp/identity"] {
        assert_eq!(other.get(nowhere).await.status, 404);
    }
    let agent = app.browser(&app.agent(&ours, "agent").await).await;
    agent.get(&path).await.expect(200);
    assert_eq!(agent.post_empty(&format!("{path}/rotate")).await.status, 403);
    assert_eq!(agent.put(&path, &json!({ "mode": "open" })).await.status, 403);
    assert_eq!(app.anonymous().get(&path).await.status, 401);
    let owner = app.browser(&ours.owner).await;
    assert_eq!(owner.without_csrf().post_empty(&format!("{path}/rotate")).await.status, 403);
}

#[tokio::test]
async fn the_history_of_a_verified_channel_wants_a_proof() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let secret = browser.post_empty(&format!("{IDENTITY}/rotate")).await.expect(201);
    let secret = secret["secret"].as_str().expect("a secret");
    let visitor = app.visitor(&shop);
    let written = visitor.writes("Hello").await.expect(200);
    let path = format!("/chat-widget/history/{}", written["conversationId"].as_str().expect("an id"));
    let asks = async |query: String| app.anonymous().get(&format!("{path}?{query}")).await;
    let id = &visitor.session_id;
    asks(format!("external_id={id}")).await.expect(200);
    browser.put(IDENTITY, &json!({ "mode": "verified" })).await.expect(200);
    // Whether the id is the conversation's makes no difference.
    for id in [id.as_str(), "somebody"] {
        for proof in ["", "&identity_hash=", "&identity_hash=00", "&identity_token=a.b.c"] {
            assert_eq!(asks(format!("external_id={id}{proof}")).await.expect(403)["error"], REFUSED);
        }
    }
    let token = jwt(secret, &json!({ "sub": id, "exp": 4_000_000_000_u64 }));
    for proof in [format!("identity_hash={}", hash(secret, id)), format!("identity_token={token}")] {
        let history = asks(format!("external_id={id}&{proof}")).await.expect(200);
        assert_eq!(history[0]["content"], "Hello");
    }
    let foreign = asks(format!("external_id=somebody&identity_hash={}", hash(secret, "somebody"))).await;
    assert_eq!(foreign.status, 404);
    // Once verified, the id needs a proof on an open channel, too.
    browser.put(IDENTITY, &json!({ "mode": "open" })).await.expect(200);
    assert_eq!(asks(format!("external_id={id}")).await.status, 403);
    asks(format!("external_id={id}&identity_hash={}", hash(secret, id))).await.expect(200);
}
