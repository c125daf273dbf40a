//! The inbox's lists, counts and threads (`org.md` I1–I5).

use parlor_core::limits::RateLimits;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::support::{
    NOBODY, assert_time, at, contents, id_of, items, keys, quiet_shop, refused, text, writer,
};

pub const INBOX: &str = "/api/inbox/conversations/";

/// The ids of a view, in its order.
pub async fn view(staff: &Client, query: &str) -> Vec<String> {
    let list = staff.get(&format!("{INBOX}{query}")).await.expect(200);
    items(&list).iter().map(|item| text(&item["id"]).to_owned()).collect()
}

/// Everything that opens a thread.
pub async fn thread(staff: &Client, id: &str) -> Value {
    staff.get(&format!("{INBOX}{id}")).await.expect(200)
}

#[tokio::test]
async fn a_view_shows_what_a_list_needs_and_no_key_to_the_conversation() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, &"ä".repeat(300)).await;

    let list = browser.get(INBOX).await.expect(200);
    assert_eq!(list, browser.get("/api/inbox/conversations").await.expect(200), "with a slash and without");
    let [shown] = items(&list) else { panic!("{list}") };
    assert_eq!(
        keys(shown),
        [
            "answering",
            "assigned_at",
            "assignee_id",
            "assistant_id",
            "channel_id",
            "contact",
            "created_at",
            "id",
            "last_message",
            "last_message_at",
            "last_seq",
            "rating",
            "session_id",
            "snoozed_until",
            "status",
            "tags",
            "unread",
            "updated_at",
            "version"
        ]
    );
    assert_eq!((&shown["id"], &shown["channel_id"]), (&json!(id), &json!(shop.channel_id)));
    assert_eq!(keys(&shown["contact"]), ["blocked", "display_name", "email", "id", "phone", "verified"]);
    assert_eq!(
        (&shown["status"], &shown["unread"], &shown["last_seq"]),
        (&json!("open"), &json!(1), &json!(1))
    );
    let last = &shown["last_message"];
    assert_eq!(
        keys(last),
        ["content_type", "created_at", "id", "preview", "sender_name", "sender_type", "seq"]
    );
    assert_eq!((&last["sender_type"], &last["sender_name"]), (&json!("end_user"), &Value::Null));
    assert_eq!(text(&last["preview"]), "ä".repeat(200), "two hundred characters");
    assert_eq!(last["created_at"], shown["last_message_at"]);
    for time in ["created_at", "updated_at", "last_message_at"] {
        assert_time(&shown[time]);
    }
    assert!(!list.to_string().contains(&visitor.session_id), "who holds it is the visitor");

    shop.owner.replies(&id, "On its way").await.expect(200);
    let replied = browser.get(INBOX).await.expect(200);
    assert_eq!(replied[0]["last_message"]["preview"], "On its way");
    assert_eq!(replied[0]["last_message"]["sender_type"], "agent");
    assert!(replied[0]["version"].as_i64() > shown["version"].as_i64());
}

#[tokio::test]
async fn views_are_whose_it_is_and_how_it_stands() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (olga, anna) = (app.browser(&shop.owner).await, app.browser(&colleague).await);
    let annas_id = id_of(&app, &colleague).await;
    let (_, nobodys) = writer(&app, &shop, "one").await;
    let (_, olgas) = writer(&app, &shop, "two").await;
    let (_, annas) = writer(&app, &shop, "three").await;
    let (_, done) = writer(&app, &shop, "four").await;
    let (_, asleep) = writer(&app, &shop, "five").await;
    olga.post_empty(&at(&olgas, "assign")).await.expect(200);
    anna.post_empty(&at(&annas, "assign")).await.expect(200);
    olga.post_empty(&at(&done, "resolve")).await.expect(200);
    let tomorrow = app.core().now() + jiff::SignedDuration::from_hours(24);
    olga.post(&at(&asleep, "snooze"), &json!({ "until": tomorrow })).await.expect(200);

    assert_eq!(view(&olga, "?view=unassigned").await, [nobodys.as_str()]);
    assert_eq!(view(&olga, "?view=mine").await, [olgas.as_str()]);
    assert_eq!(view(&anna, "?view=mine").await, [annas.as_str()]);
    assert_eq!(view(&olga, &format!("?assignee_id={annas_id}")).await, [annas.as_str()]);
    assert_eq!(view(&olga, "?view=all").await, [annas.as_str(), &olgas, &nobodys], "open, and awake");
    assert_eq!(view(&olga, "?status=snoozed").await, [asleep.as_str()]);
    assert_eq!(view(&olga, "?status=resolved").await, [done.as_str()]);
    assert_eq!(view(&olga, "?status=any").await, [asleep.as_str(), &done, &annas, &olgas, &nobodys]);
    assert_eq!(view(&olga, "?view=unassigned&status=any").await, [asleep.as_str(), &done, &nobodys]);
    assert_eq!(view(&olga, "?search=four").await, [done.as_str()], "what is looked for stands anywhere");
    assert!(view(&olga, "?search=four&status=open").await.is_empty());
    assert_eq!(view(&olga, &format!("?limit=1&after={annas}")).await, [olgas.as_str()]);
    // The guide's list has what sleeps among what is open.
    let guide = olga.get("/api/conversations/").await.expect(200);
    assert_eq!((&guide[0]["id"], &guide[0]["active_session"]["status"]), (&json!(asleep), &json!("open")));
    let all = view(&olga, "?updated_after=2020-01-01T00:00:00Z").await;
    assert_eq!(all, [nobodys, olgas, annas, done, asleep], "oldest change first, wherever it stands");

    for query in ["view=yours", "status=closed", "limit=0", "limit=101", "after=x", "view=mine&assignee_id="]
    {
        refused(olga.get(&format!("{INBOX}?{query}")).await, 400);
    }
    refused(olga.get(&format!("{INBOX}?view=mine&assignee_id={annas_id}")).await, 400);
    refused(olga.get(&format!("{INBOX}?after={NOBODY}")).await, 404);
}

