//! L: what a plan allows, and how often a stranger may knock.

use std::{hash::Hash, net::IpAddr};

use door_store::Forwarded;
use futures_util::future::join_all;
use http::Method;
use parlor_core::{
    limits::{self, Action},
    usage::Plan,
};
use serde_json::{Value, json};
use testkit::{Answer, TestApp, Visitor, answer};

use crate::support::{CHANNELS, USAGE, messages, plan, problem, quiet_shop, text, unlimited};

const WEBSITE: &str = "/api/v1/store/social/channels/website";

#[tokio::test]
async fn a_plan_without_social_messaging_or_channels_is_403_with_the_limits_name() {
    let app = TestApp::start().await;
    let shop = app.shop_without_channel().await;
    let body = json!({ "displayName": "Chat" });
    for (limits, name) in [
        (Plan { allows_social_messaging: false, ..Plan::default() }, "allowsSocialMessaging"),
        (Plan { max_social_channels: 0, ..Plan::default() }, "maxSocialChannels"),
    ] {
        plan(&app, &shop, limits).await;
        assert_eq!(problem(shop.owner.post(WEBSITE, &body).await, 403)["limit"], name);
        assert_eq!(shop.owner.get(CHANNELS).await.expect(200), json!([]));
    }
    plan(&app, &shop, Plan { max_social_channels: 1, ..Plan::default() }).await;
    let made = shop.owner.post(WEBSITE, &body).await.expect(201);
    // A deleted channel gives its place back.
    shop.owner.delete(&format!("{CHANNELS}/{}", text(&made["channelId"]))).await.expect(204);
    shop.owner.post(WEBSITE, &body).await.expect(201);
}

#[tokio::test]
async fn the_months_messages_are_counted_exactly_with_fifty_at_once() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    plan(&app, &shop, Plan { max_monthly_messages: Some(20), ..Plan::default() }).await;
    let visitors: Vec<Visitor> = (0..50).map(|_| app.visitor(&shop)).collect();
    let answers = join_all(visitors.iter().map(|visitor| visitor.writes("Hello"))).await;
    let stored = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(stored, 20);
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        assert_eq!(problem(refused, 429)["limit"], "maxMonthlyMessages");
    }
    assert_eq!(messages(&shop.owner).await.len(), 20);
    let usage = shop.owner.get(USAGE).await.expect(200);
    assert_eq!((&usage["messages"], &usage["maxMonthlyMessages"]), (&json!(20), &json!(20)));
    // By hub it is a HubException with the same words.
    let hub = app.widget_hub().await;
    let refused = visitors[0].says(&hub, "One more").await.expect_err("the month is used up");
    assert!(
        refused.ends_with("HubException: The monthly limit is used up: maxMonthlyMessages."),
        "{refused}"
    );
    // What staff reply does not count and is not stopped.
    let list = shop.owner.get(crate::support::CONVERSATIONS).await.expect(200);
    shop.owner.replies(text(&list["items"][0]["id"]), "Still here").await.expect(200);
    assert_eq!(shop.owner.get(USAGE).await.expect(200)["messages"], 20);
}

#[tokio::test]
async fn a_message_that_was_stored_is_answered_again_also_when_the_month_is_used_up() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    plan(&app, &shop, Plan { max_monthly_messages: Some(1), ..Plan::default() }).await;
    let visitor = app.visitor(&shop);
    let body = json!({ "sessionId": visitor.session_id, "text": "Hello", "clientMessageId": "c1" });
    let first = visitor.posts("messages", body.clone()).await.expect(200);
    assert_eq!(visitor.posts("messages", body).await.expect(200), first);
    problem(visitor.writes("Two").await, 429);
}

#[tokio::test]
async fn the_month_is_shown_with_the_plan() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    app.visitor(&shop).writes("Hello").await.expect(200);
    let mut usage = shop.owner.get(USAGE).await.expect(200);
    let month = usage["month"].take();
    assert!(text(&month).len() == 7 && text(&month).as_bytes()[4] == b'-', "{month}");
    let expected = json!({
        "month": null, "messages": 1, "aiAnswers": 0, "inputTokens": 0, "outputTokens": 0, "allowsSocialMessaging": true,
        "maxSocialChannels": 10, "maxMonthlyAiTokens": null, "maxMonthlyMessages": null
    });
    assert_eq!(usage, expected);
}

