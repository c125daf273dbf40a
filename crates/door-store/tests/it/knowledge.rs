//! K: what assistants rest their answers on.

use serde_json::{Value, json};
use testkit::{Shop, TestApp};

use crate::support::{KNOWLEDGE, assert_id, assert_time, items, keys, messages, problem, text, unlimited};

/// What the assistant says to a stranger's question.
async fn answer(app: &TestApp, shop: &Shop, question: &str) -> Value {
    let visitor = app.visitor(shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.writes(question).await.expect(200);
    assert_eq!(hub.event("Message").await[0]["sender"], "visitor");
    hub.event("Message").await.swap_remove(0)
}

#[tokio::test]
async fn an_article_is_written_read_changed_and_deleted() {
    let app = unlimited().await;
    let shop = app.shop().await;
    let body = json!({ "title": " Shipping ", "body": " Parcels to Norway take four days. ", "url": "https://shop.example/s" });
    let made = shop.owner.post(KNOWLEDGE, &body).await.expect(201);
    assert_eq!(keys(&made), ["body", "createdAt", "id", "title", "updatedAt", "url"]);
    assert_id(&made["id"]);
    assert_time(&made["createdAt"]);
    assert_eq!(
        (&made["title"], &made["body"]),
        (&json!("Shipping"), &json!("Parcels to Norway take four days."))
    );
    let second = shop
        .owner
        .post(KNOWLEDGE, &json!({ "title": "Returns", "body": "Within a month." }))
        .await
        .expect(201);
    assert_eq!(second["url"], Value::Null);
    let listed = shop.owner.get(KNOWLEDGE).await.expect(200);
    assert_eq!(items(&listed), [made.clone(), second], "oldest first");
    let path = format!("{KNOWLEDGE}/{}", text(&made["id"]));
    assert_eq!(shop.owner.get(&path).await.expect(200), made);

    // It can be quoted at once, as it is now and no longer as it was.
    let said = answer(&app, &shop, "How many days to Norway?").await;
    assert!(text(&said["content"]).starts_with("Parcels to Norway take four days."), "{said}");
    let changed = json!({ "title": "Shipping abroad", "body": "Letters to Sweden take six days." });
    let changed = shop.owner.put(&path, &changed).await.expect(200);
    assert_eq!(
        (&changed["id"], &changed["createdAt"], &changed["url"]),
        (&made["id"], &made["createdAt"], &Value::Null)
    );
    let said = answer(&app, &shop, "How many days do letters to Sweden take?").await;
    assert!(text(&said["content"]).starts_with("Letters to Sweden take six days."), "{said}");
    assert_eq!(said["sources"], json!([{ "title": "Shipping abroad", "url": null }]));
    let said = answer(&app, &shop, "Norway parcels").await;
    assert_eq!(said["sources"], json!([]), "{said}");

    assert_eq!(shop.owner.delete(&path).await.status, 204);
    problem(shop.owner.get(&path).await, 404);
    problem(shop.owner.delete(&path).await, 404);
    problem(shop.owner.put(&path, &json!({ "title": "A", "body": "B" })).await, 404);
    let said = answer(&app, &shop, "How many days do letters to Sweden take?").await;
    assert_eq!(said["sources"], json!([]), "{said}");
    // Answers that quoted it stay as they are.
    let all = messages(&shop.owner).await;
    assert_eq!(all.iter().filter(|message| message["sources"] == json!(["Shipping abroad"])).count(), 1);
}

#[tokio::test]
async fn bad_articles_are_refused_and_none_is_kept() {
    let app = unlimited().await;
    let shop = app.shop().await;
    let good = json!({ "title": "Shipping", "body": "Two days." });
    let made = shop.owner.post(KNOWLEDGE, &good).await.expect(201);
    let path = format!("{KNOWLEDGE}/{}", text(&made["id"]));
    for body in [
        json!({}),
        json!({ "title": "A" }),
        json!({ "body": "B" }),
        json!({ "title": "", "body": "B" }),
        json!({ "title": "x".repeat(201), "body": "B" }),
        json!({ "title": "a\u{0}", "body": "B" }),
        json!({ "title": "a\nb", "body": "B" }),
        json!({ "title": "A", "body": "  " }),
        json!({ "title": "A", "body": "x".repeat(100_001) }),
        json!({ "title": "A", "body": "a\u{0}b" }),
        json!({ "title": "A", "body": ["B"] }),
        json!({ "title": "A", "body": "B", "url": "javascript:alert(1)" }),
        json!({ "title": "A", "body": "B", "url": "ftp://shop.example" }),
        json!({ "title": "A", "body": "B", "url": "https://a b" }),
        json!({ "title": "A", "body": "B", "url": "https://a\u{0}" }),
        json!({ "title": "A", "body": "B", "url": format!("https://{}", "x".repeat(2000)) }),
        json!({ "title": "A", "body": "B", "url": 5 }),
    ] {
        for answer in [shop.owner.post(KNOWLEDGE, &body).await, shop.owner.put(&path, &body).await] {
            assert_eq!(answer.status, 400, "{body:.200}: {}", answer.text);
            problem(answer, 400);
        }
    }
    problem(shop.owner.post(KNOWLEDGE, &json!({ "title": "A", "body": "x".repeat(600_000) })).await, 413);
    assert_eq!(shop.owner.get(KNOWLEDGE).await.expect(200), json!([made]));
    let large = json!({ "title": "🦀".repeat(200), "body": "🦀 ".repeat(50_000) });
    let kept = shop.owner.post(KNOWLEDGE, &large).await.expect(201);
    assert_eq!(text(&kept["body"]).chars().count(), 99_999, "trimmed, and whole");
}

#[tokio::test]
async fn questions_written_as_queries_are_only_words() {
    let app = unlimited().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let article = json!({ "title": "Shipping", "body": "Parcels to Norway take four days." });
    shop.owner.post(KNOWLEDGE, &article).await.expect(201);
    let foreign = json!({ "title": "Secret", "body": "The zeppelin leaves at dawn." });
    other.owner.post(KNOWLEDGE, &foreign).await.expect(201);
    for hostile in [
        "\"' OR NEAR(*:)",
        "norway AND (",
        "\"norway",
        "account : \"x\" OR terms : zeppelin",
        "zeppelin* | dawn:* & !norway",
        "'; drop table messages; --",
        "NEAR(zeppelin dawn, 5)",
        "{zeppelin} ^dawn",
        "* * *",
        "-",
        "\\",
        "%",
        "🦀",
        "\u{202e}sdrawkcab",
        "col:norway",
        "norway:*",
        "a\tb\r\nc",
    ] {
        let said = answer(&app, &shop, hostile).await;
        assert_eq!(said["sender"], "assistant", "{hostile:?}");
        assert!(!text(&said["content"]).contains("zeppelin"), "{hostile:?}: {said}");
    }
    let said = answer(&app, &shop, "How long do parcels to NORWAY take?").await;
    assert_eq!(said["sources"], json!([{ "title": "Shipping", "url": null }]));
}
