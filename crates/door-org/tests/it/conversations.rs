//! One conversation and what agents do in it (`org.md` R3 to R13, M).

use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

use crate::support::{
    CONVERSATIONS, NOBODY, assert_time, at, contents, heard, history, id_of, items, keys, listed, quiet_shop,
    refused, text, writer,
};

#[tokio::test]
async fn a_conversation_is_read_in_the_shape_of_the_list() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let list = browser.get(CONVERSATIONS).await.expect(200);
    for path in [format!("{CONVERSATIONS}{id}"), format!("{CONVERSATIONS}{id}/")] {
        assert_eq!(browser.get(&path).await.expect(200), list[0]);
    }
    for unknown in [NOBODY, "x", "0", "%00"] {
        refused(browser.get(&format!("{CONVERSATIONS}{unknown}")).await, 404);
    }
}

#[tokio::test]
async fn the_history_is_read_in_the_guides_shape() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let article = json!({ "title": "Shipping", "body": "Within Germany we deliver in two working days." });
    shop.owner.post("/api/v1/store/knowledge", &article).await.expect(201);
    let (browser, owner) = (app.browser(&shop.owner).await, id_of(&app, &shop.owner).await);
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let id = text(
        &visitor.writes("How long does shipping within Germany take?").await.expect(200)["conversationId"],
    )
    .to_owned();
    heard(&hub, "MessageReceived", "contentText", "How long does shipping within Germany take?").await;
    let answer = hub.event("MessageReceived").await.swap_remove(0);
    let quoted = text(&answer["contentText"]);
    assert!(quoted.ends_with("\n\nSource: Shipping"), "{quoted}");
    shop.owner.replies(&id, "Anything else?").await.expect(200);

    let messages = history(&browser, &id).await;
    assert_eq!(
        contents(&messages),
        ["How long does shipping within Germany take?", quoted, "Anything else?"]
    );
    for message in &messages {
        assert_eq!(
            keys(message),
            [
                "content",
                "content_type",
                "created_at",
                "id",
                "read_by",
                "rich_media",
                "sender_id",
                "sender_type",
                "session_id"
            ]
        );
        assert_time(&message["created_at"]);
        assert_eq!((&message["content_type"], &message["rich_media"]), (&json!("text"), &Value::Null));
        assert_eq!(message["read_by"], json!({}));
    }
    let conversation = browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200);
    assert_eq!(messages[0]["session_id"], conversation["active_session"]["id"]);
    let senders: Vec<_> = messages.iter().map(|message| text(&message["sender_type"])).collect();
    assert_eq!(senders, ["end_user", "bot", "agent"]);
    assert_eq!(messages[0]["sender_id"], visitor.session_id);
    assert!(uuid::Uuid::parse_str(text(&messages[1]["sender_id"])).is_ok());
    assert_eq!(messages[2]["sender_id"], owner);
}

#[tokio::test]
async fn the_history_is_read_stretch_by_stretch() {
    let app = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "0").await;
    for number in 1..120 {
        visitor.writes(&number.to_string()).await.expect(200);
    }
    let read = async |query: String| {
        let messages = browser.get(&format!("{}?{query}", at(&id, "messages"))).await.expect(200);
        let numbers = contents(items(&messages)).iter().map(|text| text.parse().expect("a number")).collect();
        (numbers, messages)
    };
    let newest: (Vec<i64>, Value) = read(String::new()).await;
    assert_eq!(newest.0, (70..120).collect::<Vec<_>>(), "the newest fifty, in order");
    assert_eq!(read("limit=200".into()).await.0, (0..120).collect::<Vec<_>>());
    assert_eq!(read("limit=50&offset=50".into()).await.0, (20..70).collect::<Vec<_>>());
    assert_eq!(read("limit=50&offset=100".into()).await.0, (0..20).collect::<Vec<_>>());
    assert!(read("offset=120".into()).await.0.is_empty());
    assert!(read("offset=1000000000".into()).await.0.is_empty());
    let after = text(&newest.1[9]["id"]).to_owned();
    assert_eq!(read(format!("after={after}&limit=3")).await.0, [80, 81, 82]);
    assert_eq!(read(format!("after={after}&limit=200")).await.0, (80..120).collect::<Vec<_>>());
    let last = text(&newest.1[49]["id"]).to_owned();
    assert!(read(format!("after={last}")).await.0.is_empty());
    let (_, elsewhere) = writer(&app, &shop, "elsewhere").await;
    refused(browser.get(&format!("{}?after={last}", at(&elsewhere, "messages"))).await, 404);
}

