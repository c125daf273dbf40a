//! Verified visitors and embed tokens at this door (`store.md` V).

use std::time::Duration;

use parlor_core::{
    Actor,
    channels::Identity,
    embeds::{self, NewEmbed},
    identity,
    ids::ChannelId,
};
use serde_json::{Value, json};
use testkit::{
    Shop, TestApp, Visitor,
    hub::{HubClient, Reconnect},
    proofs::{hash, jwt},
};
use tokio::time::timeout;

use crate::support::{NOBODY, messages, problem, quiet_shop, unlimited, until};

const REFUSED: &str = "The visitor's identity is not verified.";

fn operator(shop: &Shop) -> (Actor, ChannelId) {
    let id = shop.channel_id.parse().expect("an id");
    (Actor::Operator(shop.account_id), ChannelId(id))
}

async fn secret(app: &TestApp, shop: &Shop) -> String {
    let (actor, id) = operator(shop);
    let made = app.within(move |app| async move { identity::rotate(&app, &actor, id).await }).await;
    made.expect("a secret").1
}

async fn switch(app: &TestApp, shop: &Shop, mode: Identity) {
    let (actor, id) = operator(shop);
    let set = app.within(move |app| async move { identity::set_mode(&app, &actor, id, mode).await }).await;
    set.expect("a switch");
}

fn exception(method: &str) -> String {
    format!("An unexpected error occurred invoking '{method}' on the server. HubException: {REFUSED}")
}

/// Every hub method of a visitor, with its arguments up to the proof.
fn calls(visitor: &Visitor) -> Vec<(&'static str, Vec<Value>)> {
    let (token, session) = (json!(visitor.channel_token), json!(visitor.session_id));
    let null = Value::Null;
    vec![
        ("JoinSession", vec![token.clone(), session.clone()]),
        ("SendMessage", vec![token.clone(), session.clone(), json!("Hello"), null.clone(), null.clone()]),
        ("Join", vec![token.clone(), session.clone(), null.clone()]),
        ("Send", vec![token.clone(), session.clone(), json!("c1"), json!("Hello"), null.clone()]),
        ("GetEarlier", vec![token.clone(), session.clone(), json!(5)]),
        ("GetMessages", vec![token.clone(), session.clone(), null.clone()]),
        ("Typing", vec![token.clone(), session.clone()]),
        ("SeePage", vec![token.clone(), session.clone(), json!("https://shop.example/"), null.clone()]),
        ("Introduce", vec![token.clone(), session.clone(), json!({ "name": "Ada" })]),
        ("Rate", vec![token.clone(), session.clone(), json!(5), null]),
        ("MarkRead", vec![token, session, json!([NOBODY])]),
    ]
}

/// Those of them that need nothing to have happened.
fn answered(visitor: &Visitor) -> impl Iterator<Item = (&'static str, Vec<Value>)> {
    calls(visitor).into_iter().filter(|(method, _)| !matches!(*method, "MarkRead" | "Rate"))
}

#[tokio::test]
async fn on_a_verified_channel_every_method_and_path_wants_a_proof() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let secret = secret(&app, &shop).await;
    let known = app.visitor(&shop);
    known.writes("It was open").await.expect(200);
    switch(&app, &shop, Identity::Verified).await;
    let hub = app.widget_hub().await;
    let unknown = app.visitor(&shop);
    for visitor in [&known, &unknown] {
        let id = &visitor.session_id;
        let others = hash(&secret, "somebody else");
        for (method, arguments) in calls(visitor) {
            let bare = hub.invoke(method, arguments.clone()).await.expect_err(method);
            assert_eq!(bare, exception(method));
            for wrong in [json!(others), json!(""), json!("a.b.c")] {
                let forged = [arguments.clone(), vec![wrong]].concat();
                assert_eq!(hub.invoke(method, forged).await.expect_err(method), exception(method));
            }
        }
        for (path, body) in [
            ("messages", json!({ "sessionId": id, "text": "Hello" })),
            ("sync", json!({ "sessionId": id })),
            ("earlier", json!({ "sessionId": id, "beforeSeq": 5 })),
            ("rating", json!({ "sessionId": id, "rating": 5 })),
            ("answers", json!({ "sessionId": id, "answers": { "name": "Eve" } })),
            ("pages", json!({ "sessionId": id, "url": "https://shop.example/" })),
        ] {
            for (name, value) in
                [("", ""), ("identityHash", &others), ("identityHash", ""), ("identityToken", &others)]
            {
                let mut body = body.clone();
                if !name.is_empty() {
                    body[name] = json!(value);
                }
                assert_eq!(problem(visitor.posts(path, body).await, 403)["detail"], REFUSED);
            }
        }
    }
    assert_eq!(messages(&shop.owner).await.len(), 1, "nothing was stored");

    // With the proof, by hash or by token, everything goes.
    let claims = json!({ "sub": known.session_id, "exp": 4_000_000_000_u64, "name": "Ada" });
    for proof in [hash(&secret, &known.session_id), jwt(&secret, &claims)] {
        for (method, arguments) in answered(&known) {
            let proved = [arguments, vec![json!(proof)]].concat();
            hub.invoke(method, proved).await.unwrap_or_else(|refused| panic!("{method}: {refused}"));
        }
    }
    let token = jwt(&secret, &claims);
    let body = json!({ "sessionId": known.session_id, "text": "By REST", "identityToken": token });
    known.posts("messages", body).await.expect(200);
    let body = json!({ "sessionId": known.session_id, "identityHash": hash(&secret, &known.session_id) });
    let synced = known.posts("sync", body).await.expect(200);
    assert_eq!(synced["messages"].as_array().map(Vec::len), Some(5), "{synced}");
    let listed = shop.owner.get(crate::support::CONVERSATIONS).await.expect(200);
    assert_eq!(listed["items"][0]["contactDisplayName"], "Ada");
    until(&hub, "MessageReceived", "By REST").await;
}

