//! C: the store's ways in.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::TestApp;

use crate::support::{
    CHANNELS, CONVERSATIONS, act, assert_id, assert_time, items, keys, patch, problem, quiet_shop, text,
    toggle, unlimited, writer,
};

const WEBSITE: &str = "/api/v1/store/social/channels/website";

#[tokio::test]
async fn a_store_opens_its_channel_and_gets_three_properties() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    let body = json!({
        "displayName": "  Support Chat ", "aiProviderCode": "openai", "aiModelCode": "gpt-5",
        "systemPromptOverride": "Be kind."
    });
    let answer = owner.post(WEBSITE, &body).await;
    let location = answer.header("location").to_owned();
    let made = answer.expect(201);
    assert_eq!(keys(&made), ["channelId", "channelToken", "embedSnippet"]);
    assert_id(&made["channelId"]);
    assert_eq!(location, format!("{CHANNELS}/{}", text(&made["channelId"])));
    let token = text(&made["channelToken"]);
    assert!(
        token.len() == 32 && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "{token}"
    );
    let snippet = format!(r#"<script src="{}/widget.js" data-channel="{token}" async></script>"#, app.url());
    assert_eq!(made["embedSnippet"], snippet);

    let listed = owner.get(CHANNELS).await.expect(200);
    let [channel] = items(&listed) else { panic!("{listed}") };
    assert_eq!(channel["id"], made["channelId"]);
    assert_eq!(channel["channelToken"], made["channelToken"]);
    assert_eq!(channel["embedSnippet"], made["embedSnippet"]);
    assert_eq!(channel["displayName"], "Support Chat");
    assert_eq!((&channel["aiProviderCode"], &channel["aiModelCode"]), (&json!("openai"), &json!("gpt-5")));
    assert_eq!(channel["systemPromptOverride"], "Be kind.");
}

#[tokio::test]
async fn a_channel_has_defaults_and_is_listed_whole() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    assert_eq!(owner.get(CHANNELS).await.expect(200), json!([]));
    let nulls = json!({ "displayName": "Chat", "aiProviderCode": null, "aiModelCode": null, "systemPromptOverride": null });
    owner.post(WEBSITE, &nulls).await.expect(201);
    let listed = owner.get(CHANNELS).await.expect(200);
    let channel = &listed[0];
    let properties = [
        "aiModelCode",
        "aiProviderCode",
        "assistantName",
        "channelToken",
        "channelType",
        "createdAt",
        "displayName",
        "effectiveAiProviderCode",
        "embedSnippet",
        "greeting",
        "id",
        "isAgentEnabled",
        "isEnabled",
        "position",
        "primaryColor",
        "systemPromptOverride",
        "updatedAt",
    ];
    assert_eq!(keys(channel), properties);
    assert_eq!(channel["channelType"], "Website");
    assert_eq!(channel["aiProviderCode"], "anthropic");
    assert_eq!(channel["aiModelCode"], "claude-sonnet-4-6");
    assert_eq!(channel["systemPromptOverride"], Value::Null);
    assert_eq!((&channel["isEnabled"], &channel["isAgentEnabled"]), (&json!(true), &json!(true)));
    assert_time(&channel["createdAt"]);
    assert_time(&channel["updatedAt"]);
}

#[tokio::test]
async fn a_second_channel_is_refused_also_under_twenty_at_once() {
    let app = unlimited().await;
    let owner = app.shop_without_channel().await.owner;
    let body = json!({ "displayName": "Chat" });
    let answers = join_all((0..20).map(|_| owner.post(WEBSITE, &body))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        problem(answer, 409);
    }
    problem(owner.post(WEBSITE, &body).await, 409);
    assert_eq!(items(&owner.get(CHANNELS).await.expect(200)).len(), 1);
}