/// Writes until refused, at most this often.
async fn pester(visitor: &Visitor, most: usize) -> Option<(usize, Answer)> {
    for sent in 0..most {
        let answer = visitor.writes("Hello").await;
        if answer.status != 200 {
            return Some((sent, answer));
        }
    }
    None
}

#[tokio::test]
async fn a_visitor_who_writes_too_fast_is_put_off_by_rest_and_by_hub() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let (sent, refused) = pester(&visitor, 500).await.expect("it is too often");
    assert!(sent >= 30, "an honest visitor does not meet it: {sent}");
    let wait: u64 = refused.header("retry-after").parse().expect("whole seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let detail = text(&problem(refused, 429)["detail"]).to_owned();
    assert!(detail.starts_with("Too many requests. Try again in ") && detail.ends_with(" s."), "{detail}");
    let mut stored = sent;
    let exception = loop {
        // In between a place may have become free.
        match visitor.says(&hub, "Hello").await {
            Ok(_) => stored += 1,
            Err(refused) => break refused,
        }
        assert!(stored < 500, "the hub has no limit");
    };
    let words = exception.split_once("HubException: ").expect("a HubException").1;
    assert!(words.starts_with("Too many requests. Try again in ") && words.ends_with(" s."), "{words}");
    assert_eq!(messages(&shop.owner).await.len(), stored, "what was refused was not stored");
    // Somebody else is not held up by it.
    app.visitor(&shop).writes("Hello").await.expect(200);
}

/// Uses up what this one may do, then asks: again and again, because in between a place may have become free.
async fn when_used_up(
    app: &TestApp,
    action: Action,
    who: impl Hash + Copy,
    mut ask: impl AsyncFnMut() -> Answer,
) -> Answer {
    let core = app.core();
    for _ in 0..100 {
        while core.limits.check(action, who).is_ok() {}
        let answer = ask().await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
            return answer;
        }
    }
    panic!("{action:?} is not limited");
}

fn ip(text: &str) -> IpAddr {
    limits::network(text.parse().expect("an address"))
}

const HERE: &str = "127.0.0.1";

#[tokio::test]
async fn guessing_passwords_is_slow_for_the_person_and_for_the_address() {
    let app = TestApp::start().await;
    let try_as = async |email: &str| {
        let login = json!({ "email": email, "password": "a wrong one" });
        app.anonymous().post("/api/v1/auth/login", &login).await
    };
    for _ in 0..5 {
        problem(try_as("owner@shop.example").await, 401);
    }
    let person = async || try_as(" Owner@SHOP.example").await;
    problem(when_used_up(&app, Action::PersonSignsIn, "owner@shop.example", person).await, 429);
    problem(try_as("somebody.else@shop.example").await, 401);
    let anybody = async || try_as("somebody.else@shop.example").await;
    problem(when_used_up(&app, Action::AddressSignsIn, ip(HERE), anybody).await, 429);
}

#[tokio::test]
async fn renewals_and_sign_outs_are_limited_too() {
    let app = TestApp::start().await;
    for path in ["/api/v1/auth/refresh", "/api/v1/auth/logout"] {
        let guess = async || app.anonymous().post(path, &json!({ "refreshToken": "rt_guess" })).await;
        problem(when_used_up(&app, Action::AddressReads, ip(HERE), guess).await, 429);
    }
}

#[tokio::test]
async fn what_the_caller_says_of_its_address_counts_only_behind_a_trusted_proxy() {
    let path = format!("/api/v1/widget/chat/{}/config", "0".repeat(32));
    let from = async |app: &TestApp, header: &str| {
        answer(app.anonymous().request(Method::GET, &path).header("X-Forwarded-For", header)).await
    };
    let ignoring = TestApp::start().await;
    let said = async || from(&ignoring, "10.3.0.1").await;
    problem(when_used_up(&ignoring, Action::AddressReads, ip(HERE), said).await, 429);

    let trusting = TestApp::builder().forwarded(Forwarded::Trust).start().await;
    let without = async || trusting.anonymous().get(&path).await;
    problem(when_used_up(&trusting, Action::AddressReads, ip(HERE), without).await, 429);
    problem(from(&trusting, "10.3.0.1").await, 404);
    // Only the last entry is the proxy's; those before it are the caller's word.
    let forged = async || from(&trusting, "10.9.9.9, 10.4.0.1").await;
    problem(when_used_up(&trusting, Action::AddressReads, ip("10.4.0.1"), forged).await, 429);
    problem(from(&trusting, "10.4.0.1, 10.9.9.9").await, 404);
    // An IPv6 customer owns a whole /64; an IPv4 address is the same in IPv6's clothes.
    let neighbour = async || from(&trusting, "2001:db8:1:2::77").await;
    problem(when_used_up(&trusting, Action::AddressReads, ip("2001:db8:1:2::1"), neighbour).await, 429);
    problem(from(&trusting, "2001:db8:1:3::1").await, 404);
    let mapped = async || from(&trusting, "::ffff:10.4.0.1").await;
    problem(when_used_up(&trusting, Action::AddressReads, ip("10.4.0.1"), mapped).await, 429);
}