#[tokio::test]
async fn a_conversation_is_claimed_by_one_agent_only() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (olga, anna) = (app.browser(&shop.owner).await, app.browser(&colleague).await);
    let (owner, anna_id) = (id_of(&app, &shop.owner).await, id_of(&app, &colleague).await);
    let (_, id) = writer(&app, &shop, "Hello").await;
    let claim = at(&id, "assign");
    let (one, other) = tokio::join!(olga.post_empty(&claim), anna.post_empty(&claim));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, other.text);
    let (won, lost, winner, browser) =
        if one.status == 200 { (one, other, owner, olga) } else { (other, one, anna_id, anna) };
    assert_eq!(keys(&won.json), ["assigned_agent_id", "assigned_at", "id"]);
    assert_eq!((&won.json["id"], &won.json["assigned_agent_id"]), (&json!(id), &json!(winner)));
    assert_time(&won.json["assigned_at"]);
    assert_eq!(refused(lost, 409), "The conversation is assigned to somebody else.");
    let before = browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200);
    assert_eq!(browser.post_empty(&claim).await.expect(200), won.json, "one's own again");
    assert_eq!(browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200), before, "changes nothing");
    assert_eq!(browser.post(&claim, &json!({})).await.expect(200), won.json, "an empty body is none");
    browser.post_empty(&at(&id, "resolve")).await.expect(200);
    assert_eq!(refused(browser.post_empty(&claim).await, 409), "The conversation is resolved.");
}

#[tokio::test]
async fn a_conversation_is_given_to_somebody_and_to_nobody() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (browser, anna) = (app.browser(&shop.owner).await, id_of(&app, &colleague).await);
    let (_, id) = writer(&app, &shop, "Hello").await;
    browser.post_empty(&at(&id, "assign")).await.expect(200);
    let given = browser.post(&at(&id, "assign"), &json!({ "agent_id": anna })).await.expect(200);
    assert_eq!(given["assigned_agent_id"], anna, "whoever has it");
    let nobody = browser.post(&at(&id, "assign"), &json!({ "agent_id": null })).await.expect(200);
    assert_eq!((&nobody["assigned_agent_id"], &nobody["assigned_at"]), (&Value::Null, &Value::Null));
    assert_eq!(listed(&browser, "").await, [id.as_str()]);
    let stranger = id_of(&app, &quiet_shop(&app).await.owner).await;
    for unknown in [NOBODY, &stranger] {
        let refused = refused(browser.post(&at(&id, "assign"), &json!({ "agent_id": unknown })).await, 404);
        assert_eq!(refused, "Agent not found.");
    }
    refused(browser.post(&at(&id, "assign"), &json!({ "agent_id": "me" })).await, 400);
}

