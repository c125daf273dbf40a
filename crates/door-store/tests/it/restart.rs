//! What a restart and a power cut leave behind: everything that was acknowledged, and nothing twice.

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::Method;
use serde_json::json;
use testkit::{
    TestApp,
    fake_models::{FakeModels, Gate, Reply, Script, Step},
};

use crate::support::{CONVERSATIONS, eventually, history, items, quiet_shop, text, texts, until};

#[tokio::test]
async fn a_power_cut_while_the_model_thinks_leaves_exactly_one_answer() {
    let fake = FakeModels::start().await;
    let gate = Gate::closed();
    fake.script(Script::always(Step::from(Reply::text("The answer")).held(&gate)));
    let mut app = TestApp::builder().models(&fake).start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let conversation = text(&visitor.writes("Hello").await.expect(200)["conversationId"]).to_owned();
    gate.arrived(1).await;
    app.crash().await;
    let hub = visitor.joins().await;
    // The lost order is taken up again once its lease has run out.
    gate.arrived(2).await;
    gate.open();
    assert_eq!(texts(&until(&hub, "MessageReceived", "The answer").await), ["The answer"]);
    assert_eq!(texts(&history(&shop.owner, &conversation).await), ["Hello", "The answer"]);
    let job =
        shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200)["aiMessageJob"].clone();
    assert_eq!((&job["status"], &job["attempts"]), (&json!("Sent"), &json!(2)), "{job}");
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn a_restart_in_order_waits_for_the_answer_that_is_under_way() {
    let fake = FakeModels::start().await;
    let gate = Gate::closed();
    fake.script(Script::always(Step::from(Reply::text("The answer")).held(&gate)));
    let mut app = TestApp::builder().models(&fake).start().await;
    let shop = app.shop().await;
    let (_, conversation) = crate::support::writer(&app, &shop).await;
    gate.arrived(1).await;
    let opened = gate.clone();
    let (restarted, ()) = tokio::join!(app.restart(), async move { opened.open() });
    let () = restarted;
    let said = eventually("the answer", async || {
        let said = history(&shop.owner, &conversation).await;
        (said.len() > 1).then_some(said)
    })
    .await;
    assert_eq!(texts(&said), ["Hello", "The answer"]);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut_and_what_was_not_is_sent_again_once() {
    let mut app = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let shop = quiet_shop(&app).await;
    let acknowledged = Arc::new(tokio::sync::Semaphore::new(0));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (visitor, client, acknowledged) = (app.visitor(&shop), app.anonymous(), acknowledged.clone());
            tokio::spawn(async move {
                for n in 0..30 {
                    let id = format!("{writer}-{n}");
                    let body = json!({ "sessionId": visitor.session_id, "text": id, "clientMessageId": id });
                    let path = format!("/api/v1/widget/chat/{}/messages", visitor.channel_token);
                    loop {
                        let sent = client.request(Method::POST, &path).json(&body).send().await;
                        if sent.is_ok_and(|answer| answer.status() == 200) {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    acknowledged.add_permits(1);
                }
                visitor
            })
        })
        .collect();
    // In the middle of it, twice.
    for _ in 0..2 {
        acknowledged.acquire_many(40).await.expect("nobody closes it").forget();
        app.crash().await;
    }
    for writer in writers {
        let visitor = writer.await.expect("every message is acknowledged in the end");
        let synced =
            visitor.posts("sync", json!({ "sessionId": visitor.session_id, "lastSeq": 0 })).await.expect(200);
        let mut seen: HashMap<String, u32> = HashMap::new();
        let messages = items(&synced["messages"]);
        for (index, message) in messages.iter().enumerate() {
            assert_eq!(message["seq"], index + 1, "without gaps");
            *seen.entry(text(&message["content"]).to_owned()).or_default() += 1;
        }
        assert!(seen.len() == 30 && seen.values().all(|&times| times == 1), "{seen:?}");
    }
    let usage = shop.owner.get(crate::support::USAGE).await.expect(200);
    assert_eq!(usage["messages"], 180, "what was undone was not counted");
}

#[tokio::test]
async fn a_restart_finds_everything_again() {
    let mut app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = crate::support::writer(&app, &shop).await;
    shop.owner.replies(&conversation, "Hi").await.expect(200);
    let before = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    app.restart().await;
    assert_eq!(shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200), before);
    let renewal = json!({ "refreshToken": shop.owner.refresh_token });
    app.anonymous().post("/api/v1/auth/refresh", &renewal).await.expect(200);
    let (_, missed) = visitor.joins_own(Some(1)).await;
    assert_eq!(texts(items(&missed["messages"])), ["Hi"]);
}
