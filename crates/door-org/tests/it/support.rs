//! What the people in these tests have in common.

use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Shop, Staff, TestApp, Visitor, hub::HubClient};

pub const CONVERSATIONS: &str = "/api/conversations/";

/// An id that nobody has.
pub const NOBODY: &str = "0190a000-0000-7000-8000-000000000000";

/// A shop whose assistant is switched off: what is written is all there is.
pub async fn quiet_shop(app: &TestApp) -> Shop {
    let shop = app.shop().await;
    let path = format!("/api/v1/store/social/channels/{}/toggle-agent", shop.channel_id);
    shop.owner.post(&path, &json!({ "isAgentEnabled": false })).await.expect(200);
    shop
}

/// A visitor who has written this, and the id of the conversation.
pub async fn writer(app: &TestApp, shop: &Shop, words: &str) -> (Visitor, String) {
    let visitor = app.visitor(shop);
    let written = visitor.writes(words).await.expect(200);
    (visitor, text(&written["conversationId"]).to_owned())
}

/// A path under one conversation.
pub fn at(conversation_id: &str, verb: &str) -> String {
    format!("{CONVERSATIONS}{conversation_id}/{verb}")
}

/// The person's own id.
pub async fn id_of(app: &TestApp, staff: &Staff) -> String {
    let login = json!({ "email": staff.email, "password": staff.password });
    text(&app.anonymous().post("/auth/login", &login).await.expect(200)["id"]).to_owned()
}

/// The ids of a list, in its order.
pub async fn listed(staff: &Client, query: &str) -> Vec<String> {
    let list = staff.get(&format!("{CONVERSATIONS}{query}")).await.expect(200);
    items(&list).iter().map(|item| text(&item["id"]).to_owned()).collect()
}

/// The messages of a conversation, as staff see them.
pub async fn history(staff: &Client, conversation_id: &str) -> Vec<Value> {
    items(&staff.get(&at(conversation_id, "messages")).await.expect(200)).to_vec()
}

/// The contents of messages.
pub fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| text(&message["content"])).collect()
}

/// The payload of the next event of this name with this text.
pub async fn heard(hub: &HubClient, event: &str, property: &str, said: &str) -> Value {
    loop {
        let payload = hub.event(event).await.swap_remove(0);
        if payload[property] == said {
            return payload;
        }
    }
}

/// The names of an object's properties, sorted.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    let entries = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    let mut keys: Vec<&str> = entries.keys().map(String::as_str).collect();
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

/// RFC 3339, UTC, with a `Z`.
#[track_caller]
pub fn assert_time(value: &Value) {
    let _: Timestamp = text(value).parse().unwrap_or_else(|_| panic!("{value} is no time"));
    assert!(text(value).ends_with('Z'), "{value}");
}

/// A refusal (R): nothing but a reason.
#[track_caller]
pub fn refused(answer: testkit::Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(keys(&answer.json), ["error"], "{}", answer.text);
    text(&answer.json["error"]).to_owned()
}
