//! R: automatic answers, P: the providers behind them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use parlor_core::{app::Database, usage::Plan};
use serde_json::{Value, json};
use testkit::{
    Shop, TestApp,
    fake_models::{FakeModels, Garbage, Gate, Provider, Reply, RetryAfter, Script, Step},
};

use crate::support::{
    CHANNELS, CONVERSATIONS, KNOWLEDGE, PROVIDERS, USAGE, act, eventually, history, items, keys, patch, plan,
    problem, text, texts, toggle, unlimited, until, writer,
};

/// The product with a fake behind both providers, which tries again at once.
async fn answering(fake: &FakeModels) -> TestApp {
    TestApp::builder()
        .rate_limits(parlor_core::limits::RateLimits::Off)
        .models(fake)
        .settings(|settings| settings.backoff = Duration::from_millis(1))
        .start()
        .await
}

/// The newest order to answer, once it has come to its end.
async fn ended(shop: &Shop, conversation: &str) -> Value {
    eventually("the end of the order to answer", async || {
        let found = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
        let job = found["aiMessageJob"].clone();
        matches!(job["status"].as_str(), Some("Sent" | "Dead")).then_some(job)
    })
    .await
}

async fn usage(shop: &Shop) -> [u64; 3] {
    let usage = shop.owner.get(USAGE).await.expect(200);
    ["aiAnswers", "inputTokens", "outputTokens"].map(|name| usage[name].as_u64().expect("a number"))
}

fn held(gate: &Gate, text: &str) -> Step {
    Step::from(Reply::text(text)).held(gate)
}

#[tokio::test]
async fn both_providers_answer_with_the_channels_model_and_instructions() {
    for (code, provider) in [("anthropic", Provider::Anthropic), ("openai", Provider::OpenAi)] {
        let fake = FakeModels::start().await;
        let app = answering(&fake).await;
        let shop = app.shop().await;
        patch(&shop, json!({ "aiProviderCode": code, "aiModelCode": "model-9" })).await;
        let visitor = app.visitor(&shop);
        let hub = visitor.joins().await;
        visitor.says(&hub, "Bonjour").await.expect("it is stored");
        hub.event("MessageReceived").await;
        assert_eq!(hub.event("MessageReceived").await[0]["contentText"], "Bonjour", "the fake's echo");
        let standard = fake.requests();
        assert_eq!((standard.len(), standard[0].provider), (1, provider));
        assert_eq!(standard[0].body["model"], "model-9");
        assert!(standard[0].system().contains("A shop"), "{}", standard[0].system());

        patch(&shop, json!({ "systemPromptOverride": "Answer in rhymes only." })).await;
        visitor.says(&hub, "Encore").await.expect("it is stored");
        until(&hub, "MessageReceived", "Encore").await;
        hub.event("MessageReceived").await;
        let own = &fake.requests()[1];
        assert!(own.system().starts_with("Answer in rhymes only."), "{}", own.system());
        assert!(!own.system().contains("A shop"), "{}", own.system());
        let said: Vec<(&str, &str)> =
            [("user", "Bonjour"), ("assistant", "Bonjour"), ("user", "Encore")].into();
        let turns = own.turns();
        let spoken: Vec<(&str, &str)> = turns
            .iter()
            .filter(|(role, _)| role != "system" && role != "developer")
            .map(|(role, text)| (role.as_str(), text.as_str()))
            .collect();
        assert_eq!(spoken, said);
    }
}

