//! What an agent does in the inbox beside answering (`org.md` I6–I12).

use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{
    Client, TestApp,
    fake_models::{FakeModels, Reply, Script},
};

use crate::{
    support::{NOBODY, at, contents, id_of, items, keys, quiet_shop, refused, text, writer},
    threads::{INBOX, thread, view},
};

/// How a conversation stands.
async fn status(staff: &Client, id: &str) -> String {
    text(&thread(staff, id).await["conversation"]["status"]).to_owned()
}

#[tokio::test]
async fn a_snoozed_conversation_wakes_in_time_also_after_a_crash() {
    let mut app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let mut browser = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Call me on Monday").await;
    let until = app.core().now() + SignedDuration::from_hours(1);
    let asleep = browser.post(&at(&id, "snooze"), &json!({ "until": until })).await.expect(200);
    assert_eq!((&asleep["status"], &asleep["snoozed_until"]), (&json!("snoozed"), &json!(until)), "{asleep}");
    // Sooner than first said; the program ends before that, and nobody says it again.
    let until = app.core().now() + SignedDuration::from_millis(300);
    browser.post(&at(&id, "snooze"), &json!({ "until": until })).await.expect(200);
    app.crash().await;
    browser = app.browser(&app.sign_in(&shop.owner.email, shop.owner.password).await).await;
    while status(&browser, &id).await == "snoozed" {
        tokio::task::yield_now().await;
    }
    assert!(app.core().now() >= until, "not before its time");
    assert_eq!(view(&browser, "").await, [id]);
}

#[tokio::test]
async fn the_contact_an_agent_or_a_resolve_ends_the_sleep() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let until = json!({ "until": app.core().now() + SignedDuration::from_hours(24) });
    let path = at(&id, "snooze");
    browser.post(&path, &until).await.expect(200);
    shop.owner.replies(&id, "We will see").await.expect(200);
    assert_eq!(status(&browser, &id).await, "snoozed", "an answer wakes nobody");
    visitor.writes("Any news?").await.expect(200);
    assert_eq!(status(&browser, &id).await, "open");
    browser.post(&path, &until).await.expect(200);
    assert_eq!(browser.delete(&path).await.expect(200)["snoozed_until"], Value::Null);
    assert_eq!(browser.delete(&path).await.expect(200)["status"], "open", "it is awake");
    browser.post(&path, &until).await.expect(200);
    browser.post_empty(&at(&id, "resolve")).await.expect(200);
    assert_eq!(status(&browser, &id).await, "resolved");
    refused(browser.post(&path, &until).await, 409);
    browser.post_empty(&at(&id, "reopen")).await.expect(200);
    assert_eq!(status(&browser, &id).await, "open");
    let now = app.core().now();
    for wrong in [now, now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(24 * 400)] {
        refused(browser.post(&path, &json!({ "until": wrong })).await, 400);
    }
    refused(browser.post(&path, &json!({ "until": "Monday" })).await, 400);
}

