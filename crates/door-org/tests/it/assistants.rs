//! Assistants and their flows (`org.md` F).

use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use testkit::{Client, Shop, TestApp, answer};

const ASSISTANTS: &str = "/api/assistants/";

async fn shop() -> (TestApp, Shop, Client) {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    (app, shop, browser)
}

/// The path of the assistant that the shop's channel has.
async fn of_the_channel(browser: &Client) -> String {
    let listed = browser.get(ASSISTANTS).await.expect(200);
    format!("{ASSISTANTS}{}", listed[0]["id"].as_str().expect("an id"))
}

/// Asks for a colour by buttons, then for a number.
fn questions() -> Value {
    json!({ "steps": [
        { "id": "colour", "type": "ask", "text": "Hello {{contact.name|you}}, which colour?", "save_as": "colour",
          "buttons": [{ "label": "Red", "value": "r" }, { "label": "Green", "value": "g" }] },
        { "id": "phone", "type": "collect", "what": "phone", "text": "And your number?" },
        { "id": "bye", "type": "handover", "to": "person", "text": "We call {{phone}}." },
        { "id": "lost", "type": "say", "text": "Nobody hears this." }
    ]})
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn an_assistant_is_made_listed_changed_and_removed() {
    let (_app, _shop, browser) = shop().await;
    let made = browser.post(ASSISTANTS, &json!({ "name": "Robin", "provider": "local" })).await.expect(201);
    assert_eq!(keys(&made), ["id", "instructions", "kind", "model", "name", "provider"]);
    assert_eq!(
        (&made["name"], &made["kind"], &made["provider"], &made["model"], &made["instructions"]),
        (&json!("Robin"), &json!("model"), &json!("local"), &json!("claude-sonnet-4-6"), &Value::Null)
    );
    let listed = browser.get(ASSISTANTS).await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "the channel's own comes first");
    assert_eq!(listed[1], made);

    let path = format!("{ASSISTANTS}{}", made["id"].as_str().expect("an id"));
    let change = json!({ "instructions": "Rhyme.", "model": "gpt" });
    let changed = browser.patch(&path, &change).await.expect(200);
    assert_eq!((&changed["name"], &changed["instructions"]), (&json!("Robin"), &json!("Rhyme.")));
    assert_eq!(browser.get(&path).await.expect(200), changed);
    let standard = browser.patch(&path, &json!({ "instructions": null })).await.expect(200);
    assert_eq!((&standard["instructions"], &standard["model"]), (&Value::Null, &json!("gpt")));
    for bad in [
        json!({ "name": " " }),
        json!({ "provider": "flow" }),
        json!({ "kind": "flow" }),
        json!({ "name": "x".repeat(101) }),
        json!([]),
    ] {
        let refused = browser.patch(&path, &bad).await.expect(400);
        assert_eq!(keys(&refused), ["error"], "{bad}");
    }
    let told = "name must have 1 to 100 characters.";
    assert_eq!(browser.patch(&path, &json!({ "name": "" })).await.expect(400)["error"], told);
    assert_eq!(browser.get(&path).await.expect(200), standard, "a bad change changes nothing");

    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(browser.get(&path).await.expect(404)["error"], "Assistant not found.");
    let used = of_the_channel(&browser).await;
    assert_eq!(
        browser.delete(&used).await.expect(409)["error"],
        "A channel or an embed token uses this assistant."
    );
}

#[tokio::test]
async fn a_flow_is_saved_read_and_taken_away() {
    let (app, shop, browser) = shop().await;
    let assistant = of_the_channel(&browser).await;
    let path = format!("{assistant}/flow");
    assert_eq!(browser.get(&path).await.expect(404)["error"], "Flow not found.");
    assert_eq!(browser.put(&path, &questions()).await.expect(200), json!({ "revision": 1 }));
    assert_eq!(browser.put(&path, &questions()).await.expect(200), json!({ "revision": 2 }));
    let saved = browser.get(&path).await.expect(200);
    assert_eq!(keys(&saved), ["flow", "revision", "updated_at"]);
    assert_eq!((&saved["flow"], &saved["revision"]), (&questions(), &json!(2)));
    assert_eq!(browser.get(&assistant).await.expect(200)["kind"], "flow");

    let circle = json!({ "steps": [{ "id": "a", "type": "goto", "goto": "a" }] });
    let refused = browser.put(&path, &circle).await.expect(400);
    let told = "flow has a fault in step `a`: it leads back to itself without waiting for the visitor.";
    assert_eq!(refused, json!({ "error": told }));
    assert_eq!(browser.get(&path).await.expect(200), saved, "a refused flow changes nothing");

    // A visitor is answered by it.
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Hi").await.expect("it is stored");
    hub.event("MessageReceived").await;
    assert_eq!(
        hub.event("MessageReceived").await[0]["contentText"],
        "Hello you, which colour?\n- Red\n- Green"
    );

    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(browser.delete(&path).await.status, 404);
    assert_eq!(browser.get(&assistant).await.expect(200)["kind"], "model");
}

