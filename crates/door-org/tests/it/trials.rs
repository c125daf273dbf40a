//! Trying an assistant (`org.md` C).

use std::time::Duration;

use parlor_core::{accounts, usage::Plan};
use serde_json::{Value, json};
use testkit::{
    Client, Shop, TestApp,
    fake_models::{FakeModels, Reply, Script},
};

use crate::support::{NOBODY, items, keys, refused, text};

async fn shop(app: &TestApp) -> (Shop, Client, String) {
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let assistants = browser.get("/api/assistants/").await.expect(200);
    let path = format!("/api/assistants/{}/try", text(&assistants[0]["id"]));
    (shop, browser, path)
}

async fn writes(browser: &Client, title: &str, body: &str) -> Value {
    let url = format!("https://shop.example/{title}");
    browser.post("/api/articles/", &json!({ "title": title, "body": body, "url": url })).await.expect(201)
}

fn asks(question: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": question }] })
}

#[tokio::test]
async fn a_model_is_tried_with_other_instructions_and_what_is_known() {
    let fake = FakeModels::start().await;
    fake.script(Script::new().otherwise(Reply::text("Two days.")));
    let app = TestApp::builder().models(&fake).start().await;
    let (shop, browser, path) = shop(&app).await;
    let article = writes(&browser, "Shipping", "Shipping to Austria takes two days.").await;
    let attempt = json!({
        "messages": [
            { "role": "user", "content": "Hello" },
            { "role": "assistant", "content": "Hi!" },
            { "role": "user", "content": "How long does shipping to Austria take?" }
        ],
        "instructions": "Answer like a pirate."
    });
    let answer = browser.post(&path, &attempt).await.expect(200);
    assert_eq!(keys(&answer), ["content", "handed_over", "model", "provider", "sources"]);
    assert_eq!((&answer["content"], &answer["provider"]), (&json!("Two days."), &json!("anthropic")));
    assert_eq!((&answer["handed_over"], answer["model"].is_string()), (&json!(false), true));
    let source =
        json!({ "article_id": article["id"], "title": "Shipping", "url": "https://shop.example/Shipping" });
    assert_eq!(answer["sources"], json!([source]), "what the model was shown");
    let asked = fake.requests().pop().expect("a request");
    assert!(asked.system().starts_with("Answer like a pirate.") && asked.system().contains("takes two days"));
    let said: Vec<String> = asked.turns().into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["Hello", "Hi!", "How long does shipping to Austria take?"]);

    // Nothing is kept but what it cost.
    let kept = browser.get(path.trim_end_matches("/try")).await.expect(200);
    assert_eq!(kept["instructions"], Value::Null);
    assert_eq!(browser.get("/api/conversations/?filter=all").await.expect(200), json!([]));
    let used = browser.get("/api/usage/").await.expect(200);
    let spent = fake.usage();
    assert_eq!(
        (&used["ai_answers"], &used["input_tokens"], &used["output_tokens"], &used["messages"]),
        (&json!(1), &json!(spent.input_tokens), &json!(spent.output_tokens), &json!(0))
    );

    // Null is the standard instructions, and nothing the assistant's own.
    let own = json!({ "instructions": "Be brief." });
    browser.patch(path.trim_end_matches("/try"), &own).await.expect(200);
    let mut standard = asks("Hello");
    browser.post(&path, &standard).await.expect(200);
    assert!(fake.requests().pop().expect("a request").system().starts_with("Be brief."));
    standard["instructions"] = Value::Null;
    browser.post(&path, &standard).await.expect(200);
    assert!(fake.requests().pop().expect("a request").system().starts_with("You answer visitors"));

    // Who has used up the month's tokens tries no more.
    let account_id = shop.account_id;
    let plan = Plan { max_monthly_ai_tokens: Some(1), ..Plan::default() };
    app.within(move |app| async move { accounts::set_plan(&app, account_id, plan).await })
        .await
        .expect("a plan");
    let before = fake.requests().len();
    refused(browser.post(&path, &asks("Hello")).await, 429);
    assert_eq!(fake.requests().len(), before);
}