#[tokio::test]
async fn notes_are_the_teams_alone() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (olga, anna) = (&shop.owner, app.agent(&shop, "agent").await);
    let (owner, colleague) = (app.browser(olga).await, app.browser(&anna).await);
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (hub, _) = visitor.joins_own(None).await;
    let widget = visitor.joins().await;
    let new = json!({ "content": "Knows the \"boss\" <b>", "client_note_id": "n1" });
    let note = colleague.post(&at(&id, "notes"), &new).await.expect(201);
    assert_eq!(
        keys(&note),
        [
            "after_seq",
            "author_id",
            "author_name",
            "client_note_id",
            "content",
            "conversation_id",
            "created_at",
            "id",
            "mentions"
        ]
    );
    assert_eq!(note["author_id"], json!(id_of(&app, &anna).await));
    assert_eq!(colleague.post(&at(&id, "notes"), &new).await.expect(201), note, "said twice, kept once");
    assert_eq!(thread(&owner, &id).await["notes"], json!([note]));
    colleague.put(&at(&id, "draft"), &json!({ "content": "secret plan" })).await.expect(204);
    colleague.post(&at(&id, "seen"), &json!({ "seq": 1 })).await.expect(200);

    // No seed's path shows it, and nobody who listens by one hears of it.
    for path in [
        at(&id, "messages"),
        format!("/api/conversations/{id}"),
        format!("/chat-widget/history/{id}?external_id={}", visitor.session_id),
    ] {
        assert!(!owner.get(&path).await.text.contains("boss"), "{path}");
    }
    assert!(view(&owner, "?search=boss").await.is_empty(), "no search finds it");
    shop.owner.replies(&id, "Hello!").await.expect(200);
    hub.event("Message").await;
    widget.event("MessageReceived").await;
    for heard in [hub.heard(), widget.heard()] {
        assert!(heard.iter().all(|(name, _)| name != "Status"), "{heard:?}");
        assert!(!format!("{heard:?}").contains("boss") && !format!("{heard:?}").contains("secret"));
    }

    // One's own, or as an owner or admin anybody's.
    let other = app.browser(&app.agent(&shop, "agent").await).await;
    let path = format!("{}/{}", at(&id, "notes"), text(&note["id"]));
    refused(other.delete(&path).await, 403);
    owner.delete(&path).await.expect(204);
    refused(owner.delete(&path).await, 404);
    assert_eq!(thread(&owner, &id).await["notes"], json!([]));
    for wrong in [
        json!({ "content": " " }),
        json!({ "content": "x".repeat(10_001) }),
        json!({ "content": "a\u{0}b" }),
        json!({ "content": "x", "client_note_id": "x".repeat(65) }),
        json!({ "content": "x", "mentions": vec![NOBODY; 21].iter().enumerate().map(|(n, id)| format!("{}{n:02}", &id[..34])).collect::<Vec<_>>() }),
        json!({ "content": "x", "mentions": ["anna"] }),
        json!({}),
    ] {
        refused(owner.post(&at(&id, "notes"), &wrong).await, 400);
    }
    refused(owner.post(&at(&id, "notes"), &json!({ "content": "x", "mentions": [NOBODY] })).await, 404);
}

#[tokio::test]
async fn who_is_mentioned_finds_it_until_they_have_looked() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let anna = app.agent(&shop, "agent").await;
    let (owner, colleague) = (app.browser(&shop.owner).await, app.browser(&anna).await);
    let annas_id = id_of(&app, &anna).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    writer(&app, &shop, "Another one").await;
    let mention = json!({ "content": "@Anna, please", "mentions": [annas_id, annas_id] });
    let note = owner.post(&at(&id, "notes"), &mention).await.expect(201);
    owner.post(&at(&id, "notes"), &mention).await.expect(201);
    assert_eq!(note["mentions"], json!([annas_id]));
    let count = async |staff: &Client| {
        staff.get("/api/inbox/counts/").await.expect(200)["mentions"]["unread"].clone()
    };
    assert_eq!((count(&colleague).await, count(&owner).await), (json!(1), json!(0)), "conversations");
    assert_eq!(view(&colleague, "?view=mentions").await, [id.as_str()]);
    let same = colleague.get("/api/inbox/mentions/").await.expect(200);
    assert_eq!((items(&same).len(), &same[0]["id"]), (1, &json!(id)));
    owner.post_empty(&at(&id, "resolve")).await.expect(200);
    assert_eq!(view(&colleague, "?view=mentions").await, [id.as_str()], "also where it is resolved");
    assert!(view(&colleague, "?view=mentions&status=open").await.is_empty());
    owner.post(&at(&id, "seen"), &json!({ "seq": 1 })).await.expect(200);
    assert_eq!(count(&colleague).await, 1, "for others it is no news that the owner has looked");
    colleague.post(&at(&id, "seen"), &json!({ "seq": 1 })).await.expect(200);
    assert_eq!(count(&colleague).await, 0);
    assert!(view(&colleague, "?view=mentions").await.is_empty());
    // A note that is taken back calls nobody.
    let taken = owner.post(&at(&id, "notes"), &mention).await.expect(201);
    assert_eq!(count(&colleague).await, 1);
    owner.delete(&format!("{}/{}", at(&id, "notes"), text(&taken["id"]))).await.expect(204);
    assert_eq!(count(&colleague).await, 0);
}

