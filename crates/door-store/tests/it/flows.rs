//! R9: a channel whose assistant follows a scripted flow.

use std::{sync::Arc, time::Duration};

use http::Method;
use parlor_core::{Actor, assistants::flow, channels, limits::RateLimits};
use serde_json::{Value, json};
use testkit::{
    Shop, TestApp,
    fake_models::{FakeModels, Reply, Script},
};

use crate::support::{
    CHANNELS, CONVERSATIONS, PROVIDERS, USAGE, assert_widget_message, eventually, history, items, text,
    texts, until,
};

/// Gives the shop's assistant a flow.
async fn follows(app: &TestApp, shop: &Shop, steps: Value) {
    let operator = Actor::Operator(shop.account_id);
    let saved = app.within(move |app| async move {
        let channels = channels::list(&app, &operator).await.expect("a list");
        let assistant = channels.first().expect("a channel").assistant.id;
        flow::save(&app, &operator, assistant, json!({ "steps": steps })).await
    });
    saved.await.expect("a flow");
}

#[tokio::test]
async fn a_visitors_messages_drive_a_flow_with_rich_media_over_the_hub() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let buttons = json!([{ "label": "Red", "value": "r" }, { "label": "Green", "value": "g" }]);
    let cards = json!([{
        "image_url": "https://shop.example/mug.jpg", "title": "A mug", "subtitle": "350 ml",
        "buttons": [{ "label": "Take it", "value": "mug" }]
    }]);
    let options = json!([{ "label": "Germany", "value": "de" }]);
    let steps = json!([
        { "id": "colour", "type": "ask", "text": "Which colour?", "save_as": "colour", "buttons": buttons },
        { "id": "mug", "type": "carousel", "text": "In {{colour}}:", "save_as": "mug", "cards": cards },
        { "id": "to", "type": "ask", "text": "Where to?", "save_as": "to",
          "dropdown": { "placeholder": "A country", "options": options } },
        { "id": "phone", "type": "collect", "what": "phone", "text": "Your number?" },
        { "id": "end", "type": "handover", "to": "person", "text": "We call {{phone}}." }
    ]);
    follows(&app, &shop, steps).await;
    let visitor = app.visitor(&shop);
    let (own, _) = visitor.joins_own(None).await;
    let contracts = visitor.joins().await;
    let staff = shop.owner.hub().await;

    visitor.says(&contracts, "Hello").await.expect("it is stored");
    let asked = until(&own, "Message", "Which colour?").await.pop().expect("a message");
    assert_eq!((&asked["contentType"], &asked["sender"]), (&json!("quick_button"), &json!("assistant")));
    assert_eq!(asked["richMedia"], json!({ "buttons": buttons }));
    let choices = "Which colour?\n- Red\n- Green";
    let plain = until(&contracts, "MessageReceived", choices).await.pop().expect("a message");
    assert_widget_message(&plain);
    assert_eq!(plain["isAiGenerated"], true);
    until(&staff, "NewCustomerMessage", choices).await;

    // A pressed button sends its value; a widget without buttons lets the visitor type the label.
    visitor.says(&contracts, "g").await.expect("it is stored");
    let shown = until(&own, "Message", "In g:").await.pop().expect("a message");
    assert_eq!(
        (&shown["contentType"], &shown["richMedia"]),
        (&json!("carousel"), &json!({ "cards": cards }))
    );
    visitor.says(&contracts, "take it").await.expect("it is stored");
    let chosen = until(&own, "Message", "Where to?").await.pop().expect("a message");
    assert_eq!(chosen["contentType"], "dropdown");
    assert_eq!(chosen["richMedia"], json!({ "placeholder": "A country", "options": options }));
    visitor.says(&contracts, "de").await.expect("it is stored");
    until(&own, "Message", "Your number?").await;
    visitor.says(&contracts, "(030) 123456").await.expect("it is stored");
    until(&own, "Message", "We call 030123456.").await;

    let list = shop.owner.get(&format!("{CONVERSATIONS}?search=030123456")).await.expect(200);
    let found = &items(&list["items"])[0];
    let said = history(&shop.owner, text(&found["id"])).await;
    assert_eq!(said.len(), 10, "{said:?}");
    let usage = shop.owner.get(USAGE).await.expect(200);
    assert_eq!(
        (&usage["aiAnswers"], &usage["inputTokens"], &usage["outputTokens"]),
        (&json!(5), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn a_channel_with_a_flow_says_so_and_keeps_its_provider() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let providers = shop.owner.get(PROVIDERS).await.expect(200);
    follows(&app, &shop, json!([{ "id": "a", "type": "say", "text": "Hi" }])).await;
    let channel = shop.owner.get(CHANNELS).await.expect(200)[0].clone();
    assert_eq!(
        (&channel["aiProviderCode"], &channel["effectiveAiProviderCode"], &channel["aiModelCode"]),
        (&json!("anthropic"), &json!("flow"), &json!("claude-sonnet-4-6"))
    );
    assert_eq!(shop.owner.get(PROVIDERS).await.expect(200), providers, "a flow is no provider");
    let change = json!({ "aiProviderCode": "flow" });
    let path = format!("{CHANNELS}/{}", shop.channel_id);
    assert_eq!(shop.owner.patch(&path, &change).await.status, 400);
}

#[tokio::test]
async fn a_flow_hands_over_to_the_channels_model() {
    let fake = FakeModels::start().await;
    fake.script(Script::always(Reply::text("Yes, we ship to Mars.")));
    let app = TestApp::builder().models(&fake).start().await;
    let shop = app.shop().await;
    let steps = json!([
        { "id": "ask", "type": "ask", "text": "What is it?", "save_as": "it" },
        { "id": "wait", "type": "say", "text": "Let me see." },
        { "id": "ai", "type": "handover", "to": "ai" }
    ]);
    follows(&app, &shop, steps).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Hello").await.expect("it is stored");
    until(&hub, "MessageReceived", "What is it?").await;
    assert_eq!(fake.requests().len(), 0, "a flow asks no model");
    visitor.says(&hub, "Do you ship to Mars?").await.expect("it is stored");
    let heard = until(&hub, "MessageReceived", "Yes, we ship to Mars.").await;
    assert_eq!(texts(&heard), ["Do you ship to Mars?", "Let me see.", "Yes, we ship to Mars."]);
    let turns = fake.requests()[0].turns();
    assert_eq!(
        turns.last().map(|(role, text)| (role.as_str(), text.as_str())),
        Some(("user", "Do you ship to Mars?"))
    );
    visitor.says(&hub, "And to Venus?").await.expect("it is stored");
    until(&hub, "MessageReceived", "Yes, we ship to Mars.").await;
    let spent = fake.usage();
    let usage = shop.owner.get(USAGE).await.expect(200);
    let counted =
        ["aiAnswers", "inputTokens", "outputTokens"].map(|name| usage[name].as_u64().expect("a number"));
    assert_eq!(counted, [4, spent.input_tokens, spent.output_tokens]);
}

#[tokio::test]
async fn power_cuts_in_the_middle_of_a_flow_leave_every_answer_exactly_once() {
    let mut app = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    let shop = app.shop().await;
    let steps = json!([
        { "id": "ask", "type": "ask", "text": "Next?", "save_as": "word" },
        { "id": "tell", "type": "say", "text": "You said {{word}}.", "goto": "ask" }
    ]);
    follows(&app, &shop, steps).await;
    let acknowledged = Arc::new(tokio::sync::Semaphore::new(0));
    let (visitor, client, counter) = (app.visitor(&shop), app.anonymous(), acknowledged.clone());
    let writer = tokio::spawn(async move {
        let path = format!("/api/v1/widget/chat/{}/messages", visitor.channel_token);
        for n in 0..60 {
            let id = n.to_string();
            let body = json!({ "sessionId": visitor.session_id, "text": id, "clientMessageId": id });
            loop {
                let sent = client.request(Method::POST, &path).json(&body).send().await;
                if sent.is_ok_and(|answer| answer.status() == 200) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            counter.add_permits(1);
        }
        visitor
    });
    for _ in 0..2 {
        acknowledged.acquire_many(20).await.expect("nobody closes it").forget();
        app.crash().await;
    }
    let visitor = writer.await.expect("every message is acknowledged in the end");
    let said = eventually("the last answer", async || {
        let synced =
            visitor.posts("sync", json!({ "sessionId": visitor.session_id, "lastSeq": 0 })).await.expect(200);
        let mine = |message: &&Value| message["sender"] == "assistant" && message["content"] != "Next?";
        let said: Vec<String> = items(&synced["messages"])
            .iter()
            .filter(mine)
            .map(|message| text(&message["content"]).to_owned())
            .collect();
        said.iter().any(|said| said == "You said 59.").then_some(said)
    })
    .await;
    let expected: Vec<String> = (1..60).map(|n| format!("You said {n}.")).collect();
    assert_eq!(said, expected);
    assert_eq!(shop.owner.get(USAGE).await.expect(200)["aiAnswers"], 60);
}