#[tokio::test]
async fn a_model_is_shown_the_last_twenty_messages() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = app.shop().await;
    toggle(&shop, "false").await;
    let (visitor, conversation) = writer(&app, &shop).await;
    for n in 0..12 {
        visitor.writes(&format!("Question {n}")).await.expect(200);
        shop.owner.replies(&conversation, &format!("Reply {n}")).await.expect(200);
    }
    toggle(&shop, "true").await;
    act(&shop.owner, &conversation, "resume-agent").await.expect(200);
    visitor.writes("The newest").await.expect(200);
    assert_eq!(ended(&shop, &conversation).await["status"], "Sent");
    let requests = fake.requests();
    let turns = requests[0].turns();
    let all = turns.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    // 26 messages are stored; the last twenty begin with the third reply.
    for shown in ["Reply 2", "Question 3", "Reply 11", "The newest"] {
        assert!(all.contains(shown), "{shown} is missing: {all}");
    }
    for hidden in ["Hello", "Question 0", "Reply 1\n", "Question 2"] {
        assert!(!all.contains(hidden), "{hidden} is shown: {all}");
    }
    assert_eq!(
        all.lines().filter(|line| line.starts_with("Question") || line.starts_with("Reply")).count(),
        19
    );
    assert_eq!(turns.last().map(|(role, _)| role.as_str()), Some("user"));
}

#[tokio::test]
async fn a_burst_gets_one_answer_that_covers_it() {
    let fake = FakeModels::start().await;
    let gate = Gate::closed();
    fake.script(Script::new().then(held(&gate, "Too early")).otherwise(Reply::text("All of it")));
    let app = answering(&fake).await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let conversation = text(&visitor.writes("One").await.expect(200)["conversationId"]).to_owned();
    gate.arrived(1).await;
    for more in ["Two", "Three", "Four"] {
        visitor.says(&hub, more).await.expect("it is stored");
    }
    gate.open();
    let heard = until(&hub, "MessageReceived", "All of it").await;
    assert_eq!(texts(&heard), ["One", "Two", "Three", "Four", "All of it"]);
    assert_eq!(ended(&shop, &conversation).await["status"], "Sent");
    assert_eq!(fake.requests().len(), 2);
    let asked =
        fake.requests()[1].turns().iter().map(|(_, text)| text.clone()).collect::<Vec<_>>().join("\n");
    for each in ["One", "Two", "Three", "Four"] {
        assert!(asked.contains(each), "{asked}");
    }
    // The answer that was thrown away has cost something, too.
    let spent = fake.usage();
    assert_eq!(usage(&shop).await, [2, spent.input_tokens, spent.output_tokens]);
    assert_eq!(history(&shop.owner, &conversation).await.len(), 5);
}

#[tokio::test]
async fn whoever_goes_on_writing_is_answered_in_the_end_to_the_last_word() {
    let fake = FakeModels::start().await;
    let gates: Vec<Gate> = (0..3).map(|_| Gate::closed()).collect();
    let script = gates.iter().fold(Script::new(), |script, gate| script.then(held(gate, "So far")));
    fake.script(script.otherwise(Reply::text("To the last word")));
    let app = answering(&fake).await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let conversation = text(&visitor.writes("Question 0").await.expect(200)["conversationId"]).to_owned();
    for (n, gate) in gates.iter().enumerate() {
        gate.arrived(1).await;
        visitor.writes(&format!("Question {}", n + 1)).await.expect(200);
        gate.open();
    }
    let heard = until(&hub, "MessageReceived", "To the last word").await;
    let expected = ["Question 0", "Question 1", "Question 2", "Question 3", "So far", "To the last word"];
    assert_eq!(texts(&heard), expected);
    let requests = fake.requests();
    assert_eq!(requests.len(), 4);
    let turns = requests[3].turns();
    assert_eq!(
        turns.last().map(|(role, text)| (role.as_str(), text.contains("Question 3"))),
        Some(("user", true))
    );
    assert_eq!(ended(&shop, &conversation).await["status"], "Sent");
}