#[tokio::test]
async fn without_a_key_the_articles_are_quoted_or_staff_called() {
    let app = TestApp::start().await;
    let (_shop, browser, path) = shop(&app).await;
    writes(&browser, "Returns", "Returns are free within thirty days.").await;
    let quoted = browser.post(&path, &asks("How do returns work?")).await.expect(200);
    assert_eq!(
        (&quoted["content"], &quoted["provider"], &quoted["model"]),
        (&json!("Returns are free within thirty days."), &json!("local"), &Value::Null)
    );
    assert_eq!((&quoted["sources"][0]["title"], &quoted["handed_over"]), (&json!("Returns"), &json!(false)));
    let unknown = browser.post(&path, &asks("Do you sell submarines?")).await.expect(200);
    assert_eq!((&unknown["sources"], &unknown["handed_over"]), (&json!([]), &json!(true)));
    assert_eq!(browser.get("/api/usage").await.expect(200)["ai_answers"], 2);
    assert_eq!(items(&browser.get("/api/conversations/?filter=all").await.expect(200)).len(), 0);
}

#[tokio::test]
async fn a_provider_that_fails_says_why_and_is_not_asked_again() {
    let fake = FakeModels::start().await;
    let app = TestApp::builder()
        .models(&fake)
        .settings(|settings| settings.backoff = Duration::from_millis(1))
        .start()
        .await;
    let (_shop, browser, path) = shop(&app).await;
    fake.script(Script::new().otherwise(Reply::WrongKey));
    let told = refused(browser.post(&path, &asks("Hello")).await, 503);
    assert!(told.starts_with("The assistant's provider gave no answer: "), "{told}");
    assert!(!told.contains("test-key"));
    fake.script(Script::new().otherwise(Reply::Overloaded));
    refused(browser.post(&path, &asks("Hello")).await, 503);
    assert_eq!(fake.requests().len(), 2);
    assert_eq!(browser.get("/api/usage").await.expect(200)["ai_answers"], 0);
}

#[tokio::test]
async fn trials_are_bounded_and_for_those_who_manage_channels() {
    let app = TestApp::start().await;
    let (shop, browser, path) = shop(&app).await;
    let messages = |messages: Value| json!({ "messages": messages });
    let user = |content: &str| json!({ "role": "user", "content": content });
    let cases = [
        (messages(json!([])), "messages must be a list of 1 to 50."),
        (messages(json!(vec![user("x"); 51])), "messages must be a list of 1 to 50."),
        (
            messages(json!([user("x"), { "role": "assistant", "content": "y" }])),
            "messages must end with one of the user.",
        ),
        (messages(json!([user(" ")])), "messages[0].content must have 1 to 10,000 characters and no NUL."),
        (messages(json!([user("a\0b")])), "messages[0].content must have 1 to 10,000 characters and no NUL."),
        (
            messages(json!([user(&"x".repeat(10_001))])),
            "messages[0].content must have 1 to 10,000 characters and no NUL.",
        ),
        (
            json!({ "messages": [user("x")], "instructions": "x".repeat(20_001) }),
            "instructions must have 1 to 20000 characters.",
        ),
    ];
    for (bad, told) in cases {
        assert_eq!(refused(browser.post(&path, &bad).await, 400), told);
    }
    for bad in
        [json!({}), messages(json!([{ "role": "system", "content": "x" }])), messages(json!("x")), json!([])]
    {
        refused(browser.post(&path, &bad).await, 400);
    }
    refused(browser.post(&format!("/api/assistants/{NOBODY}/try"), &asks("x")).await, 404);
    let other = app.shop().await;
    let stranger = app.browser(&other.owner).await;
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    for (client, status) in
        [(&stranger, 404), (&viewer, 403), (&app.anonymous(), 401), (&browser.without_csrf(), 403)]
    {
        refused(client.post(&path, &asks("x")).await, status);
    }
    // Whoever tries without end is slowed down.
    for _ in 0..100 {
        let answer = browser.post(&path, &asks("Hello")).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
            return;
        }
        answer.expect(200);
    }
    panic!("nobody was slowed down");
}