#[tokio::test]
async fn trying_session_ids_and_opening_connections_is_limited() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let hub = app.widget_hub().await;
    let widget = format!("/api/v1/widget/chat/{}", shop.channel_token);
    let sync =
        async || app.anonymous().post(&format!("{widget}/sync"), &json!({ "sessionId": "guess" })).await;
    problem(when_used_up(&app, Action::AddressReads, ip(HERE), sync).await, 429);
    let earlier = json!({ "sessionId": "guess", "beforeSeq": 9 });
    let earlier = async || app.anonymous().post(&format!("{widget}/earlier"), &earlier).await;
    problem(when_used_up(&app, Action::AddressReads, ip(HERE), earlier).await, 429);
    let config = async || app.anonymous().get(&format!("{widget}/config")).await;
    problem(when_used_up(&app, Action::AddressReads, ip(HERE), config).await, 429);
    let written = json!({ "sessionId": "guess", "text": "Hello" });
    let write = async || app.anonymous().post(&format!("{widget}/messages"), &written).await;
    problem(when_used_up(&app, Action::AddressWrites, ip(HERE), write).await, 429);
    for path in ["/hubs/widget-chat", "/hubs/store-conversations"] {
        let negotiate = async || {
            let staff = app.anonymous().bearer(&shop.owner.token);
            staff.post_empty(&format!("{path}/negotiate?negotiateVersion=1")).await
        };
        let refused = when_used_up(&app, Action::AddressReads, ip(HERE), negotiate).await;
        assert_eq!(refused.text, "", "official clients show a body in place of the status");
    }
    let calls = [
        ("JoinSession", vec![]),
        ("GetMessages", vec![]),
        ("Join", vec![Value::Null]),
        ("GetEarlier", vec![json!(1)]),
        ("MarkRead", vec![json!([shop.channel_id])]),
    ];
    let core = app.core();
    for (method, more) in calls {
        let mut arguments = vec![json!(shop.channel_token), json!("guess")];
        arguments.extend(more);
        let mut refused = None;
        for _ in 0..100 {
            while core.limits.check(Action::AddressReads, ip(HERE)).is_ok() {}
            if let Err(told) = hub.invoke(method, arguments.clone()).await {
                refused = Some(told);
                break;
            }
        }
        let refused = refused.unwrap_or_else(|| panic!("{method} is not limited"));
        assert!(refused.contains("HubException: Too many requests. Try again in 1 s."), "{refused}");
    }
}

#[tokio::test]
async fn one_setting_switches_all_rate_limits_off() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    assert!(pester(&app.visitor(&shop), 300).await.is_none());
    let core = app.core();
    for action in [Action::AddressReads, Action::AddressWrites, Action::AddressSignsIn, Action::PersonSignsIn]
    {
        assert!((0..2000).all(|_| core.limits.check(action, HERE).is_ok()), "{action:?}");
    }
    let wrong = json!({ "email": "nobody@shop.example", "password": "a wrong one" });
    for _ in 0..25 {
        problem(app.anonymous().post("/api/v1/auth/login", &wrong).await, 401);
    }
}

#[tokio::test]
async fn one_connection_listens_to_sixteen_sessions_and_no_more() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let hub = app.widget_hub().await;
    for session in 0..16 {
        let who = [json!(shop.channel_token), json!(format!("session-{session}"))];
        hub.invoke("JoinSession", who).await.expect("a place");
    }
    let who = [json!(shop.channel_token), json!("one-too-many")];
    let refused = hub.invoke("JoinSession", who).await.expect_err("no place is left");
    assert!(refused.contains("This connection has joined too many sessions."), "{refused}");
    let visitor = app.visitor(&shop);
    visitor.says(&hub, "still served").await.expect("writing goes on");
}