#[tokio::test]
async fn tokens_are_metered_exactly_with_thirty_visitors_at_once() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = Arc::new(app.shop().await);
    let visitors: Vec<_> = (0..30).map(|_| app.visitor(&shop)).collect();
    join_all(visitors.iter().enumerate().map(|(n, visitor)| {
        let words = format!("Question {n} {}", "word ".repeat(n));
        async move {
            let hub = visitor.joins().await;
            visitor.says(&hub, &words).await.expect("it is stored");
            hub.event("MessageReceived").await;
            hub.event("MessageReceived").await
        }
    }))
    .await;
    let spent = fake.usage();
    assert!(spent.input_tokens > 0 && spent.output_tokens > 0);
    assert_eq!(usage(&shop).await, [30, spent.input_tokens, spent.output_tokens]);
    assert_eq!(shop.owner.get(USAGE).await.expect(200)["messages"], 30);
    assert_eq!(fake.requests().len(), 30);
}

#[tokio::test]
async fn a_provider_that_puts_us_off_is_obeyed() {
    for code in ["anthropic", "openai"] {
        let fake = FakeModels::start().await;
        let wait = Reply::RateLimited(RetryAfter::Seconds(1));
        fake.script(Script::new().then(wait).otherwise(Reply::text("At last")));
        let app = answering(&fake).await;
        let shop = app.shop().await;
        patch(&shop, json!({ "aiProviderCode": code })).await;
        let visitor = app.visitor(&shop);
        let hub = visitor.joins().await;
        let before = Instant::now();
        visitor.says(&hub, "Hello").await.expect("it is stored");
        until(&hub, "MessageReceived", "At last").await;
        assert!(before.elapsed() >= Duration::from_secs(1), "{code} was asked again too early");
        assert_eq!(fake.requests().len(), 2);
    }
}

#[tokio::test]
async fn failures_are_tried_three_times_and_then_dead_with_a_reason() {
    let passing = [
        Reply::Overloaded,
        Reply::Status(500),
        Reply::RateLimited(RetryAfter::Millis(5)),
        Reply::Cut,
        Reply::CutMidway,
        Reply::Garbage(Garbage::NotJson),
    ];
    for code in ["anthropic", "openai"] {
        let fake = FakeModels::start().await;
        let app = answering(&fake).await;
        let shop = app.shop().await;
        patch(&shop, json!({ "aiProviderCode": code })).await;
        for reply in passing.clone() {
            let already = fake.requests().len();
            fake.script(Script::always(reply.clone()));
            let (_, conversation) = writer(&app, &shop).await;
            let job = ended(&shop, &conversation).await;
            assert_eq!(keys(&job), ["attempts", "reason", "status", "updatedAt"]);
            assert_eq!(
                (&job["status"], &job["attempts"]),
                (&json!("Dead"), &json!(3)),
                "{code} {reply:?}: {job}"
            );
            assert!(!text(&job["reason"]).is_empty(), "{code} {reply:?}: {job}");
            assert!(!job.to_string().contains("test-key"), "{job}");
            assert_eq!(fake.requests().len() - already, 3, "{code} {reply:?}");
            assert_eq!(texts(&history(&shop.owner, &conversation).await), ["Hello"]);
        }
    }
}

