//! H: who hears what, each once, after it is stored.

use serde_json::{Value, json};
use testkit::{
    Shop, TestApp, Visitor,
    fake_models::{FakeModels, Reply, Script},
    hub::HubClient,
};

use crate::support::{act, items, quiet_shop, text, texts, until};

/// Everybody who may hear of one conversation.
struct Listeners {
    widget: HubClient,
    own: HubClient,
    staff: HubClient,
}

impl Listeners {
    async fn of(visitor: &Visitor, shop: &Shop) -> Listeners {
        let (own, _) = visitor.joins_own(None).await;
        Listeners { widget: visitor.joins().await, own, staff: shop.owner.hub().await }
    }

    /// What each has heard up to and including the message with this text, which all of them hear.
    async fn heard_until(&self, last: &str) -> [Vec<Value>; 3] {
        let widget = until(&self.widget, "MessageReceived", last).await;
        let own = until(&self.own, "Message", last).await;
        let staff = until(&self.staff, "NewCustomerMessage", last).await;
        for hub in [&self.widget, &self.own, &self.staff] {
            assert_eq!(hub.heard(), [], "no event but the contract's");
        }
        [widget, own, staff]
    }
}

#[tokio::test]
async fn a_visitors_message_is_heard_by_both_sides_once_whichever_door_it_came_through() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let listeners = Listeners::of(&visitor, &shop).await;
    visitor.says(&listeners.widget, "By hub").await.expect("it is stored");
    visitor.writes("By REST").await.expect(200);
    let arguments = [
        json!(visitor.channel_token),
        json!(visitor.session_id),
        json!("c"),
        json!("By our own"),
        Value::Null,
    ];
    listeners.own.invoke("Send", arguments).await.expect("it is stored");
    visitor.writes("Last").await.expect(200);
    for heard in listeners.heard_until("Last").await {
        assert_eq!(texts(&heard), ["By hub", "By REST", "By our own", "Last"]);
    }
}

#[tokio::test]
async fn a_reply_by_hand_is_heard_by_the_visitor_only() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let listeners = Listeners::of(&visitor, &shop).await;
    let conversation = text(&visitor.writes("Hello").await.expect(200)["conversationId"]).to_owned();
    let reply = shop.owner.replies(&conversation, "Your order ships tomorrow!").await.expect(200);
    visitor.writes("Last").await.expect(200);
    let [widget, own, staff] = listeners.heard_until("Last").await;
    assert_eq!(texts(&widget), ["Hello", "Your order ships tomorrow!", "Last"]);
    assert_eq!(texts(&own), ["Hello", "Your order ships tomorrow!", "Last"]);
    assert_eq!(texts(&staff), ["Hello", "Last"]);
    assert_eq!((&widget[1]["id"], &widget[1]["direction"]), (&reply["id"], &json!("Outbound")));
    assert_eq!(widget[1]["isAiGenerated"], false);
    assert_eq!((&own[1]["sender"], &own[1]["senderName"]), (&json!("agent"), &json!("A shop")));
}

#[tokio::test]
async fn an_assistants_answer_is_heard_by_both_sides() {
    let fake = FakeModels::start().await;
    fake.script(Script::always(Reply::text("Two days.")));
    let app = TestApp::builder().models(&fake).start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let listeners = Listeners::of(&visitor, &shop).await;
    visitor.writes("How long?").await.expect(200);
    let [widget, own, staff] = listeners.heard_until("Two days.").await;
    for heard in [&widget, &own, &staff] {
        assert_eq!(texts(heard), ["How long?", "Two days."]);
    }
    assert_eq!((&widget[1]["direction"], &widget[1]["isAiGenerated"]), (&json!("Outbound"), &json!(true)));
    assert_eq!((&own[1]["sender"], &own[1]["senderName"]), (&json!("assistant"), &json!("Assistant")));
    assert_eq!(staff[1]["messageId"], widget[1]["id"]);
    assert_eq!(staff[1]["externalContactId"], visitor.session_id);
    assert_eq!(staff[1]["conversationId"], staff[0]["conversationId"]);
}