#[tokio::test]
async fn the_open_session_is_tagged() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let tags = at(&id, "tags");
    let tagged =
        browser.post(&tags, &json!({ "tags": [" billing ", "VIP", "billing", "日本"] })).await.expect(200);
    assert_eq!(keys(&tagged), ["id", "session_id", "tags"]);
    assert_eq!(tagged["tags"], json!(["billing", "VIP", "日本"]));
    let shown = browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200);
    assert_eq!(
        (&shown["active_session"]["tags"], &shown["active_session"]["id"]),
        (&tagged["tags"], &tagged["session_id"])
    );

    let many: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    for (bad, named) in [
        (json!({ "tags": many }), "tags must be at most 20."),
        (json!({ "tags": ["ok", " "] }), "tags[1] must have 1 to 50 printable characters."),
        (json!({ "tags": ["x".repeat(51)] }), "tags[0] must have 1 to 50 printable characters."),
        (json!({ "tags": ["a\u{0}"] }), "tags[0] must have 1 to 50 printable characters."),
    ] {
        assert_eq!(refused(browser.post(&tags, &bad).await, 400), named);
    }
    for bad in [
        json!({}),
        json!({ "tags": "billing" }),
        json!({ "tags": [1] }),
        json!({ "tags": null }),
        json!([["x"]]),
    ] {
        refused(browser.post(&tags, &bad).await, 400);
    }
    let kept = browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200);
    assert_eq!(kept["active_session"]["tags"], tagged["tags"]);
    let none = browser.post(&tags, &json!({ "tags": [] })).await.expect(200);
    assert_eq!(none["tags"], json!([]));

    browser.post_empty(&at(&id, "resolve")).await.expect(200);
    assert_eq!(
        refused(browser.post(&tags, &json!({ "tags": [] })).await, 409),
        "The conversation is resolved."
    );
    visitor.writes("Once more").await.expect(200);
    let next = browser.post(&tags, &json!({ "tags": ["again"] })).await.expect(200);
    assert_ne!(next["session_id"], tagged["session_id"], "a new session has tags of its own");
}

#[tokio::test]
async fn a_conversation_is_resolved_with_final_tags_and_opened_again() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    refused(browser.post(&at(&id, "resolve"), &json!({ "tags": [""] })).await, 400);
    browser.post(&at(&id, "tags"), &json!({ "tags": ["early"] })).await.expect(200);
    let body = json!({ "tags": ["billing", "resolved-no-action"] });
    let resolved = browser.post(&at(&id, "resolve"), &body).await.expect(200);
    assert_eq!(keys(&resolved), ["id", "resolved_at", "session_id", "status", "tags"]);
    assert_eq!((&resolved["id"], &resolved["status"]), (&json!(id), &json!("resolved")));
    assert_eq!(resolved["tags"], json!(["early", "billing", "resolved-no-action"]));
    assert_time(&resolved["resolved_at"]);
    refused(browser.post(&at(&id, "resolve"), &body).await, 409);
    refused(browser.post_empty(&at(&id, "resolve")).await, 409);

    let reopened = browser.post_empty(&at(&id, "reopen")).await.expect(200);
    assert_eq!(reopened["active_session"]["id"], resolved["session_id"]);
    assert_eq!(reopened["active_session"]["tags"], resolved["tags"]);
    refused(browser.post_empty(&at(&id, "reopen")).await, 409);
    let plain = browser.post_empty(&at(&id, "resolve")).await.expect(200);
    assert_eq!(plain["tags"], resolved["tags"], "nothing given leaves what is there");
    visitor.writes("Once more").await.expect(200);
    let next = browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200);
    assert_ne!(next["active_session"]["id"], resolved["session_id"]);
    assert_eq!(next["active_session"]["tags"], json!([]));
}

#[tokio::test]
async fn the_assistant_is_resumed() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let id = text(&visitor.writes("Hello").await.expect(200)["conversationId"]).to_owned();
    let greeting = text(&hub.event("MessageReceived").await[0]["contentText"]).to_owned();
    assert_eq!(greeting, "Hello");
    hub.event("MessageReceived").await;
    browser.post_empty(&at(&id, "assign")).await.expect(200);
    visitor.writes("Is anybody there?").await.expect(200);
    let resumed = browser.post_empty(&at(&id, "assistant")).await.expect(200);
    assert_eq!(resumed["id"], id);
    visitor.writes("And now?").await.expect(200);
    heard(&hub, "MessageReceived", "contentText", "And now?").await;
    let answer = hub.event("MessageReceived").await.swap_remove(0);
    assert_eq!(answer["isAiGenerated"], true);
}