#[tokio::test]
async fn what_trying_again_cannot_help_is_dead_at_once() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = app.shop().await;
    for reply in [Reply::WrongKey, Reply::Status(400), Reply::Redirect] {
        let already = fake.requests().len();
        fake.script(Script::always(reply.clone()));
        let (_, conversation) = writer(&app, &shop).await;
        let job = ended(&shop, &conversation).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("Dead"), &json!(1)), "{reply:?}: {job}");
        assert_eq!(fake.requests().len() - already, 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_forgotten_and_the_next_message_is_answered_after_death() {
    let fake = FakeModels::start().await;
    fake.script(
        Script::new().then(Reply::Overloaded).then(Reply::Cut).otherwise(Reply::text("Third time lucky")),
    );
    let app = answering(&fake).await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Hello").await.expect("it is stored");
    assert_eq!(
        texts(&until(&hub, "MessageReceived", "Third time lucky").await),
        ["Hello", "Third time lucky"]
    );
    fake.script(Script::always(Reply::WrongKey));
    let conversation = text(&visitor.writes("Again").await.expect(200)["conversationId"]).to_owned();
    assert_eq!(ended(&shop, &conversation).await["status"], "Dead");
    fake.script(Script::always(Reply::text("Here I am")));
    visitor.writes("And now?").await.expect(200);
    until(&hub, "MessageReceived", "Here I am").await;
    let spent = fake.usage();
    assert_eq!(usage(&shop).await, [2, spent.input_tokens, spent.output_tokens]);
}

#[tokio::test]
async fn a_person_who_steps_in_while_the_model_thinks_silences_it() {
    for by_assignment in [false, true] {
        let fake = FakeModels::start().await;
        let gate = Gate::closed();
        fake.script(Script::always(held(&gate, "Never heard")));
        let app = answering(&fake).await;
        let shop = app.shop().await;
        let (visitor, conversation) = writer(&app, &shop).await;
        gate.arrived(1).await;
        if by_assignment {
            let me = crate::auth::subject(&shop.owner.token);
            let path = format!("{CONVERSATIONS}/{conversation}/assign");
            shop.owner.post(&path, &json!({ "userId": me })).await.expect(200);
        } else {
            shop.owner.replies(&conversation, "I take this").await.expect(200);
        }
        gate.open();
        let job = ended(&shop, &conversation).await;
        assert_eq!((&job["status"], &job["reason"]), (&json!("Sent"), &json!("A person has stepped in.")));
        // Later messages of the session are the person's, too.
        visitor.writes("Thank you").await.expect(200);
        let said = history(&shop.owner, &conversation).await;
        assert!(said.iter().all(|message| message["isAiGenerated"] == false), "{said:?}");
        assert_eq!(fake.requests().len(), 1);
        let spent = fake.usage();
        assert_eq!(usage(&shop).await, [1, spent.input_tokens, spent.output_tokens]);

        act(&shop.owner, &conversation, "resume-agent").await.expect(200);
        fake.script(Script::always(Reply::text("Back again")));
        let hub = visitor.joins().await;
        visitor.writes("Anybody?").await.expect(200);
        until(&hub, "MessageReceived", "Back again").await;
    }
}

#[tokio::test]
async fn a_switch_thrown_while_the_model_thinks_counts() {
    for change in ["toggle", "disable", "delete", "resolve"] {
        let fake = FakeModels::start().await;
        let gate = Gate::closed();
        fake.script(Script::always(held(&gate, "Never heard")));
        let app = answering(&fake).await;
        let shop = app.shop().await;
        let (_, conversation) = writer(&app, &shop).await;
        gate.arrived(1).await;
        match change {
            "toggle" => drop(toggle(&shop, "false").await),
            "disable" => drop(patch(&shop, json!({ "isEnabled": false })).await),
            "delete" => drop(shop.owner.delete(&format!("{CHANNELS}/{}", shop.channel_id)).await.expect(204)),
            _ => drop(act(&shop.owner, &conversation, "resolve").await.expect(200)),
        }
        gate.open();
        assert_eq!(ended(&shop, &conversation).await["status"], "Sent", "{change}");
        assert_eq!(texts(&history(&shop.owner, &conversation).await), ["Hello"], "{change}");
        let spent = fake.usage();
        assert_eq!(usage(&shop).await, [1, spent.input_tokens, spent.output_tokens], "{change}");
    }
}

#[tokio::test]
async fn an_assistant_that_is_switched_off_is_not_asked() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = app.shop().await;
    toggle(&shop, "false").await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let found = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    assert_eq!(found["aiMessageJob"], Value::Null);
    toggle(&shop, "true").await;
    let hub = visitor.joins().await;
    visitor.says(&hub, "Now?").await.expect("it is stored");
    hub.event("MessageReceived").await;
    hub.event("MessageReceived").await;
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_used_up_token_limit_is_dead_with_the_limits_name() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = app.shop().await;
    plan(&app, &shop, Plan { max_monthly_ai_tokens: Some(1), ..Plan::default() }).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "First").await.expect("it is stored");
    hub.event("MessageReceived").await;
    assert_eq!(hub.event("MessageReceived").await[0]["isAiGenerated"], true, "nothing was used before");
    // The visitor's message is stored all the same; only the assistant is silent.
    let conversation = text(&visitor.writes("Second").await.expect(200)["conversationId"]).to_owned();
    let job = ended(&shop, &conversation).await;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("Dead"), &json!(1)), "{job}");
    assert!(text(&job["reason"]).contains("maxMonthlyAiTokens"), "{job}");
    assert_eq!(fake.requests().len(), 1);
    assert_eq!(shop.owner.get(USAGE).await.expect(200)["maxMonthlyAiTokens"], 1);
}

