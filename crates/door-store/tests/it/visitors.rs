//! What visitors tell beside messages: how they rate, where they are, and what they are asked at first (`widget.md` W12
//! to W14).

use parlor_core::{
    Actor,
    channels::{self, ChannelChange, SettingsChange},
    contacts::{self, PageView},
    conversations,
    ids::{ChannelId, ContactId},
    params,
};
use serde_json::{Value, json};
use testkit::{Shop, TestApp, Visitor};

use crate::support::{CONVERSATIONS, act, assert_time, keys, problem, quiet_shop, text, writer};

async fn rates(visitor: &Visitor, rating: Value, comment: Value) -> testkit::Answer {
    let body = json!({ "sessionId": visitor.session_id, "rating": rating, "comment": comment });
    visitor.posts("rating", body).await
}

fn who(visitor: &Visitor) -> [Value; 2] {
    [json!(visitor.channel_token), json!(visitor.session_id)]
}

#[tokio::test]
async fn a_visitor_rates_what_was_resolved_by_rest_and_by_hub() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let refused = rates(&visitor, json!(5), json!(null)).await;
    assert_eq!(problem(refused, 409)["detail"], "Nothing was resolved yet.");
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    let (hub, joined) = visitor.joins_own(None).await;
    assert_eq!(joined["status"], "resolved");
    assert!(joined.get("rating").is_none(), "nobody has rated yet: {joined}");

    let rated = rates(&visitor, json!(2), json!("  Took long  ")).await.expect(200);
    assert_eq!(keys(&rated), ["comment", "ratedAt", "rating"]);
    assert_eq!((&rated["rating"], &rated["comment"]), (&json!(2), &json!("Took long")));
    assert_time(&rated["ratedAt"]);
    assert_eq!(hub.event("Status").await, [json!({ "status": "resolved", "rating": 2 })]);
    // Once more, by the hub, and without a comment.
    let [token, session] = who(&visitor);
    let again = hub.invoke("Rate", [token.clone(), session.clone(), json!(5)]).await.expect("it is stored");
    assert_eq!((&again["rating"], &again["comment"]), (&json!(5), &Value::Null));
    assert_eq!(hub.event("Status").await, [json!({ "status": "resolved", "rating": 5 })]);
    let synced = visitor.posts("sync", json!({ "sessionId": session })).await.expect(200);
    assert_eq!(synced["rating"], 5);
    let (_, joined) = visitor.joins_own(None).await;
    assert_eq!(joined, synced);

    // Whoever writes on is no longer shown what they have rated.
    visitor.writes("One more thing").await.expect(200);
    assert_eq!(hub.event("Status").await, [json!({ "status": "open" })]);
    let synced = visitor.posts("sync", json!({ "sessionId": session })).await.expect(200);
    assert!(synced.get("rating").is_none(), "{synced}");
    problem(rates(&visitor, json!(1), json!(null)).await, 409);

    for (rating, comment, field) in [
        (json!(0), json!(null), "rating"),
        (json!(6), json!(null), "rating"),
        (json!(5), json!("ü".repeat(1001)), "comment"),
    ] {
        assert_eq!(problem(rates(&visitor, rating.clone(), comment.clone()).await, 400)["field"], field);
        let refused = hub.invoke("Rate", [token.clone(), session.clone(), rating, comment]).await;
        assert!(refused.expect_err("it is refused").contains(&format!("HubException: {field} must")));
    }
    for wrong in [json!("5"), json!(4.5), json!(null)] {
        problem(rates(&visitor, wrong, json!(null)).await, 400);
    }
    let stranger = app.visitor(&shop);
    assert_eq!(
        problem(rates(&stranger, json!(5), json!(null)).await, 404)["detail"],
        "Conversation not found."
    );
}

/// The pages that staff would be shown of the shop's only contact.
async fn seen(app: &TestApp, shop: &Shop) -> Vec<PageView> {
    let account = shop.account_id;
    app.within(move |app| async move {
        let read = app.db.read(move |tx| {
            Box::pin(async move {
                let sql = "select id from contacts where account_id = $1";
                let contact = tx.opt(sql, params![account], |row| row.get::<ContactId>(0)).await?;
                match contact {
                    Some(contact) => contacts::page_views(tx, account, contact).await,
                    None => Ok(Vec::new()),
                }
            })
        });
        read.await.expect("page views")
    })
    .await
}