async fn ends(hub: &HubClient) {
    let closed = timeout(Duration::from_secs(10), hub.closed()).await.expect("the connection ends");
    assert!(matches!(closed.reconnect, Reconnect::Unwanted), "{closed:?}");
}

#[tokio::test]
async fn who_listens_without_a_proof_hears_nothing_once_one_is_needed() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let secret = secret(&app, &shop).await;
    let visitor = app.visitor(&shop);
    visitor.writes("Hello").await.expect(200);
    let by_contract = visitor.joins().await;
    let (by_own, _) = visitor.joins_own(None).await;
    let bystander = app.visitor(&shop).joins().await;
    let proved = app.widget_hub().await;
    let proof = json!(hash(&secret, &visitor.session_id));
    let arguments = [json!(visitor.channel_token), json!(visitor.session_id), proof.clone()];
    // The first proof of this id: its other listeners may be anybody.
    proved.invoke("JoinSession", arguments).await.expect("it is proved");
    ends(&by_contract).await;
    ends(&by_own).await;
    let hub = app.widget_hub().await;
    for (method, arguments) in calls(&visitor) {
        assert_eq!(hub.invoke(method, arguments).await.expect_err(method), exception(method));
    }
    // A switch of the channel ends all the others.
    switch(&app, &shop, Identity::Verified).await;
    ends(&bystander).await;
    let arguments = [
        json!(visitor.channel_token),
        json!(visitor.session_id),
        json!("Still here"),
        Value::Null,
        Value::Null,
        proof,
    ];
    proved.invoke("SendMessage", arguments).await.expect("it is proved");
    until(&proved, "MessageReceived", "Still here").await;
    // And back: who was never verified needs no proof.
    switch(&app, &shop, Identity::Open).await;
    app.visitor(&shop).writes("Open again").await.expect(200);
    problem(visitor.writes("Not for me").await, 403);
}

#[tokio::test]
async fn an_embed_token_opens_everything_that_a_channel_token_opens_until_it_is_revoked() {
    let mut app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (actor, channel) = operator(&shop);
    let made = app
        .within(move |app| async move {
            let new = NewEmbed { name: "Blog".into(), ..NewEmbed::default() };
            let (embed, token) = embeds::create(&app, &actor, new).await.expect("a token");
            assert_eq!(embed.channel_id, channel);
            (embed.id, token)
        })
        .await;
    let (id, token) = made;
    app.restart().await;
    let mut visitor = app.visitor(&shop);
    visitor.channel_token.clone_from(&token);
    let hub = visitor.joins().await;
    let (own, _) = visitor.joins_own(None).await;
    for (method, arguments) in answered(&visitor) {
        hub.invoke(method, arguments).await.unwrap_or_else(|refused| panic!("{method}: {refused}"));
    }
    let config = app.anonymous().get(&format!("/api/v1/widget/chat/{token}/config")).await.expect(200);
    assert_eq!(config["displayName"], "Support Chat");
    // The same visitor by the channel's own token is the same one.
    let mut same = visitor.clone();
    same.channel_token.clone_from(&shop.channel_token);
    same.writes("By the channel").await.expect(200);
    until(&own, "Message", "By the channel").await;
    let (actor, _) = operator(&shop);
    app.within(move |app| async move { embeds::revoke(&app, &actor, id).await }).await.expect("it is there");
    for (method, arguments) in calls(&visitor) {
        let refused = hub.invoke(method, arguments).await.expect_err(method);
        assert!(refused.ends_with("HubException: Channel not found."), "{refused}");
    }
    problem(visitor.writes("Hello").await, 404);
    problem(app.anonymous().get(&format!("/api/v1/widget/chat/{token}/config")).await, 404);
    for odd in ["ew_", "ew_%00", &token.to_uppercase(), &token[..20], &format!("{token}x")] {
        problem(app.anonymous().get(&format!("/api/v1/widget/chat/{odd}/config")).await, 404);
    }
}