#[tokio::test]
async fn a_message_sent_by_rest_is_stored_once_and_heard() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (browser, owner) = (app.browser(&shop.owner).await, id_of(&app, &shop.owner).await);
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (widget, (own, _)) = (visitor.joins().await, visitor.joins_own(None).await);
    let body = json!({ "content": "  Hi! How can I help?  ", "client_message_id": "m1" });
    let send = at(&id, "messages");
    let sent = browser.post(&send, &body).await.expect(201);
    assert_eq!((&sent["content"], &sent["sender_type"]), (&json!("Hi! How can I help?"), &json!("agent")));
    assert_eq!((&sent["sender_id"], &sent["read_by"]), (&json!(owner), &json!({})));
    assert_eq!(
        browser.post(&send, &body).await.expect(201),
        sent,
        "the same again is answered by the first result"
    );
    assert_eq!(widget.event("MessageReceived").await[0]["contentText"], "Hi! How can I help?");
    let heard = own.event("Message").await.swap_remove(0);
    assert_eq!((&heard["id"], &heard["sender"]), (&sent["id"], &json!("agent")));
    let stored = history(&browser, &id).await;
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[1], sent);
    let store = shop.owner.get(&format!("/api/v1/store/social/conversations/{id}")).await.expect(200);
    assert_eq!(store["isAgentPaused"], true, "a person has stepped in");
}

#[tokio::test]
async fn what_is_said_at_any_door_is_read_at_this_one_and_back() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let visitor = app.visitor(&shop);
    let (widget, (own, _), staff) =
        (visitor.joins().await, visitor.joins_own(None).await, shop.owner.hub().await);
    visitor.says(&widget, "By hub").await.expect("it is stored");
    let id = listed(&browser, "").await.swap_remove(0);
    let arguments = [
        json!(visitor.channel_token),
        json!(visitor.session_id),
        json!("c1"),
        json!("By our own hub method"),
        Value::Null,
    ];
    own.invoke("Send", arguments).await.expect("it is stored");
    visitor.writes("By REST").await.expect(200);
    shop.owner.replies(&id, "By the store's REST").await.expect(200);
    browser.post(&at(&id, "messages"), &json!({ "content": "By this door" })).await.expect(201);
    visitor.writes("Last").await.expect(200);

    let said = ["By hub", "By our own hub method", "By REST", "By the store's REST", "By this door", "Last"];
    assert_eq!(contents(&history(&browser, &id).await), said);
    let public = format!("/chat-widget/history/{id}?external_id={}", visitor.session_id);
    assert_eq!(contents(items(&app.anonymous().get(&public).await.expect(200))), said);
    let whole = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    assert_eq!(contents(items(&whole["messages"])), said);
    let store = shop.owner.get(&format!("/api/v1/store/social/conversations/{id}")).await.expect(200);
    let texts = |messages: &[Value]| -> Vec<String> {
        messages.iter().map(|message| text(&message["contentText"]).to_owned()).collect()
    };
    assert_eq!(texts(items(&store["messages"])), said);
    for expected in said {
        assert_eq!(widget.event("MessageReceived").await[0]["contentText"], expected);
        assert_eq!(own.event("Message").await[0]["content"], expected);
    }
    for expected in ["By hub", "By our own hub method", "By REST", "Last"] {
        assert_eq!(staff.event("NewCustomerMessage").await[0]["contentText"], expected);
    }
}