#[tokio::test]
async fn the_numbers_beside_the_views_count_what_waits() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let nothing = json!({ "open": 0, "unread": 0 });
    let counts = browser.get("/api/inbox/counts/").await.expect(200);
    assert_eq!(
        counts,
        json!({ "unassigned": nothing, "mine": nothing, "all": nothing, "mentions": { "unread": 0 }, "snoozed": { "open": 0 } })
    );
    let (visitor, one) = writer(&app, &shop, "one").await;
    let (_, two) = writer(&app, &shop, "two").await;
    let (_, three) = writer(&app, &shop, "three").await;
    let (_, four) = writer(&app, &shop, "four").await;
    visitor.writes("one more").await.expect(200);
    browser.post_empty(&at(&one, "assign")).await.expect(200);
    browser.post(&at(&two, "seen"), &json!({ "seq": 1 })).await.expect(200);
    browser.post_empty(&at(&three, "resolve")).await.expect(200);
    let tomorrow = app.core().now() + jiff::SignedDuration::from_hours(24);
    browser.post(&at(&four, "snooze"), &json!({ "until": tomorrow })).await.expect(200);
    let counts = browser.get("/api/inbox/counts").await.expect(200);
    assert_eq!(counts["unassigned"], json!({ "open": 1, "unread": 0 }));
    assert_eq!(counts["mine"], json!({ "open": 1, "unread": 1 }), "conversations, not messages");
    assert_eq!(counts["all"], json!({ "open": 2, "unread": 1 }));
    assert_eq!(counts["snoozed"], json!({ "open": 1 }));
    let other = app.browser(&quiet_shop(&app).await.owner).await;
    assert_eq!(other.get("/api/inbox/counts/").await.expect(200)["all"], nothing);
}

#[tokio::test]
async fn one_call_opens_a_thread() {
    let app = TestApp::builder().rate_limits(RateLimits::Off).start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "message 1").await;
    for number in 2..=60 {
        visitor.writes(&format!("message {number}")).await.expect(200);
    }
    shop.owner.replies(&id, "Hello").await.expect(200);
    browser.post(&at(&id, "notes"), &json!({ "content": "A regular" })).await.expect(201);
    browser.put(&at(&id, "draft"), &json!({ "content": "We would" })).await.expect(204);

    let opened = thread(&browser, &id).await;
    assert_eq!(
        keys(&opened),
        ["conversation", "details", "draft", "has_earlier", "messages", "notes", "viewers"]
    );
    assert_eq!(opened["conversation"], browser.get(INBOX).await.expect(200)[0]);
    let messages = items(&opened["messages"]);
    assert_eq!((messages.len(), &opened["has_earlier"]), (50, &json!(true)));
    assert_eq!((&messages[0]["seq"], &messages[49]["seq"]), (&json!(12), &json!(61)));
    assert_eq!(
        keys(&messages[0]),
        [
            "client_message_id",
            "content",
            "content_type",
            "conversation_id",
            "created_at",
            "id",
            "read_by",
            "rich_media",
            "sender_id",
            "sender_name",
            "sender_type",
            "seq",
            "session_id",
            "sources"
        ]
    );
    assert_eq!(messages[0]["sender_id"], opened["conversation"]["contact"]["id"], "never the external id");
    assert_eq!(opened["notes"][0]["content"], "A regular");
    assert_eq!(opened["notes"][0]["after_seq"], 61);
    assert_eq!(opened["draft"]["content"], "We would");
    assert_eq!(opened["viewers"], json!([]));
    let details = &opened["details"];
    assert_eq!(
        keys(details),
        [
            "attributes",
            "blocked_at",
            "external_id",
            "first_seen_at",
            "other_conversations",
            "page_views",
            "sessions"
        ]
    );
    assert_eq!(details["external_id"], visitor.session_id);
    assert_eq!(details["sessions"][0]["status"], "open");
    assert_time(&details["first_seen_at"]);

    // The same person on another device, known by the address.
    let (_, other) = writer(&app, &shop, "From my phone").await;
    for id in [&id, &other] {
        let contact = thread(&browser, id).await["conversation"]["contact"]["id"].clone();
        let path = format!("/api/contacts/{}", text(&contact));
        browser.patch(&path, &json!({ "email": "Ann@shop.example" })).await.expect(200);
    }
    let details = &thread(&browser, &id).await["details"];
    assert_eq!(details["other_conversations"][0]["id"], json!(other));
    assert_eq!(items(&details["other_conversations"]).len(), 1);
    refused(browser.get(&format!("{INBOX}{NOBODY}")).await, 404);
}