#[tokio::test]
async fn the_pages_of_whoever_has_written_are_kept_and_of_nobody_else() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let sees = async |url: &str, title: Value| {
        visitor.posts("pages", json!({ "sessionId": visitor.session_id, "url": url, "title": title })).await
    };
    let refused = sees("https://shop.example/", json!("Shop")).await;
    assert_eq!(problem(refused, 404)["detail"], "Conversation not found.");
    assert_eq!(seen(&app, &shop).await, []);
    assert_eq!(shop.owner.get(CONVERSATIONS).await.expect(200)["totalCount"], 0);

    visitor.writes("Hello").await.expect(200);
    sees("https://shop.example/pots?size=3#reviews", json!("  Pots  ")).await.expect(204);
    let hub = app.widget_hub().await;
    let [token, session] = who(&visitor);
    let cart = json!("https://ada:secret@shop.example/cart");
    let done = hub.invoke("SeePage", [token.clone(), session.clone(), cart]).await;
    assert_eq!(done, Ok(Value::Null));
    let expected =
        vec![("https://shop.example/cart", None), ("https://shop.example/pots?size=3", Some("Pots"))];
    let views = seen(&app, &shop).await;
    let pages: Vec<_> = views.iter().map(|view| (view.url.as_str(), view.title.as_deref())).collect();
    assert_eq!(pages, expected);

    let long = format!("https://shop.example/{}", "x".repeat(2000));
    for url in ["", "/cart", "javascript:alert(1)", "file:///etc/passwd", "about:blank", &long] {
        assert_eq!(problem(sees(url, Value::Null).await, 400)["field"], "url", "{url}");
        let refused = hub.invoke("SeePage", [token.clone(), session.clone(), json!(url)]).await;
        assert!(refused.expect_err(url).contains("HubException: url must"));
    }
    assert_eq!(problem(sees("https://shop.example/", json!("x".repeat(201))).await, 400)["field"], "title");
    assert_eq!(seen(&app, &shop).await.len(), 2);
    assert_eq!(text(&shop.owner.get(CONVERSATIONS).await.expect(200)["items"][0]["status"]), "Open");
}

/// Changes the settings of the shop's channel.
async fn set(app: &TestApp, shop: &Shop, settings: Value) {
    let actor = Actor::Operator(shop.account_id);
    let id = ChannelId(shop.channel_id.parse().expect("an id"));
    let settings = SettingsChange::parse("settings", &settings).expect("settings");
    let change = ChannelChange { settings, ..ChannelChange::default() };
    let changed = app.within(move |app| async move { channels::update(&app, &actor, id, change).await });
    changed.await.expect("the channel changes");
}

#[tokio::test]
async fn what_is_asked_before_the_first_message_is_answered_by_rest_and_by_hub() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let fields = json!([
        { "key": "name", "label": "Name", "type": "text", "required": true },
        { "key": "email", "label": "E-mail", "type": "email" }
    ]);
    set(&app, &shop, json!({ "pre_chat": { "enabled": true, "fields": fields } })).await;
    let hub = app.widget_hub().await;
    for (by_hub, name) in [(false, "Ada"), (true, "Grace")] {
        let visitor = app.visitor(&shop);
        let answer = async |answers: Value| {
            let [token, session] = who(&visitor);
            if by_hub {
                return hub.invoke("Introduce", [token, session, answers]).await.map(drop);
            }
            let answer = visitor.posts("answers", json!({ "sessionId": session, "answers": answers })).await;
            if answer.status == 204 { Ok(()) } else { Err(text(&problem(answer, 400)["detail"]).to_owned()) }
        };
        for (answers, why) in [
            (json!({}), "answers.name must be answered."),
            (json!({ "name": name, "email": "x" }), "answers.email must be an e-mail address."),
        ] {
            let refused = answer(answers).await.expect_err(why);
            assert!(refused.ends_with(why), "{refused}");
        }
        answer(json!({ "name": 5 })).await.expect_err("it is no text");
        answer(json!({ "name": name, "email": "ada@example.com" })).await.expect("they fit");
        visitor.writes("Hello").await.expect(200);
        let search = format!("{CONVERSATIONS}?search={}", visitor.session_id);
        let listed = shop.owner.get(&search).await.expect(200);
        assert_eq!(listed["items"][0]["contactDisplayName"], name);
    }
}

#[tokio::test]
async fn to_somebody_who_is_blocked_the_chat_is_not_available_until_they_are_not() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let (hub, joined) = visitor.joins_own(None).await;
    assert!(joined.get("unavailable").is_none(), "{joined}");
    let operator = Actor::Operator(shop.account_id);
    let account = shop.account_id;
    let contact = app
        .within(move |app| async move {
            let sql = "select id from contacts where account_id = $1";
            let read = app.db.read(move |tx| {
                Box::pin(async move { tx.one(sql, params![account], |row| row.get::<ContactId>(0)).await })
            });
            read.await.expect("a contact")
        })
        .await;
    let block = {
        let operator = operator.clone();
        app.within(move |app| async move { conversations::block(&app, &operator, contact).await })
    };
    block.await.expect("a block");
    assert_eq!(hub.event("Status").await, [json!({ "status": "open", "unavailable": true })]);
    let (_, joined) = visitor.joins_own(None).await;
    assert_eq!(joined["unavailable"], true);
    assert_eq!(joined["messages"].as_array().map(Vec::len), Some(1), "reading goes on");
    let synced = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    assert_eq!(synced, joined);
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    let page = json!({ "sessionId": visitor.session_id, "url": "https://shop.example/" });
    let answers = json!({ "sessionId": visitor.session_id, "answers": {} });
    let refusals = [
        visitor.writes("Hello?").await,
        rates(&visitor, json!(1), json!(null)).await,
        visitor.posts("pages", page).await,
        visitor.posts("answers", answers).await,
    ];
    for refused in refusals {
        assert_eq!(problem(refused, 422)["detail"], "Channel is disabled.");
    }
    assert_eq!(seen(&app, &shop).await, []);

    let unblock =
        app.within(move |app| async move { conversations::unblock(&app, &operator, contact).await });
    unblock.await.expect("an end of it");
    loop {
        let status = hub.event("Status").await.swap_remove(0);
        if status.get("unavailable").is_none() {
            assert_eq!(status, json!({ "status": "resolved" }));
            break;
        }
    }
    visitor.writes("Thank you").await.expect(200);
}