#[tokio::test]
async fn without_a_key_the_assistant_answers_by_local_and_says_so() {
    let app = unlimited().await;
    let shop = app.shop().await;
    let channel = shop.owner.get(CHANNELS).await.expect(200)[0].clone();
    assert_eq!(
        (&channel["aiProviderCode"], &channel["effectiveAiProviderCode"]),
        (&json!("anthropic"), &json!("local"))
    );
    let listed = shop.owner.get(PROVIDERS).await.expect(200);
    let expected = json!([
        { "code": "anthropic", "key": "missing", "effectiveCode": "local" },
        { "code": "openai", "key": "missing", "effectiveCode": "local" },
        { "code": "local", "key": "notNeeded", "effectiveCode": "local" },
    ]);
    assert_eq!(listed, expected);

    let article = json!({
        "title": "Shipping", "body": "Parcels to Norway take four days.\n\nReturns are free within 30 days.",
        "url": "https://shop.example/shipping"
    });
    shop.owner.post(KNOWLEDGE, &article).await.expect(201);
    let visitor = app.visitor(&shop);
    let ((hub, _), seeds) = (visitor.joins_own(None).await, visitor.joins().await);
    visitor.writes("How long do parcels to Norway take?").await.expect(200);
    hub.event("Message").await;
    let answer = hub.event("Message").await.swap_remove(0);
    let quoted = "Parcels to Norway take four days.\n\nReturns are free within 30 days.";
    assert_eq!(answer["content"], quoted);
    assert_eq!(answer["sources"], json!([{ "title": "Shipping", "url": "https://shop.example/shipping" }]));
    // Whoever knows only text reads the source in it.
    let named = format!("{quoted}\n\nSource: Shipping");
    seeds.event("MessageReceived").await;
    assert_eq!(seeds.event("MessageReceived").await[0]["contentText"], named);
    let list = shop.owner.get(CONVERSATIONS).await.expect(200);
    assert_eq!(list["items"][0]["tags"], json!([]));
    assert_eq!(list["items"][0]["lastMessage"]["sources"], json!(["Shipping"]));

    // Where nothing fits a person is offered, and told.
    visitor.writes("Do you repair zeppelins?").await.expect(200);
    hub.event("Message").await;
    let offered = hub.event("Message").await.swap_remove(0);
    assert!(text(&offered["content"]).contains("colleague"), "{offered}");
    assert_eq!(offered["sources"], json!([]));
    let list = shop.owner.get(CONVERSATIONS).await.expect(200);
    assert_eq!(list["items"][0]["tags"], json!(["needs-person"]));
    assert_eq!(usage(&shop).await, [2, 0, 0]);
}