#[tokio::test]
async fn bad_channels_are_refused_and_none_is_made() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    let bad = [
        json!({}),
        json!({ "displayName": "" }),
        json!({ "displayName": "   " }),
        json!({ "displayName": null }),
        json!({ "displayName": 5 }),
        json!({ "displayName": "x".repeat(101) }),
        json!({ "displayName": "a\u{0}b" }),
        json!({ "displayName": "a\nb" }),
        json!({ "displayName": "Chat", "aiProviderCode": "skynet" }),
        json!({ "displayName": "Chat", "aiProviderCode": "" }),
        json!({ "displayName": "Chat", "aiModelCode": "" }),
        json!({ "displayName": "Chat", "aiModelCode": "m".repeat(101) }),
        json!({ "displayName": "Chat", "aiModelCode": "a\u{0}" }),
        json!({ "displayName": "Chat", "systemPromptOverride": "x".repeat(20_001) }),
        json!({ "displayName": "Chat", "systemPromptOverride": "a\u{0}b" }),
        json!([]),
        json!("Chat"),
    ];
    for body in bad {
        let answer = owner.post(WEBSITE, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        problem(answer, 400);
    }
    assert_eq!(owner.get(CHANNELS).await.expect(200), json!([]));
}

#[tokio::test]
async fn website_channels_use_no_oauth() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    problem(owner.get(&format!("{CHANNELS}/auth/website")).await, 400);
    problem(owner.get(&format!("{CHANNELS}/auth/Website")).await, 400);
    problem(owner.get(&format!("{CHANNELS}/auth/whatsapp")).await, 404);
}

#[tokio::test]
async fn a_channel_is_changed_and_the_rest_stays() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let before = shop.owner.get(CHANNELS).await.expect(200)[0].clone();
    let changed = patch(&shop, json!({ "displayName": "Help", "systemPromptOverride": "Rhyme." })).await;
    assert_eq!(
        (&changed["displayName"], &changed["systemPromptOverride"]),
        (&json!("Help"), &json!("Rhyme."))
    );
    for same in [
        "id",
        "channelToken",
        "aiModelCode",
        "aiProviderCode",
        "primaryColor",
        "greeting",
        "createdAt",
        "isEnabled",
    ] {
        assert_eq!(changed[same], before[same], "{same}");
    }
    // Left out, it stays; null goes back to the standard instructions.
    assert_eq!(patch(&shop, json!({ "aiModelCode": "gpt-5" })).await["systemPromptOverride"], "Rhyme.");
    assert_eq!(
        patch(&shop, json!({ "systemPromptOverride": null })).await["systemPromptOverride"],
        Value::Null
    );
    let look = json!({
        "primaryColor": "#AABBCC", "position": "bottom-left", "greeting": "Hej!", "assistantName": "Ada", "aiProviderCode": "local"
    });
    let looks = patch(&shop, look).await;
    assert_eq!(looks["primaryColor"], "#aabbcc");
    assert_eq!((&looks["position"], &looks["greeting"]), (&json!("bottom-left"), &json!("Hej!")));
    assert_eq!((&looks["assistantName"], &looks["aiProviderCode"]), (&json!("Ada"), &json!("local")));
    assert_eq!(looks, shop.owner.get(CHANNELS).await.expect(200)[0]);
}

#[tokio::test]
async fn a_bad_change_changes_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let path = format!("{CHANNELS}/{}", shop.channel_id);
    let before = shop.owner.get(CHANNELS).await.expect(200);
    let bad = [
        json!({ "displayName": "" }),
        json!({ "displayName": "Fine", "primaryColor": "red" }),
        json!({ "displayName": "Fine", "primaryColor": "#12345" }),
        json!({ "displayName": "Fine", "primaryColor": "#12345é" }),
        json!({ "displayName": "Fine", "position": "top" }),
        json!({ "displayName": "Fine", "greeting": "x".repeat(501) }),
        json!({ "displayName": "Fine", "greeting": "a\u{0}b" }),
        json!({ "displayName": "Fine", "assistantName": " " }),
        json!({ "displayName": "Fine", "assistantName": "a\u{0}b" }),
        json!({ "displayName": "Fine", "aiProviderCode": "skynet" }),
        json!({ "displayName": "Fine", "isEnabled": "yes" }),
    ];
    for body in bad {
        let answer = shop.owner.patch(&path, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        problem(answer, 400);
    }
    assert_eq!(shop.owner.get(CHANNELS).await.expect(200), before);
}