#[tokio::test]
async fn a_draft_waits_on_every_screen_of_its_agent_and_on_no_other() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let anna = app.agent(&shop, "agent").await;
    let (owner, colleague) = (app.browser(&shop.owner).await, app.browser(&anna).await);
    let (_, id) = writer(&app, &shop, "Hello").await;
    let path = at(&id, "draft");
    owner.put(&path, &json!({ "content": "Dear" })).await.expect(204);
    owner.put(&path, &json!({ "content": "Dear customer" })).await.expect(204);
    let draft = async |staff: &Client| thread(staff, &id).await["draft"].clone();
    assert_eq!(draft(&app.browser(&shop.owner).await).await["content"], "Dear customer");
    assert_eq!(keys(&draft(&owner).await), ["content", "updated_at"]);
    assert_eq!(draft(&colleague).await, Value::Null);
    owner.put(&path, &json!({ "content": " " })).await.expect(204);
    owner.put(&path, &json!({ "content": "" })).await.expect(204);
    assert_eq!(draft(&owner).await, Value::Null);
    refused(owner.put(&path, &json!({ "content": "x".repeat(10_001) })).await, 400);
    refused(owner.put(&path, &json!({ "content": null })).await, 400);
    refused(owner.put(&at(NOBODY, "draft"), &json!({ "content": "x" })).await, 404);
}

#[tokio::test]
async fn canned_replies_are_kept_by_shortcut() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let path = "/api/canned-replies/";
    assert_eq!(browser.get(path).await.expect(200), json!([]));
    let hours = json!({ "shortcut": "Hours", "content": "We open at nine." });
    let made = browser.post(path, &hours).await.expect(201);
    assert_eq!(keys(&made), ["content", "created_by", "id", "shortcut", "updated_at"]);
    assert_eq!(
        (&made["shortcut"], &made["created_by"]["id"]),
        (&json!("hours"), &json!(id_of(&app, &shop.owner).await))
    );
    refused(browser.post(path, &hours).await, 409);
    let bye = browser.post(path, &json!({ "shortcut": "bye_é-1", "content": "Bye\n!" })).await.expect(201);
    let list = browser.get(path).await.expect(200);
    assert_eq!(
        items(&list).iter().map(|one| text(&one["shortcut"])).collect::<Vec<_>>(),
        ["bye_é-1", "hours"]
    );
    let one = format!("{path}{}", text(&bye["id"]));
    refused(browser.patch(&one, &json!({ "shortcut": "HOURS" })).await, 409);
    let changed = browser.patch(&one, &json!({ "content": "See you" })).await.expect(200);
    assert_eq!((&changed["shortcut"], &changed["content"]), (&json!("bye_é-1"), &json!("See you")));
    for (shortcut, content) in [
        ("", "x"),
        ("a b", "x"),
        ("/x", "x"),
        (&*"x".repeat(41), "x"),
        ("x", " "),
        ("x", &*"x".repeat(10_001)),
    ] {
        refused(browser.post(path, &json!({ "shortcut": shortcut, "content": content })).await, 400);
    }
    // Another shop has its own, under the same name.
    let other = app.browser(&quiet_shop(&app).await.owner).await;
    assert_eq!(other.get(path).await.expect(200), json!([]));
    refused(other.patch(&one, &json!({ "content": "Mine" })).await, 404);
    refused(other.delete(&one).await, 404);
    other.post(path, &hours).await.expect(201);
    browser.delete(&one).await.expect(204);
    refused(browser.delete(&one).await, 404);
    for number in 1..500 {
        browser.post(path, &json!({ "shortcut": format!("n{number}"), "content": "x" })).await.expect(201);
    }
    refused(browser.post(path, &json!({ "shortcut": "one-more", "content": "x" })).await, 409);
}