#[tokio::test]
async fn what_is_heard_is_stored_already() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let (widget, staff) = (visitor.joins().await, shop.owner.hub().await);
    for n in 0..20 {
        visitor.says(&app.widget_hub().await, &format!("{n}")).await.expect("it is stored");
        let heard = widget.event("MessageReceived").await.swap_remove(0);
        let arguments = [json!(visitor.channel_token), json!(visitor.session_id)];
        let all = widget.invoke("GetMessages", arguments).await.expect("the history");
        assert_eq!(items(&all).last(), Some(&heard));
        assert_eq!(staff.event("NewCustomerMessage").await[0]["messageId"], heard["id"]);
    }
}

#[tokio::test]
async fn a_connection_joined_to_two_sessions_hears_both_and_a_stranger_neither() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (one, two, stranger) = (app.visitor(&shop), app.visitor(&shop), app.visitor(&shop));
    let hub = one.joins().await;
    let arguments = [json!(two.channel_token), json!(two.session_id)];
    hub.invoke("JoinSession", arguments.clone()).await.expect("a visitor may join");
    hub.invoke("JoinSession", arguments).await.expect("joining again changes nothing");
    let other = stranger.joins().await;
    one.writes("One").await.expect(200);
    two.writes("Two").await.expect(200);
    stranger.writes("Three").await.expect(200);
    assert_eq!(texts(&until(&hub, "MessageReceived", "Two").await), ["One", "Two"]);
    assert_eq!(texts(&until(&other, "MessageReceived", "Three").await), ["Three"]);
    assert_eq!(hub.heard(), []);
}

#[tokio::test]
async fn connections_of_the_contract_hear_no_event_of_ours() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let widget = visitor.joins().await;
    let conversation = text(&visitor.writes("Hello").await.expect(200)["conversationId"]).to_owned();
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    act(&shop.owner, &conversation, "reopen").await.expect(200);
    visitor.writes("Last").await.expect(200);
    until(&widget, "MessageReceived", "Last").await;
    assert_eq!(widget.heard(), []);
}

#[tokio::test]
async fn what_is_read_is_heard_once_on_both_sides() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let (widget, (own, _)) = (visitor.joins().await, visitor.joins_own(None).await);
    let conversation = text(&visitor.writes("Hello").await.expect(200)["conversationId"]).to_owned();
    shop.owner.replies(&conversation, "Hi!").await.expect(200);
    let heard = until(&own, "Message", "Hi!").await;
    assert!(heard.iter().all(|message| message["readAt"].is_null()), "{heard:?}");

    let ids = json!([heard[0]["id"], heard[1]["id"]]);
    let arguments = [json!(visitor.channel_token), json!(visitor.session_id), ids];
    own.invoke("MarkRead", arguments.clone()).await.expect("read");
    own.invoke("MarkRead", arguments).await.expect("read already");
    let read = own.event("Read").await.swap_remove(0);
    assert_eq!((&read["reader"], &read["messageIds"]), (&json!("visitor"), &json!([heard[1]["id"]])));

    visitor.writes("Last").await.expect(200);
    until(&own, "Message", "Last").await;
    assert_eq!(own.heard(), [], "what is read already is not told again");
    until(&widget, "MessageReceived", "Last").await;
    assert_eq!(widget.heard(), [], "the contract's widget hears nothing of it");
    let (_, synced) = visitor.joins_own(None).await;
    assert_eq!(synced["messages"][1]["readAt"], read["at"]);
    assert_eq!(
        (&synced["messages"][0]["readAt"], &synced["messages"][2]["readAt"]),
        (&Value::Null, &Value::Null)
    );

    let stranger = app.visitor(&shop);
    let arguments = [json!(stranger.channel_token), json!(stranger.session_id), json!([heard[1]["id"]])];
    let refused = own.invoke("MarkRead", arguments).await.expect_err("not theirs");
    assert!(refused.ends_with("HubException: Message not found."), "{refused}");
}
