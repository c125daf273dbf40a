//! What an end user reads of the own conversation (`org.md` R5).

use http::Method;
use parlor_core::limits::{Action, RateLimits};
use serde_json::json;
use testkit::{TestApp, answer};

use crate::support::{NOBODY, assert_time, contents, items, keys, quiet_shop, refused, writer};

#[tokio::test]
async fn an_end_user_reads_the_last_hundred_messages() {
    let app = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, id) = writer(&app, &shop, "0").await;
    for number in 1..=100 {
        visitor.writes(&number.to_string()).await.expect(200);
    }
    shop.owner.replies(&id, "101").await.expect(200);
    let path = format!("/chat-widget/history/{id}?external_id={}", visitor.session_id);
    let read = app.anonymous().get(&path).await;
    assert_eq!(read.header("cache-control"), "no-store");
    let history = read.expect(200);
    let expected: Vec<String> = (2..=101).map(|number| number.to_string()).collect();
    assert_eq!(contents(items(&history)), expected);
    for message in items(&history) {
        assert_eq!(
            keys(message),
            ["content", "content_type", "created_at", "id", "rich_media", "sender_id", "sender_type"]
        );
        assert_time(&message["created_at"]);
    }
    assert_eq!(history[0]["sender_id"], visitor.session_id);
    assert_eq!(
        (&history[98]["sender_type"], &history[99]["sender_type"]),
        (&json!("end_user"), &json!("agent"))
    );
}

#[tokio::test]
async fn a_wrong_external_id_and_an_unknown_conversation_look_alike() {
    let app = TestApp::start().await;
    let (shop, other) = (quiet_shop(&app).await, quiet_shop(&app).await);
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (neighbour, _) = writer(&app, &shop, "Hello, too").await;
    let (stranger, _) = writer(&app, &other, "Elsewhere").await;
    let anonymous = app.anonymous();
    let mut answers = Vec::new();
    for (id, external_id) in [
        (id.as_str(), "guess"),
        (&id, &neighbour.session_id),
        (&id, &stranger.session_id),
        (&id, &visitor.session_id.to_uppercase()),
        (&id, "%25"),
        (NOBODY, &visitor.session_id),
    ] {
        let path = format!("/chat-widget/history/{id}?external_id={external_id}");
        answers.push(refused(anonymous.get(&path).await, 404));
    }
    answers.dedup();
    assert_eq!(answers, ["Conversation not found."]);
    refused(anonymous.get(&format!("/chat-widget/history/{id}")).await, 400);
    refused(anonymous.get(&format!("/chat-widget/history/{id}?external_id=")).await, 400);
    refused(anonymous.get(&format!("/chat-widget/history/{id}?external_id=a%00b")).await, 400);
    refused(anonymous.get(&format!("/chat-widget/history/x?external_id={}", visitor.session_id)).await, 404);

    let off = json!({ "isEnabled": false });
    shop.owner.patch(&format!("/api/v1/store/social/channels/{}", shop.channel_id), &off).await.expect(200);
    let path = format!("/chat-widget/history/{id}?external_id={}", visitor.session_id);
    assert_eq!(refused(anonymous.get(&path).await, 403), "Channel is disabled.");
}

#[tokio::test]
async fn any_page_may_read_the_answer() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    for (external_id, status) in [(visitor.session_id.as_str(), 200), ("wrong", 404)] {
        let path = format!("/chat-widget/history/{id}?external_id={external_id}");
        let read =
            answer(app.anonymous().request(Method::GET, &path).header("origin", "https://shop.example"))
                .await;
        assert_eq!(read.status, status);
        assert_eq!(read.header("access-control-allow-origin"), "https://shop.example");
        assert_eq!(read.header("access-control-allow-credentials"), "", "no cookie counts here");
        let asked = app.anonymous().request(Method::OPTIONS, &path);
        let asked =
            asked.header("origin", "https://shop.example").header("access-control-request-method", "GET");
        let preflight = answer(asked).await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (204, "GET, POST"));
    }
}

#[tokio::test]
async fn trying_external_ids_is_slow() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let here = std::net::IpAddr::from([127, 0, 0, 1]);
    let (core, anonymous) = (app.core(), app.anonymous());
    while core.limits.check(Action::AddressReads, here).is_ok() {}
    // A few places come free while these are on their way, but not for all of them.
    let tries = (0..100).map(|_| {
        let (anonymous, id) = (anonymous.clone(), id.clone());
        tokio::spawn(
            async move { anonymous.get(&format!("/chat-widget/history/{id}?external_id=guess")).await },
        )
    });
    let mut limited = 0;
    for tried in tries.collect::<Vec<_>>() {
        let tried = tried.await.expect("an answer");
        if tried.status == 404 {
            continue;
        }
        assert!(!tried.header("retry-after").is_empty());
        refused(tried, 429);
        limited += 1;
    }
    assert!(limited > 0);
}