#[tokio::test]
async fn what_is_known_of_a_contact_can_be_put_right() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let contact = text(&thread(&browser, &id).await["conversation"]["contact"]["id"]).to_owned();
    let path = format!("/api/contacts/{contact}");
    let change = json!({ "display_name": " Ann ", "email": "Ann@Shop.example", "phone": "+49 30 123456",
        "attributes": { "plan": "gold", "city": "Berlin" } });
    let known = browser.patch(&path, &change).await.expect(200);
    assert_eq!(keys(&known), ["attributes", "blocked", "display_name", "email", "id", "phone", "verified"]);
    assert_eq!((&known["display_name"], &known["email"]), (&json!("Ann"), &json!("ann@shop.example")));
    assert_eq!(known["phone"], "+4930123456");
    let known =
        browser.patch(&path, &json!({ "phone": null, "attributes": { "city": null } })).await.expect(200);
    assert_eq!((&known["phone"], &known["attributes"]), (&Value::Null, &json!({ "plan": "gold" })));
    let opened = thread(&browser, &id).await;
    assert_eq!(opened["conversation"]["contact"]["display_name"], "Ann");
    assert_eq!(opened["details"]["attributes"], json!({ "plan": "gold" }));
    assert_eq!(view(&browser, "?search=ann@shop").await, [id.as_str()], "found by it");

    let many = (0..50).map(|number| (format!("key {number}"), json!("x"))).collect::<serde_json::Map<_, _>>();
    for wrong in [
        json!({ "email": "nobody" }),
        json!({ "phone": "call me" }),
        json!({ "display_name": "x".repeat(101) }),
        json!({ "display_name": "a\nb" }),
        json!({ "attributes": { "": "x" } }),
        json!({ "attributes": { "plan": "x".repeat(501) } }),
        json!({ "attributes": { "plan": 1 } }),
        json!({ "attributes": many }),
    ] {
        refused(browser.patch(&path, &wrong).await, 400);
    }
    assert_eq!(thread(&browser, &id).await["details"]["attributes"], json!({ "plan": "gold" }));
    refused(browser.patch(&format!("/api/contacts/{NOBODY}"), &json!({})).await, 404);
}

#[tokio::test]
async fn a_blocked_contact_is_refused_at_every_door_and_may_still_read() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    let (hub, _) = visitor.joins_own(None).await;
    let contact = text(&thread(&browser, &id).await["conversation"]["contact"]["id"]).to_owned();
    let blocked = browser.post_empty(&format!("/api/contacts/{contact}/block")).await.expect(200);
    assert_eq!(blocked["blocked"], true);
    let opened = thread(&browser, &id).await;
    assert_ne!(opened["details"]["blocked_at"], Value::Null);

    let refusal = visitor.writes("Let me in").await;
    assert_eq!(refusal.status, 422, "as where the channel is switched off: {}", refusal.text);
    assert!(visitor.says(&hub, "Let me in").await.is_err());
    let form = reqwest::multipart::Form::new()
        .text("channel_token", shop.channel_token.clone())
        .text("external_id", visitor.session_id.clone())
        .part("file", reqwest::multipart::Part::bytes(b"a note".to_vec()).file_name("a.txt"));
    let upload = app.anonymous().request(reqwest::Method::POST, "/chat-widget/uploads").multipart(form);
    assert_eq!(testkit::answer(upload).await.status, 403);
    assert_eq!(items(&thread(&browser, &id).await["messages"]).len(), 1, "nothing is stored");
    // What was said is still theirs to read, and what staff say is heard.
    let history = format!("/chat-widget/history/{id}?external_id={}", visitor.session_id);
    assert_eq!(items(&app.anonymous().get(&history).await.expect(200)).len(), 1);
    visitor.joins_own(None).await;
    shop.owner.replies(&id, "No").await.expect(200);
    hub.event("Message").await;

    browser.post_empty(&format!("/api/contacts/{contact}/unblock")).await.expect(200);
    visitor.writes("Thank you").await.expect(200);
    assert_eq!(contents(items(&thread(&browser, &id).await["messages"])), ["Hello", "No", "Thank you"]);
}

#[tokio::test]
async fn the_labels_used_lately_are_counted() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (_, one) = writer(&app, &shop, "one").await;
    let (_, two) = writer(&app, &shop, "two").await;
    browser.post(&at(&one, "tags"), &json!({ "tags": ["billing", "vip"] })).await.expect(200);
    browser.post(&at(&two, "tags"), &json!({ "tags": ["vip"] })).await.expect(200);
    let tags = browser.get("/api/inbox/tags/").await.expect(200);
    assert_eq!(tags, json!([{ "tag": "vip", "count": 2 }, { "tag": "billing", "count": 1 }]));
    let other = app.browser(&quiet_shop(&app).await.owner).await;
    assert_eq!(other.get("/api/inbox/tags/").await.expect(200), json!([]));
}

