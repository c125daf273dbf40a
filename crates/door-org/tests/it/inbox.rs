//! The list of conversations (`org.md` R1, R2).

use serde_json::{Value, json};
use testkit::TestApp;

use crate::support::{
    CONVERSATIONS, NOBODY, assert_time, at, items, keys, listed, quiet_shop, refused, text, writer,
};

#[tokio::test]
async fn the_inbox_is_listed_in_the_guides_shape() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    assert_eq!(browser.get(CONVERSATIONS).await.expect(200), json!([]));
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let named =
        json!({ "sessionId": visitor.session_id, "text": "I am John", "contactDisplayName": "John Doe" });
    visitor.posts("messages", named).await.expect(200);

    let list = browser.get(CONVERSATIONS).await.expect(200);
    assert_eq!(list, browser.get("/api/conversations").await.expect(200), "with a slash and without");
    let [shown] = items(&list) else { panic!("{list}") };
    assert_eq!(keys(shown), ["active_session", "channel_id", "created_at", "end_user", "id", "updated_at"]);
    assert_eq!((&shown["id"], &shown["channel_id"]), (&json!(id), &json!(shop.channel_id)));
    assert_eq!(keys(&shown["end_user"]), ["display_name", "external_id", "id"]);
    assert_eq!(shown["end_user"]["display_name"], "John Doe");
    assert_eq!(shown["end_user"]["external_id"], visitor.session_id);
    assert_eq!(keys(&shown["active_session"]), ["assigned_agent_id", "id", "status", "tags"]);
    assert_eq!(shown["active_session"]["status"], "open");
    assert_eq!(shown["active_session"]["assigned_agent_id"], Value::Null);
    assert_eq!(shown["active_session"]["tags"], json!([]));
    assert_time(&shown["created_at"]);
    assert!(text(&shown["updated_at"]) > text(&shown["created_at"]), "bumped on every message");

    browser.post_empty(&at(&id, "resolve")).await.expect(200);
    let all = browser.get("/api/conversations/?filter=all").await.expect(200);
    assert_eq!(all[0]["active_session"], Value::Null);
}

#[tokio::test]
async fn the_inbox_is_narrowed_by_whose_it_is() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (olga, anna) = (app.browser(&shop.owner).await, app.browser(&colleague).await);
    let (_, nobodys) = writer(&app, &shop, "one").await;
    let (_, olgas) = writer(&app, &shop, "two").await;
    let (_, annas) = writer(&app, &shop, "three").await;
    let (_, done) = writer(&app, &shop, "four").await;
    olga.post_empty(&at(&olgas, "assign")).await.expect(200);
    anna.post_empty(&at(&annas, "assign")).await.expect(200);
    olga.post_empty(&at(&done, "assign")).await.expect(200);
    olga.post_empty(&at(&done, "resolve")).await.expect(200);

    for unassigned in ["", "?filter=unassigned"] {
        assert_eq!(listed(&olga, unassigned).await, [nobodys.as_str()]);
    }
    assert_eq!(listed(&olga, "?filter=mine").await, [olgas.as_str()]);
    assert_eq!(listed(&anna, "?filter=mine").await, [annas.as_str()]);
    assert_eq!(listed(&olga, "?filter=mine&status=resolved").await, [done.as_str()]);
    assert_eq!(listed(&olga, "?filter=all").await, [done, annas, olgas, nobodys]);
}

#[tokio::test]
async fn the_inbox_is_narrowed_by_status_channel_and_tag() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, open) = writer(&app, &shop, "one").await;
    let (_, done) = writer(&app, &shop, "two").await;
    browser.post(&at(&open, "tags"), &json!({ "tags": ["Billing", "50% \"off\"_!"] })).await.expect(200);
    browser.post(&at(&done, "resolve"), &json!({ "tags": ["billing 2"] })).await.expect(200);

    assert_eq!(listed(&browser, "?filter=all&status=open").await, [open.as_str()]);
    assert_eq!(listed(&browser, "?filter=all&status=resolved").await, [done.as_str()]);
    assert_eq!(listed(&browser, "?filter=all&tag=billing").await, [open.as_str()], "a whole tag in any case");
    assert_eq!(listed(&browser, "?filter=all&tag=billing%202").await, [done.as_str()]);
    assert_eq!(listed(&browser, "?filter=all&tag=50%25%20%22off%22_!").await, [open.as_str()]);
    for none in ["bill", "%25", "%22", "_", "50%25%20%22off%22__"] {
        assert!(listed(&browser, &format!("?filter=all&tag={none}")).await.is_empty(), "{none}");
    }
    let channel = format!("?filter=all&channel_id={}", shop.channel_id);
    assert_eq!(listed(&browser, &channel).await, [done, open]);
    assert!(listed(&browser, &format!("?filter=all&channel_id={NOBODY}")).await.is_empty());
}