/// Every kind of content, and what the text of it must hold.
fn every_kind() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (json!({ "content": "Hello" }), &["Hello"]),
        (
            json!({ "content": "", "content_type": "image", "rich_media": { "url": "https://example.com/photo.jpg" } }),
            &["https://example.com/photo.jpg"],
        ),
        (
            json!({ "content": "Look", "content_type": "image", "rich_media": { "url": "https://example.com/photo.jpg", "alt": "A scenic view" } }),
            &["Look", "https://example.com/photo.jpg"],
        ),
        (
            json!({ "content_type": "file", "rich_media": { "url": "https://example.com/files/invoice.pdf", "filename": "invoice.pdf", "size": 204_800, "mime_type": "application/pdf" } }),
            &["invoice.pdf", "https://example.com/files/invoice.pdf"],
        ),
        (
            json!({ "content": "Choose an option:", "content_type": "quick_button", "rich_media": { "buttons": [{ "label": "Yes", "value": "yes" }] } }),
            &["Choose an option:", "Yes"],
        ),
        (
            json!({ "content": "", "content_type": "carousel", "rich_media": { "cards": [{ "image_url": "https://example.com/a.jpg", "title": "Product A", "subtitle": "Short",
                "buttons": [{ "label": "Buy now", "value": "buy_A" }] }] } }),
            &["Product A", "Short", "Buy now"],
        ),
        (
            json!({ "content": "", "content_type": "dropdown", "rich_media": { "placeholder": "-- pick one --", "options": [{ "label": "Europe", "value": "eu" }] } }),
            &["Europe"],
        ),
    ]
}

#[tokio::test]
async fn a_message_of_every_kind_goes_through_and_nobody_gets_an_empty_text() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (widget, (own, _)) = (visitor.joins().await, visitor.joins_own(None).await);
    let public = format!("/chat-widget/history/{id}?external_id={}", visitor.session_id);
    for (body, words) in every_kind() {
        let sent = browser.post(&at(&id, "messages"), &body).await.expect(201);
        let kind = body["content_type"].as_str().unwrap_or("text");
        let content = body["content"].as_str().unwrap_or_default();
        assert_eq!((&sent["content_type"], &sent["content"]), (&json!(kind), &json!(content)));
        assert_eq!(sent["rich_media"], body["rich_media"]);
        assert_eq!(history(&browser, &id).await.last(), Some(&sent), "{body}");
        let read = app.anonymous().get(&public).await.expect(200);
        let read = items(&read).last().expect("a message").clone();
        assert_eq!(
            (&read["content_type"], &read["content"], &read["rich_media"]),
            (&sent["content_type"], &sent["content"], &sent["rich_media"])
        );
        let own = own.event("Message").await.swap_remove(0);
        assert_eq!(
            (&own["contentType"], &own["content"], &own["richMedia"]),
            (&sent["content_type"], &sent["content"], &sent["rich_media"])
        );
        let plain = widget.event("MessageReceived").await.swap_remove(0);
        let store = shop.owner.get("/api/v1/store/social/conversations").await.expect(200);
        for said in [&plain["contentText"], &store["items"][0]["lastMessage"]["contentText"]] {
            assert!(words.iter().all(|word| text(said).contains(word)), "{said} {body}");
        }
    }
}