#[tokio::test]
async fn the_assistant_suggests_a_reply_and_says_nothing_itself() {
    let fake = FakeModels::start().await;
    let unavailable = Reply::Status(500);
    fake.script(Script::new().then(Reply::text("Two years.")).otherwise(unavailable));
    let app = TestApp::builder().models(&fake).start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "How long is the warranty?").await;
    let path = at(&id, "suggestion");
    let suggested = browser.post_empty(&path).await.expect(200);
    assert_eq!(suggested, json!({ "content": "Two years.", "sources": [] }));
    assert_eq!(items(&thread(&browser, &id).await["messages"]).len(), 1, "nothing is said");
    let usage = shop.owner.get("/api/v1/store/usage").await.expect(200);
    let counted = ["aiAnswers", "inputTokens", "outputTokens"].map(|name| usage[name].as_u64());
    let spent = fake.usage();
    assert_eq!(counted, [Some(1), Some(spent.input_tokens), Some(spent.output_tokens)]);

    shop.owner.replies(&id, "Two years.").await.expect(200);
    refused(browser.post_empty(&path).await, 409);
    visitor.writes("And for refurbished ones?").await.expect(200);
    let reason = refused(browser.post_empty(&path).await, 503);
    assert!(reason.contains("provider"), "{reason}");
    refused(browser.post_empty(&at(NOBODY, "suggestion")).await, 404);
}

/// What the inbox asks for and does, as another shop, a viewer and a stranger would.
#[tokio::test]
async fn another_shops_inbox_is_not_found_and_a_viewer_only_looks() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let owner = app.browser(&shop.owner).await;
    let (_, id) = writer(&app, &shop, "Hello").await;
    let note = owner.post(&at(&id, "notes"), &json!({ "content": "x" })).await.expect(201);
    let canned = json!({ "shortcut": "x", "content": "x" });
    let canned_id = owner.post("/api/canned-replies/", &canned).await.expect(201)["id"].clone();
    let contact = text(&thread(&owner, &id).await["conversation"]["contact"]["id"]).to_owned();
    let until = app.core().now() + SignedDuration::from_hours(1);
    let reads = [format!("{INBOX}{id}"), format!("{INBOX}{id}/timeline")];
    let changes = [
        ("POST", at(&id, "seen"), json!({ "seq": 1 })),
        ("POST", at(&id, "snooze"), json!({ "until": until })),
        ("DELETE", at(&id, "snooze"), Value::Null),
        ("POST", at(&id, "notes"), json!({ "content": "x" })),
        ("DELETE", format!("{}/{}", at(&id, "notes"), text(&note["id"])), Value::Null),
        ("PUT", at(&id, "draft"), json!({ "content": "x" })),
        ("POST", at(&id, "suggestion"), Value::Null),
        ("PATCH", format!("/api/contacts/{contact}"), json!({ "display_name": "x" })),
        ("POST", format!("/api/contacts/{contact}/block"), Value::Null),
        ("POST", format!("/api/contacts/{contact}/unblock"), Value::Null),
        ("PATCH", format!("/api/canned-replies/{}", text(&canned_id)), json!({ "content": "y" })),
        ("DELETE", format!("/api/canned-replies/{}", text(&canned_id)), Value::Null),
    ];
    let before = thread(&owner, &id).await;
    let send = async |staff: &Client, (method, path, body): &(&str, String, Value)| {
        let request = staff.request(method.parse().expect("a method"), path);
        testkit::answer(if body.is_null() { request } else { request.json(body) }).await
    };
    let strange = app.browser(&quiet_shop(&app).await.owner).await;
    for path in &reads {
        refused(strange.get(path).await, 404);
        refused(app.anonymous().get(path).await, 401);
    }
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    for path in &reads {
        viewer.get(path).await.expect(200);
    }
    for path in
        ["/api/inbox/counts/", INBOX, "/api/inbox/tags/", "/api/canned-replies/", "/api/inbox/mentions/"]
    {
        viewer.get(path).await.expect(200);
        refused(app.anonymous().get(path).await, 401);
    }
    for change in &changes {
        refused(send(&strange, change).await, 404);
        refused(send(&viewer, change).await, 403);
        refused(send(&app.anonymous(), change).await, 401);
        refused(send(&owner.without_csrf(), change).await, 403);
    }
    refused(viewer.post("/api/canned-replies/", &json!({ "shortcut": "y", "content": "x" })).await, 403);
    let after = thread(&owner, &id).await;
    assert_eq!(after, before, "nothing came of any of it");
    assert_eq!(view(&strange, "?status=any").await, Vec::<String>::new());
}