#[tokio::test]
async fn the_inbox_is_searched_by_contact_tag_and_words() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, monstera) = writer(&app, &shop, "My Monstera has brown leaves").await;
    let named =
        json!({ "sessionId": visitor.session_id, "text": "Grüße!", "contactDisplayName": "Zoë 100%" });
    visitor.posts("messages", named).await.expect(200);
    let (_, parcel) = writer(&app, &shop, "Where is my parcel NOT * OR \"x\"?").await;
    browser.post(&at(&parcel, "tags"), &json!({ "tags": ["Lost parcels"] })).await.expect(200);
    let picks = json!({ "content_type": "quick_button", "rich_media": { "buttons": [{ "label": "Refund me", "value": "r" }] } });
    browser.post(&at(&parcel, "messages"), &picks).await.expect(201);

    let found = async |search: &str| {
        let url = reqwest::Url::parse_with_params("http://x/", [("filter", "all"), ("search", search)]);
        listed(&browser, &format!("?{}", url.expect("a URL").query().expect("a query"))).await
    };
    for search in [
        "monstera",
        "MONST",
        "leaves brown",
        "my monst",
        "grusse",
        "Grüß",
        "zoë 100%",
        "0%",
        &visitor.session_id,
    ] {
        assert_eq!(found(search).await, [monstera.as_str()], "{search}");
    }
    for search in ["parcel", "lost parcels", "refund", "NOT", "\"x\"", "parcel not or"] {
        assert_eq!(found(search).await, [parcel.as_str()], "{search}");
    }
    assert_eq!(found("my").await, [parcel.clone(), monstera.clone()]);
    for search in [
        "monstera refund",
        "grüße monstera",
        "onstera",
        "lost",
        "%",
        "_",
        "!",
        "'",
        "[",
        "\"",
        "()",
        "*",
        "💥",
    ] {
        let expected: &[&str] = if search == "%" { &[monstera.as_str()] } else { &[] };
        assert_eq!(found(search).await, expected, "{search}");
    }
    assert_eq!(found("  ").await.len(), 2, "nothing is looked for");

    // The store's door looks in the same way.
    let store = shop.owner.get("/api/v1/store/social/conversations?search=refund").await.expect(200);
    assert_eq!((&store["totalCount"], &store["items"][0]["id"]), (&json!(1), &json!(parcel)));
    let other = quiet_shop(&app).await;
    assert!(listed(&app.browser(&other.owner).await, "?filter=all&search=monstera").await.is_empty());
}

#[tokio::test]
async fn the_inbox_goes_on_page_by_page_while_conversations_move() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let mut written = Vec::new();
    for number in 0..5 {
        written.push(writer(&app, &shop, &number.to_string()).await);
    }
    let ids: Vec<&str> = written.iter().rev().map(|(_, id)| id.as_str()).collect();
    assert_eq!(listed(&browser, "?limit=2").await, ids[..2]);
    assert_eq!(listed(&browser, "?limit=2&offset=2").await, ids[2..4]);
    assert_eq!(listed(&browser, &format!("?limit=2&after={}", ids[1])).await, ids[2..4]);
    // The oldest one comes to the top; by offset the page would show the second one again.
    written[0].0.writes("Anybody there?").await.expect(200);
    assert_eq!(listed(&browser, &format!("?limit=2&after={}", ids[1])).await, ids[2..4]);
    assert_eq!(listed(&browser, "?limit=1").await, ids[4..]);
    assert!(listed(&browser, &format!("?after={}", ids[3])).await.is_empty());
    let other = app.browser(&quiet_shop(&app).await.owner).await;
    refused(other.get(&format!("{CONVERSATIONS}?after={}", ids[1])).await, 404);
}

#[tokio::test]
async fn who_was_away_learns_what_has_changed() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, resolved) = writer(&app, &shop, "one").await;
    let (_, untouched) = writer(&app, &shop, "two").await;
    let (visitor, went_on) = writer(&app, &shop, "three").await;
    let seen = browser.get("/api/conversations/?filter=all&limit=1").await.expect(200);
    let seen = text(&seen[0]["updated_at"]).to_owned();
    browser.post_empty(&at(&resolved, "resolve")).await.expect(200);
    visitor.writes("four").await.expect(200);

    let changed = listed(&browser, &format!("?filter=all&updated_after={seen}")).await;
    assert_eq!(changed, [resolved.clone(), went_on.clone()], "oldest change first, also without a message");
    assert!(!changed.contains(&untouched));
    let next = browser.get(&format!("/api/conversations/{resolved}")).await.expect(200);
    let page = format!("?filter=all&limit=1&updated_after={}", text(&next["updated_at"]));
    assert_eq!(listed(&browser, &page).await, [resolved], "at this time or later");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let long = format!("search={}", "x".repeat(201));
    for query in [
        "filter=yours",
        "filter=",
        "status=closed",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999",
        "offset=-1",
        "offset=9223372036854775807",
        "after=x",
        "channel_id=x",
        "updated_after=yesterday",
        "search=a%00b",
        &long,
        &format!("after={id}&offset=1"),
        &format!("after={id}&updated_after=2026-01-01T00:00:00Z"),
    ] {
        refused(browser.get(&format!("{CONVERSATIONS}?{query}")).await, 400);
    }
    for query in ["limit=0", "limit=201", "offset=-1", "after=x", &format!("after={NOBODY}&offset=1")] {
        refused(browser.get(&format!("{}?{query}", at(&id, "messages"))).await, 400);
    }
}
