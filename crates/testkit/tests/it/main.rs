//! The kit does what tests rely on: the product starts, stops, comes back, and nobody is left behind.

use std::time::Duration;

use parlor_core::limits::RateLimits;
use serde_json::json;
use testkit::{
    TestApp,
    fake_models::{FakeModels, Reply, Script},
    hub::Reconnect,
};

#[tokio::test]
async fn a_visitor_writes_and_staff_hear_it() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let staff = shop.owner.hub().await;
    let written = app.visitor(&shop).writes("Where is my parcel?").await.expect(200);
    let heard = staff.event("NewCustomerMessage").await;
    assert_eq!(heard[0]["conversationId"], written["conversationId"], "{heard:?}");
}

#[tokio::test]
async fn a_fake_model_answers_a_visitor() {
    let fake = FakeModels::start().await;
    fake.script(Script::new().otherwise(Reply::text("On its way.")));
    let app = TestApp::builder().models(&fake).start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Where is my parcel?").await.expect("it is stored");
    assert_eq!(hub.event("MessageReceived").await[0]["contentText"], "Where is my parcel?");
    assert_eq!(hub.event("MessageReceived").await[0]["contentText"], "On its way.");
}

#[tokio::test]
async fn a_restart_keeps_the_data_the_address_and_the_sign_ins() {
    let mut app = TestApp::start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.writes("Before").await.expect(200);
    app.restart().await;
    assert_eq!(hub.closed().await.reconnect, Reconnect::Wanted);
    let list = shop.owner.get("/api/v1/store/social/conversations").await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    visitor.writes("After").await.expect(200);
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_acknowledged() {
    let mut app = TestApp::start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    visitor.writes("Before").await.expect(200);
    app.crash().await;
    let synced = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    assert_eq!(synced["messages"][0]["content"], "Before", "{synced}");
}

#[tokio::test]
async fn two_products_share_nothing() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let shop = one.shop().await;
    let stranger = other.anonymous();
    let login = json!({ "email": shop.owner.email, "password": shop.owner.password });
    stranger.post("/api/v1/auth/login", &login).await.expect(401);
}

#[tokio::test]
async fn rate_limits_can_be_switched_off() {
    let app = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    let wrong = json!({ "email": "nobody@shop.example", "password": "a wrong one" });
    for _ in 0..15 {
        app.anonymous().post("/api/v1/auth/login", &wrong).await.expect(401);
    }
}

#[tokio::test]
async fn each_role_signs_in() {
    let app = TestApp::builder().settings(|settings| settings.gather = Duration::ZERO).start().await;
    let shop = app.shop().await;
    for role in ["owner", "admin", "agent", "viewer"] {
        app.agent(&shop, role).await.get("/api/v1/store/social/conversations").await.expect(200);
    }
}