#[tokio::test]
async fn bad_messages_are_refused_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let button = |label: Value| json!({ "content": "?", "content_type": "quick_button", "rich_media": { "buttons": [{ "label": label, "value": "v" }] } });
    let cases = [
        (json!({}), "text must not be empty."),
        (json!({ "content": " \n\t " }), "text must not be empty."),
        (json!({ "content": "x".repeat(10_001) }), "text must have at most 10,000 characters."),
        (json!({ "content": "a\u{0}b" }), "text must not hold a NUL character."),
        (
            json!({ "content": "x", "content_type": "video" }),
            "content_type must be one of text, image, file, quick_button, carousel, dropdown.",
        ),
        (json!({ "content": "x", "rich_media": {} }), "rich_media must be left out of a text."),
        (
            json!({ "content": "x", "content_type": "image" }),
            "rich_media is required for everything but a text.",
        ),
        (
            json!({ "content_type": "image", "rich_media": { "url": "javascript:alert(1)" } }),
            "rich_media.url must be an http or https address of at most 2,000 bytes.",
        ),
        (
            json!({ "content_type": "image", "rich_media": { "url": "https://e.example/a.png", "onerror": "x" } }),
            "rich_media must hold nothing but url, upload_id, alt.",
        ),
        (button(json!("")), "rich_media.buttons[0].label must have 1 to 200 printable characters."),
        (button(json!(7)), "rich_media.buttons[0].label must have 1 to 200 printable characters."),
        (
            json!({ "content": "x", "client_message_id": "" }),
            "client_message_id must have 1 to 64 printable characters.",
        ),
        (
            json!({ "content": "x", "client_message_id": "x".repeat(65) }),
            "client_message_id must have 1 to 64 printable characters.",
        ),
    ];
    for (body, reason) in cases {
        assert_eq!(refused(browser.post(&at(&id, "messages"), &body).await, 400), reason, "{body}");
    }
    let large = json!({ "content_type": "dropdown", "rich_media": { "options": vec![json!({ "label": "x", "value": "x".repeat(1000) }); 70] } });
    assert_eq!(
        refused(browser.post(&at(&id, "messages"), &large).await, 400),
        "rich_media must have at most 64 KiB."
    );
    for body in [
        json!([]),
        json!("Hello"),
        json!(null),
        json!({ "content": 7 }),
        json!({ "content": ["x"] }),
        json!({ "content": "x", "content_type": 1 }),
    ] {
        refused(browser.post(&at(&id, "messages"), &body).await, 400);
    }
    refused(browser.post_empty(&at(&id, "messages")).await, 415);
    assert_eq!(contents(&history(&browser, &id).await), ["Hello"]);
}

#[tokio::test]
async fn what_is_read_is_marked_once_and_told_to_the_end_user() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (olga, anna) = (app.browser(&shop.owner).await, app.browser(&colleague).await);
    let (owner, anna_id) = (id_of(&app, &shop.owner).await, id_of(&app, &colleague).await);
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    olga.post(&at(&id, "messages"), &json!({ "content": "Hi" })).await.expect(201);
    let (widget, (own, _)) = (visitor.joins().await, visitor.joins_own(None).await);
    let before = history(&olga, &id).await;
    let everything = json!({ "message_ids": [before[0]["id"], before[1]["id"]] });

    let marked = olga.post(&at(&id, "read"), &everything).await.expect(200);
    assert_eq!(marked, json!({ "id": id, "message_ids": [before[0]["id"]] }));
    assert_eq!(olga.post(&at(&id, "read"), &everything).await.expect(200)["message_ids"], json!([]));
    assert_eq!(anna.post(&at(&id, "read"), &everything).await.expect(200), marked);
    let read = own.event("Read").await.swap_remove(0);
    assert_eq!(read["messageIds"], marked["message_ids"]);
    assert_eq!((&read["reader"], keys(&read)), (&json!("agent"), vec!["at", "messageIds", "reader"]));
    own.event("Read").await;
    let arguments = [json!(visitor.channel_token), json!(visitor.session_id), json!([before[1]["id"]])];
    own.invoke("MarkRead", arguments).await.expect("read");
    assert_eq!(own.event("Read").await[0]["reader"], "visitor");
    assert_eq!((own.heard(), widget.heard()), (vec![], vec![]));

    let after = history(&olga, &id).await;
    assert_eq!(after[0]["read_by"][&owner], read["at"]);
    assert_eq!(keys(&after[0]["read_by"]).len(), 2);
    assert_time(&after[0]["read_by"][&anna_id]);
    assert_eq!(keys(&after[1]["read_by"]), [visitor.session_id.as_str()]);

    for (bad, status) in [
        (json!({}), 400),
        (json!({ "message_ids": [] }), 400),
        (json!({ "message_ids": "x" }), 400),
        (json!({ "message_ids": ["x"] }), 400),
        (json!({ "message_ids": vec![NOBODY; 501] }), 400),
        (json!({ "message_ids": [NOBODY] }), 404),
    ] {
        refused(olga.post(&at(&id, "read"), &bad).await, status);
    }
}