#[tokio::test]
async fn a_thread_goes_back_and_catches_up_with_its_notes() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "1").await;
    let note = async |content: &str| {
        browser.post(&at(&id, "notes"), &json!({ "content": content })).await.expect(201);
    };
    note("after 1").await;
    visitor.writes("2").await.expect(200);
    visitor.writes("3").await.expect(200);
    note("after 3").await;
    visitor.writes("4").await.expect(200);
    note("after 4").await;

    let stretch = async |query: &str| {
        let shown = browser.get(&format!("{INBOX}{id}/timeline?{query}")).await.expect(200);
        let texts = |name: &str| contents(items(&shown[name])).join(" ");
        (texts("messages"), texts("notes"), shown["has_earlier"] == true)
    };
    let told = |messages: &str, notes: &str, earlier| (messages.to_owned(), notes.to_owned(), earlier);
    assert_eq!(stretch("").await, told("1 2 3 4", "after 1 after 3 after 4", false));
    assert_eq!(stretch("limit=2").await, told("3 4", "after 3 after 4", true));
    assert_eq!(stretch("before=3&limit=1").await, told("2", "", true));
    assert_eq!(stretch("before=2").await, told("1", "after 1", false));
    assert_eq!(stretch("before=1").await, told("", "", false));
    // Who has seen the third message and no more has missed its note, too, if it came later.
    assert_eq!(stretch("after=3").await, told("4", "after 3 after 4", true));
    assert_eq!(stretch("after=4").await, told("", "after 4", true));
    assert_eq!(stretch("after=0&limit=2").await, told("1 2", "after 1", false));
    assert_eq!(stretch("after=2&limit=1").await, told("3", "", true));
    for query in ["limit=0", "limit=201", "before=x", "before=3&after=1"] {
        refused(browser.get(&format!("{INBOX}{id}/timeline?{query}")).await, 400);
    }
    assert_eq!(stretch("after=-5").await.0, "1 2 3 4");
    assert_eq!(stretch("after=9223372036854775807").await.0, "");
    refused(browser.get(&format!("{INBOX}{NOBODY}/timeline")).await, 404);
}

#[tokio::test]
async fn what_one_has_seen_the_team_has_seen() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let colleague = app.agent(&shop, "agent").await;
    let (olga, anna) = (app.browser(&shop.owner).await, app.browser(&colleague).await);
    let (visitor, id) = writer(&app, &shop, "1").await;
    for number in 2..=5 {
        visitor.writes(&number.to_string()).await.expect(200);
    }
    let unread = async |staff: &Client| thread(staff, &id).await["conversation"]["unread"].clone();
    let seen = async |staff: &Client, seq: i64| {
        staff.post(&at(&id, "seen"), &json!({ "seq": seq })).await.expect(200)
    };
    assert_eq!(unread(&olga).await, 5);
    assert_eq!(seen(&olga, 3).await, json!({ "id": id, "unread": 2 }));
    assert_eq!(seen(&anna, 1).await["unread"], 2, "what was seen stays seen");
    assert_eq!(unread(&anna).await, 2);
    let version = thread(&olga, &id).await["conversation"]["version"].clone();
    seen(&anna, 3).await;
    assert_eq!(thread(&olga, &id).await["conversation"]["version"], version, "nothing is new");
    // Whoever has read messages has seen what stands before them.
    let messages = thread(&olga, &id).await["messages"].clone();
    olga.post(&at(&id, "read"), &json!({ "message_ids": [messages[3]["id"]] })).await.expect(200);
    assert_eq!(unread(&anna).await, 1);
    shop.owner.replies(&id, "Here").await.expect(200);
    assert_eq!(unread(&anna).await, 0, "who answers has seen it all");
    visitor.writes("6").await.expect(200);
    assert_eq!(unread(&olga).await, 1);
    assert_eq!(seen(&olga, 1_000_000).await["unread"], 0);
    refused(olga.post(&at(&id, "seen"), &json!({ "seq": -1 })).await, 400);
    refused(olga.post(&at(&id, "seen"), &json!({ "seq": "all" })).await, 400);
}