#[tokio::test]
async fn the_assistant_is_switched_over_or_to_what_is_named() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let path = format!("{CHANNELS}/{}/toggle-agent", shop.channel_id);
    assert_eq!(shop.owner.post_empty(&path).await.expect(200)["isAgentEnabled"], false);
    assert_eq!(shop.owner.post_empty(&path).await.expect(200)["isAgentEnabled"], true);
    assert_eq!(shop.owner.post(&path, &json!({})).await.expect(200)["isAgentEnabled"], false);
    for (wanted, is) in [("false", false), ("true", true), ("true", true)] {
        assert_eq!(toggle(&shop, wanted).await["isAgentEnabled"], is);
    }
    problem(shop.owner.post(&path, &json!({ "isAgentEnabled": "yes" })).await, 400);
    assert_eq!(shop.owner.get(CHANNELS).await.expect(200)[0]["isAgentEnabled"], true);
}

#[tokio::test]
async fn a_deleted_channel_leaves_its_conversations_and_its_place() {
    let app = TestApp::start().await;
    let mut shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let path = format!("{CHANNELS}/{}", shop.channel_id);
    let gone = shop.owner.delete(&path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(shop.owner.get(CHANNELS).await.expect(200), json!([]));
    problem(shop.owner.delete(&path).await, 404);
    problem(shop.owner.patch(&path, &json!({ "isEnabled": true })).await, 404);
    problem(shop.owner.post_empty(&format!("{path}/toggle-agent")).await, 404);
    problem(visitor.writes("Anybody?").await, 404);
    problem(visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await, 404);
    let hub = app.widget_hub().await;
    let refused = visitor.says(&hub, "Anybody?").await.expect_err("the channel is gone");
    assert!(refused.ends_with("HubException: Channel not found."), "{refused}");
    problem(shop.owner.replies(&conversation, "Too late").await, 422);

    let kept = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    assert_eq!(kept["messages"][0]["contentText"], "Hello");
    act(&shop.owner, &conversation, "resolve").await.expect(200);

    let made = shop.owner.post(WEBSITE, &json!({ "displayName": "New" })).await.expect(201);
    assert_ne!(made["channelId"], shop.channel_id);
    assert_ne!(made["channelToken"], shop.channel_token);
    text(&made["channelToken"]).clone_into(&mut shop.channel_token);
    app.visitor(&shop).writes("Hello again").await.expect(200);
}

#[tokio::test]
async fn a_disabled_channel_lets_nothing_through_in_either_direction() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let joined = visitor.joins().await;
    assert_eq!(patch(&shop, json!({ "isEnabled": false })).await["isEnabled"], false);

    let session = json!(visitor.session_id);
    let disabled = problem(visitor.writes("Hello?").await, 422);
    assert_eq!(disabled["detail"], "Channel is disabled.");
    problem(visitor.posts("sync", json!({ "sessionId": session })).await, 422);
    problem(visitor.posts("earlier", json!({ "sessionId": session, "beforeSeq": 9 })).await, 422);
    problem(app.anonymous().get(&format!("/api/v1/widget/chat/{}/config", shop.channel_token)).await, 422);
    problem(shop.owner.replies(&conversation, "Hello?").await, 422);
    let token = json!(shop.channel_token);
    let calls = [
        ("JoinSession", vec![token.clone(), session.clone()]),
        ("SendMessage", vec![token.clone(), session.clone(), json!("Hello?"), Value::Null]),
        ("Join", vec![token.clone(), session.clone(), Value::Null]),
        ("Send", vec![token.clone(), session.clone(), json!("c1"), json!("Hello?"), Value::Null]),
        ("GetMessages", vec![token.clone(), session.clone()]),
        ("GetEarlier", vec![token.clone(), session.clone(), json!(9)]),
        ("MarkRead", vec![token, session, json!([shop.channel_id])]),
    ];
    for (method, arguments) in calls {
        let refused = joined.invoke(method, arguments).await.expect_err(method);
        let expected = format!(
            "An unexpected error occurred invoking '{method}' on the server. HubException: Channel is disabled."
        );
        assert_eq!(refused, expected);
    }
    // Staff may still read and tidy up.
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    act(&shop.owner, &conversation, "reopen").await.expect(200);
    assert_eq!(patch(&shop, json!({ "isEnabled": true })).await["isEnabled"], true);
    let history = visitor.writes("Back").await.expect(200);
    assert_eq!(items(&history["messages"]).len(), 2, "{history}");
    assert_eq!(joined.event("MessageReceived").await[0]["contentText"], "Back");
}