/// Every call on one conversation.
async fn every_call(client: &Client, id: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for verb in ["", "messages"] {
        answers.push((format!("GET {verb}"), client.get(at(id, verb).trim_end_matches('/')).await));
    }
    for (verb, body) in [
        ("messages", json!({ "content": "Intruder" })),
        ("tags", json!({ "tags": ["intruder"] })),
        ("read", json!({ "message_ids": [NOBODY] })),
        ("assign", json!({})),
        ("assign", json!({ "agent_id": null })),
        ("assistant", json!({})),
        ("resolve", json!({ "tags": ["intruder"] })),
        ("reopen", json!({})),
    ] {
        answers.push((format!("POST {verb}"), client.post(&at(id, verb), &body).await));
    }
    answers
}

#[tokio::test]
async fn organisations_never_meet() {
    let app = TestApp::start().await;
    let (shop, other) = (quiet_shop(&app).await, quiet_shop(&app).await);
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (browser, stranger) = (app.browser(&shop.owner).await, app.browser(&other.owner).await);
    let before =
        (browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200), history(&browser, &id).await);
    let (own, _) = visitor.joins_own(None).await;
    for (call, answer) in every_call(&stranger, &id).await {
        assert_eq!(refused(answer, 404), "Conversation not found.", "{call}");
    }
    for query in [
        "?filter=all",
        "?filter=all&search=Hello",
        &format!("?filter=all&channel_id={}", shop.channel_id),
        "?filter=all&updated_after=2020-01-01T00:00:00Z",
    ] {
        assert!(listed(&stranger, query).await.is_empty(), "{query}");
    }
    // The own conversation is no way to another's messages.
    let (_, own_id) = writer(&app, &other, "Mine").await;
    let foreign = json!({ "message_ids": [before.1[0]["id"]] });
    refused(stranger.post(&at(&own_id, "read"), &foreign).await, 404);
    refused(
        stranger.get(&format!("{}?after={}", at(&own_id, "messages"), text(&before.1[0]["id"]))).await,
        404,
    );
    let after =
        (browser.get(&format!("{CONVERSATIONS}{id}")).await.expect(200), history(&browser, &id).await);
    assert_eq!(after, before, "it stays as it was");
    assert_eq!(own.heard(), []);
}

#[tokio::test]
async fn each_role_may_what_it_may() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let viewer = app.agent(&shop, "viewer").await;
    let viewer = app.browser(&viewer).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    assert_eq!(listed(&viewer, "").await, [id.as_str()]);
    for (call, answer) in every_call(&viewer, &id).await {
        match call.starts_with("GET") {
            true => assert_eq!(answer.status, 200, "{call}"),
            false => {
                assert_eq!(
                    refused(answer, 403),
                    "Permission store.conversations.manage is required.",
                    "{call}"
                );
            }
        }
    }
    for role in ["admin", "agent"] {
        let person = app.agent(&shop, role).await;
        let person = app.browser(&person).await;
        person.post(&at(&id, "messages"), &json!({ "content": "Hi" })).await.expect(201);
    }
}

#[tokio::test]
async fn nothing_is_open_to_strangers() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    for (call, answer) in every_call(&app.anonymous(), &id).await {
        assert_eq!(refused(answer, 401), "Sign in first.", "{call}");
    }
    refused(app.anonymous().get(CONVERSATIONS).await, 401);
    let browser = app.browser(&shop.owner).await;
    let forged = browser.without_csrf();
    for (call, answer) in every_call(&forged, &id).await {
        match call.starts_with("GET") {
            true => assert_eq!(answer.status, 200, "{call}"),
            false => assert_eq!(refused(answer, 403), "The CSRF token is missing or wrong.", "{call}"),
        }
    }
    assert_eq!(contents(&history(&browser, &id).await), ["Hello"]);
}