#[tokio::test]
async fn a_flow_shows_what_staff_have_sent_up() {
    let (app, shop, browser) = shop().await;
    let path = format!("{}/flow", of_the_channel(&browser).await);
    let flow = |upload: &Value| {
        let media = json!({ "upload_id": upload });
        json!({ "steps": [{ "id": "list", "type": "say", "content_type": "file", "text": "Prices", "rich_media": media }] })
    };
    let nobodys = json!("0190a000-0000-7000-8000-000000000000");
    let refused = browser.put(&path, &flow(&nobodys)).await.expect(400);
    assert_eq!(refused["error"], "flow has a fault in step `list`: it shows an upload that is not there.");

    let file = Part::bytes(b"name,price\r\nFern,12\r\n".to_vec()).file_name("prices.csv");
    let sent_up = browser.request(Method::POST, "/api/uploads/").multipart(Form::new().part("file", file));
    let upload = answer(sent_up).await.expect(201);
    let other = app.shop().await;
    let stranger = app.browser(&other.owner).await;
    let theirs = format!("{}/flow", of_the_channel(&stranger).await);
    assert_eq!(stranger.put(&theirs, &flow(&upload["id"])).await.status, 400, "it is another account's");
    browser.put(&path, &flow(&upload["id"])).await.expect(200);

    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.says(&hub, "Hi").await.expect("it is stored");
    hub.event("Message").await;
    let shown = hub.event("Message").await.swap_remove(0);
    assert_eq!(
        (&shown["contentType"], &shown["richMedia"]["filename"]),
        (&json!("file"), &json!("prices.csv"))
    );
    let url = shown["richMedia"]["url"].as_str().expect("a link");
    let fetched = reqwest::Client::builder().no_proxy().build().expect("a client").get(url).send().await;
    let bytes = fetched.expect("an answer").bytes().await.expect("a body");
    assert_eq!(bytes.as_ref(), b"name,price\r\nFern,12\r\n");
}

#[tokio::test]
async fn a_flow_is_checked_and_tried_without_being_kept() {
    let (_app, _shop, browser) = shop().await;
    let assistant = of_the_channel(&browser).await;
    let check = format!("{assistant}/flow/check");
    let good = browser.post(&check, &questions()).await.expect(200);
    assert_eq!(good, json!({ "valid": true, "unreachable": ["lost"] }));
    let bad = browser.post(&check, &json!({ "steps": [] })).await.expect(200);
    assert_eq!(bad, json!({ "valid": false, "error": "flow must have 1 to 200 steps.", "unreachable": [] }));

    let attempt = format!("{assistant}/flow/try");
    let messages = json!(["Hi", "green", "what?", "030 123456"]);
    assert_eq!(
        browser.post(&attempt, &json!({ "messages": messages })).await.status,
        404,
        "nothing is saved yet"
    );
    let played = json!({ "flow": questions(), "messages": messages, "contact": { "name": "Ada" } });
    let played = browser.post(&attempt, &played).await.expect(200);
    let buttons =
        json!({ "buttons": [{ "label": "Red", "value": "r" }, { "label": "Green", "value": "g" }] });
    let said = |content: &str| json!([{ "content_type": "text", "content": content, "rich_media": null }]);
    let hint = "This does not look like a phone number. Please try again.";
    assert_eq!(
        played,
        json!({
            "turns": [
                { "message": "Hi", "handed_to": null, "said": [
                    { "content_type": "quick_button", "content": "Hello Ada, which colour?", "rich_media": buttons }
                ]},
                { "message": "green", "handed_to": null, "said": said("And your number?") },
                { "message": "what?", "handed_to": null, "said": said(hint) },
                { "message": "030 123456", "handed_to": "person", "said": said("We call 030123456.") }
            ],
            "answers": { "colour": "g", "phone": "030123456" },
            "contact": { "name": "Ada", "email": null, "phone": "030123456" },
            "status": "person",
            "step": null
        })
    );
    browser.put(&format!("{assistant}/flow"), &questions()).await.expect(200);
    let saved = browser.post(&attempt, &json!({ "messages": ["Hi"] })).await.expect(200);
    assert_eq!((&saved["status"], &saved["step"]), (&json!("waiting"), &json!("colour")));
    let many = vec!["Hi"; 51];
    browser.post(&attempt, &json!({ "messages": many })).await.expect(400);
    browser.post(&attempt, &json!({ "flow": {}, "messages": [] })).await.expect(400);
}

#[tokio::test]
async fn assistants_are_their_accounts_and_open_to_those_who_may() {
    let (app, shop, browser) = shop().await;
    let path = of_the_channel(&browser).await;
    let other = app.shop().await;
    let stranger = app.browser(&other.owner).await;
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    let nobody = app.anonymous();
    let flow = format!("{path}/flow");
    let (check, attempt) = (format!("{flow}/check"), format!("{flow}/try"));
    browser.put(&flow, &questions()).await.expect(200);

    let tried = json!({ "messages": ["Hi"] });
    for (client, reads, writes) in [(&stranger, 404, 404), (&viewer, 200, 403), (&nobody, 401, 401)] {
        assert_eq!(client.get(&path).await.status, reads);
        assert_eq!(client.get(&flow).await.status, reads);
        assert_eq!(client.post(&check, &questions()).await.status, reads);
        assert_eq!(client.post(&attempt, &tried).await.status, reads);
        assert_eq!(client.patch(&path, &json!({ "name": "Mine" })).await.status, writes);
        assert_eq!(client.put(&flow, &questions()).await.status, writes);
        assert_eq!(client.delete(&flow).await.status, writes);
        assert_eq!(client.delete(&path).await.status, writes);
    }
    assert_eq!(viewer.post(ASSISTANTS, &json!({})).await.status, 403);
    let listed = stranger.get(ASSISTANTS).await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "their own");
    assert_ne!(format!("{ASSISTANTS}{}", listed[0]["id"].as_str().expect("an id")), path);
    let csrf = browser.without_csrf();
    assert_eq!(csrf.put(&flow, &questions()).await.status, 403);
    assert_eq!(browser.get(&format!("{ASSISTANTS}nonsense")).await.status, 404);
}