#[tokio::test]
async fn a_stores_own_key_is_used_sealed_and_never_shown() {
    const KEY: &str = "sk-ant-very-secret-0123456789";
    let fake = FakeModels::start().await;
    fake.require_key(KEY);
    fake.script(Script::always(Reply::text("By model")));
    let app = TestApp::builder()
        .providers(parlor_core::assistants::Providers {
            anthropic: parlor_core::assistants::ProviderSettings {
                base_url: fake.anthropic_url(),
                api_key: None,
            },
            openai: parlor_core::assistants::ProviderSettings { base_url: fake.openai_url(), api_key: None },
        })
        .start()
        .await;
    let shop = app.shop().await;
    let path = format!("{PROVIDERS}/anthropic/key");
    let kept = shop.owner.put(&path, &json!({ "apiKey": KEY })).await;
    assert_eq!((kept.status, kept.text.as_str()), (204, ""));
    let listed = shop.owner.get(PROVIDERS).await;
    let channels = shop.owner.get(CHANNELS).await;
    assert!(!listed.text.contains("secret") && !channels.text.contains("secret"));
    assert_eq!(listed.json[0], json!({ "code": "anthropic", "key": "store", "effectiveCode": "anthropic" }));
    assert_eq!(channels.json[0]["effectiveAiProviderCode"], "anthropic");

    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Hello").await.expect("it is stored");
    until(&hub, "MessageReceived", "By model").await;
    assert_eq!(fake.requests()[0].headers["x-api-key"], KEY);
    // Another store has no part in it.
    let other = app.shop().await;
    assert_eq!(other.owner.get(PROVIDERS).await.expect(200)[0]["key"], "missing");

    let account = shop.account_id;
    let sealed: Vec<u8> = app
        .within(move |app| async move {
            let sql = "select sealed from provider_keys where account_id = $1";
            app.db
                .read(move |tx| {
                    Box::pin(async move { tx.one(sql, &[account.into()], |row| row.get(0)).await })
                })
                .await
        })
        .await
        .expect("the key is kept");
    assert!(
        sealed.len() > KEY.len()
            && !sealed.windows(6).any(|part| KEY.as_bytes().windows(6).any(|key| key == part))
    );
    if let Database::Sqlite(file) = &app.core().settings.database {
        let folder = file.parent().expect("a file is in a folder");
        let mut looked = 0;
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file can be read");
            assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key lies open");
            looked += bytes.len();
        }
        assert!(looked > 0);
    }

    assert_eq!(shop.owner.delete(&path).await.status, 204);
    assert_eq!(shop.owner.get(PROVIDERS).await.expect(200)[0]["key"], "missing");
    visitor.says(&hub, "Hello").await.expect("it is stored");
    until(&hub, "MessageReceived", "Hello").await;
    assert_ne!(hub.event("MessageReceived").await[0]["contentText"], "By model");
}

#[tokio::test]
async fn the_operators_key_serves_stores_without_one() {
    let fake = FakeModels::start().await;
    let app = answering(&fake).await;
    let shop = app.shop().await;
    let listed = shop.owner.get(PROVIDERS).await.expect(200);
    assert_eq!(listed[1], json!({ "code": "openai", "key": "server", "effectiveCode": "openai" }));
    assert_eq!(items(&listed).len(), 3);
    for (body, status) in [
        (json!({}), 400),
        (json!({ "apiKey": "" }), 400),
        (json!({ "apiKey": "  " }), 400),
        (json!({ "apiKey": "a b" }), 400),
        (json!({ "apiKey": "a\u{0}b" }), 400),
        (json!({ "apiKey": "ключ" }), 400),
        (json!({ "apiKey": "a\r\nX-Evil: 1" }), 400),
        (json!({ "apiKey": "x".repeat(501) }), 400),
        (json!({ "apiKey": 5 }), 400),
    ] {
        problem(shop.owner.put(&format!("{PROVIDERS}/openai/key"), &body).await, status);
    }
    problem(shop.owner.put(&format!("{PROVIDERS}/local/key"), &json!({ "apiKey": "x" })).await, 400);
    for code in ["skynet", "%00", "%ff", "ANTHROPIC"] {
        problem(shop.owner.put(&format!("{PROVIDERS}/{code}/key"), &json!({ "apiKey": "x" })).await, 404);
        problem(shop.owner.delete(&format!("{PROVIDERS}/{code}/key")).await, 404);
    }
    assert_eq!(shop.owner.get(PROVIDERS).await.expect(200)[1]["key"], "server");
}
