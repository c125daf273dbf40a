//! What the people in these tests have in common.

use std::time::Duration;

use jiff::Timestamp;
use parlor_core::{accounts, limits::RateLimits, usage::Plan};
use serde_json::{Value, json};
use testkit::{Answer, Client, Shop, Staff, TestApp, Visitor, hub::HubClient};

pub const CHANNELS: &str = "/api/v1/store/social/channels";
pub const CONVERSATIONS: &str = "/api/v1/store/social/conversations";
pub const KNOWLEDGE: &str = "/api/v1/store/knowledge";
pub const PROVIDERS: &str = "/api/v1/store/ai-providers";
pub const USAGE: &str = "/api/v1/store/usage";

/// An id that nobody has.
pub const NOBODY: &str = "0190a000-0000-7000-8000-000000000000";

/// Nothing takes this long unless it does not come at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// The product without rate limits: for tests that do more than a person does.
pub async fn unlimited() -> TestApp {
    TestApp::builder().rate_limits(RateLimits::Off).start().await
}

/// A shop whose assistant is switched off: what is written is all there is.
pub async fn quiet_shop(app: &TestApp) -> Shop {
    let shop = app.shop().await;
    toggle(&shop, "false").await;
    shop
}

/// Switches the assistant: `true`, `false`.
pub async fn toggle(shop: &Shop, enabled: &str) -> Value {
    let body = json!({ "isAgentEnabled": enabled == "true" });
    let path = format!("{CHANNELS}/{}/toggle-agent", shop.channel_id);
    shop.owner.post(&path, &body).await.expect(200)
}

/// Changes the shop's channel.
pub async fn patch(shop: &Shop, change: Value) -> Value {
    shop.owner.patch(&format!("{CHANNELS}/{}", shop.channel_id), &change).await.expect(200)
}

/// Gives the shop another plan.
pub async fn plan(app: &TestApp, shop: &Shop, plan: Plan) {
    let id = shop.account_id;
    app.within(move |app| async move { accounts::set_plan(&app, id, plan).await })
        .await
        .expect("the plan can be set");
}

/// The names of an object's properties, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("{value} is no object"))
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[track_caller]
pub fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// A UUID v7, lower case, with hyphens.
#[track_caller]
pub fn assert_id(value: &Value) {
    let id = uuid::Uuid::parse_str(text(value)).unwrap_or_else(|_| panic!("{value} is no id"));
    assert_eq!(id.hyphenated().to_string(), text(value));
    assert_eq!(id.get_version_num(), 7);
}

/// RFC 3339, UTC, with a `Z`.
#[track_caller]
pub fn assert_time(value: &Value) {
    let _: Timestamp = text(value).parse().unwrap_or_else(|_| panic!("{value} is no time"));
    assert!(text(value).ends_with('Z'), "{value}");
}

/// The payload of `MessageReceived`: five properties, and not one more.
#[track_caller]
pub fn assert_widget_message(message: &Value) {
    assert_eq!(keys(message), ["contentText", "createdAt", "direction", "id", "isAiGenerated"]);
    assert_id(&message["id"]);
    assert_time(&message["createdAt"]);
    assert!(matches!(text(&message["direction"]), "Inbound" | "Outbound"), "{message}");
    assert!(message["isAiGenerated"].is_boolean() && message["contentText"].is_string(), "{message}");
}

/// A problem document (E1) of this status.
#[track_caller]
pub fn problem(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    let document = answer.json;
    assert_eq!(document["type"], "about:blank", "{document}");
    assert_eq!(document["status"], status, "{document}");
    assert!(!text(&document["title"]).is_empty() && !text(&document["detail"]).is_empty(), "{document}");
    let known = ["detail", "field", "limit", "permission", "status", "title", "type"];
    assert!(keys(&document).iter().all(|key| known.contains(key)), "{document}");
    document
}

/// Every message of a store, conversation by conversation, in order.
pub async fn messages(staff: &Staff) -> Vec<Value> {
    let list = staff.get(&format!("{CONVERSATIONS}?pageSize=100")).await.expect(200);
    let mut all = Vec::new();
    for conversation in items(&list["items"]) {
        all.extend(history(staff, text(&conversation["id"])).await);
    }
    all
}

/// The messages of a conversation, as staff see them.
pub async fn history(staff: &Staff, conversation_id: &str) -> Vec<Value> {
    let mut found = staff.get(&format!("{CONVERSATIONS}/{conversation_id}")).await.expect(200);
    match found["messages"].take() {
        Value::Array(messages) => messages,
        other => panic!("{other} is no list"),
    }
}

/// The texts of messages, whichever door showed them.
pub fn texts(messages: &[Value]) -> Vec<&str> {
    let content =
        |message: &'_ Value| if message["contentText"].is_string() { "contentText" } else { "content" };
    messages.iter().map(|message| text(&message[content(message)])).collect()
}

/// A visitor who has written once, and the id of the conversation.
pub async fn writer(app: &TestApp, shop: &Shop) -> (Visitor, String) {
    let visitor = app.visitor(shop);
    let written = visitor.writes("Hello").await.expect(200);
    (visitor, text(&written["conversationId"]).to_owned())
}

/// Does something to a conversation: `resolve`, `reopen`, `assign`, `resume-agent`.
pub async fn act(staff: &Client, conversation_id: &str, verb: &str) -> Answer {
    staff.post_empty(&format!("{CONVERSATIONS}/{conversation_id}/{verb}")).await
}

/// The payloads of all events of this name up to the one with this text.
pub async fn until(hub: &HubClient, event: &str, last: &str) -> Vec<Value> {
    let mut heard = Vec::new();
    loop {
        let payload = hub.event(event).await.swap_remove(0);
        heard.push(payload);
        if texts(&heard).last() == Some(&last) {
            return heard;
        }
    }
}

/// Asks until the answer does. Only for what no event tells.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asked = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{what} did not come"))
}
