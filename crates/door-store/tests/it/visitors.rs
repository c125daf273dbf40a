//! What visitors tell beside messages: how they rate, and where they are (`widget.md` W12, W13).

use parlor_core::{
    contacts::{self, PageView},
    ids::ContactId,
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
