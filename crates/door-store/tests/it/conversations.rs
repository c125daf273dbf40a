//! D: the staff's inbox.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::support::{
    CONVERSATIONS, NOBODY, act, assert_id, assert_time, history, items, keys, messages, patch, problem,
    quiet_shop, text, texts, unlimited, until, writer,
};

const CONVERSATION: [&str; 11] = [
    "assignedUserId",
    "channelId",
    "contactDisplayName",
    "createdAt",
    "externalContactId",
    "id",
    "isAgentPaused",
    "lastMessageAt",
    "status",
    "tags",
    "updatedAt",
];
const MESSAGE: [&str; 11] = [
    "contentText",
    "contentType",
    "conversationId",
    "createdAt",
    "direction",
    "id",
    "isAiGenerated",
    "richMedia",
    "sentByUserId",
    "sources",
    "status",
];

fn with<'a>(known: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let mut all: Vec<&str> = known.iter().chain(more).copied().collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn the_inbox_shows_the_newest_first_page_by_page() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let mut sessions = Vec::new();
    for n in 0..7 {
        let visitor = app.visitor(&shop);
        visitor.writes(&format!("Question {n}")).await.expect(200);
        sessions.push(visitor);
    }
    // Who writes again comes to the top.
    sessions[2].writes("One more thing").await.expect(200);
    let order: Vec<&str> =
        [2, 6, 5, 4, 3, 1, 0].into_iter().map(|n: usize| sessions[n].session_id.as_str()).collect();
    let mut seen = Vec::new();
    for page in 1..=4 {
        let list = shop.owner.get(&format!("{CONVERSATIONS}?page={page}&pageSize=3")).await.expect(200);
        assert_eq!(keys(&list), ["items", "page", "pageSize", "totalCount", "totalPages"]);
        assert_eq!((&list["page"], &list["pageSize"]), (&json!(page), &json!(3)));
        assert_eq!((&list["totalCount"], &list["totalPages"]), (&json!(7), &json!(3)));
        seen.extend(items(&list["items"]).iter().map(|item| text(&item["externalContactId"]).to_owned()));
    }
    assert_eq!(seen, order);

    let first = &shop.owner.get(CONVERSATIONS).await.expect(200)["items"][0];
    assert_eq!(keys(first), with(&CONVERSATION, &["lastMessage"]));
    assert_eq!(keys(&first["lastMessage"]), MESSAGE);
    assert_eq!(first["lastMessage"]["contentText"], "One more thing");
    assert_eq!(first["lastMessageAt"], first["lastMessage"]["createdAt"]);
    assert_eq!(first["channelId"], shop.channel_id);
}

#[tokio::test]
async fn the_inbox_is_filtered_by_status_and_channel() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let (_, open) = writer(&app, &shop).await;
    let (_, resolved) = writer(&app, &shop).await;
    act(&shop.owner, &resolved, "resolve").await.expect(200);
    for (filter, expected) in [
        ("status=Open", vec![&open]),
        ("status=open", vec![&open]),
        ("status=Resolved", vec![&resolved]),
        (&format!("status=Open&channelId={}", shop.channel_id), vec![&open]),
        (&format!("channelId={}", shop.channel_id), vec![&resolved, &open]),
        (&format!("channelId={NOBODY}"), vec![]),
    ] {
        let list = shop.owner.get(&format!("{CONVERSATIONS}?{filter}")).await.expect(200);
        let found: Vec<&str> = items(&list["items"]).iter().map(|item| text(&item["id"])).collect();
        assert_eq!(found, expected, "{filter}");
        assert_eq!(list["totalCount"], expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn the_inbox_is_searched_by_contact_and_every_character_means_itself() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let names = [
        "100% Cotton",
        "under_score",
        "Wow!",
        "ÄNNA Øst",
        "محمد",
        "日本 太郎",
        "O'Brien",
        "back\\slash",
        "quote\"d",
        "emoji 🦀",
        "plain",
    ];
    for name in names {
        let visitor = app.visitor(&shop);
        let body = json!({ "sessionId": visitor.session_id, "text": "Hello", "contactDisplayName": name });
        visitor.posts("messages", body).await.expect(200);
    }
    let search = async |asked: &str| {
        let path = reqwest::Url::parse_with_params("http://x/", [("search", asked), ("pageSize", "100")]);
        let query = path.expect("a URL").query().unwrap_or_default().to_owned();
        let list = shop.owner.get(&format!("{CONVERSATIONS}?{query}")).await.expect(200);
        let mut found: Vec<String> =
            items(&list["items"]).iter().map(|item| text(&item["contactDisplayName"]).to_owned()).collect();
        assert_eq!(list["totalCount"], found.len(), "{asked}");
        found.sort_unstable();
        found
    };
    for name in names {
        assert_eq!(search(name).await, [name]);
    }
    for (asked, found) in [
        ("%", vec!["100% Cotton"]),
        ("_", vec!["under_score"]),
        ("!", vec!["Wow!"]),
        ("\\", vec!["back\\slash"]),
        ("'", vec!["O'Brien"]),
        ("cotton", vec!["100% Cotton"]),
        ("PLAIN", vec!["plain"]),
        ("änna", vec!["ÄNNA Øst"]),
        ("ØST", vec!["ÄNNA Øst"]),
        ("太", vec!["日本 太郎"]),
        ("🦀", vec!["emoji 🦀"]),
        ("' or 1=1 --", vec![]),
        ("%%", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(search(asked).await, found, "{asked}");
    }
    assert_eq!(search("   ").await.len(), names.len(), "nothing is searched for");
    let visitor = app.visitor(&shop);
    visitor.writes("Hello").await.expect(200);
    let by_session =
        shop.owner.get(&format!("{CONVERSATIONS}?search={}", &visitor.session_id[4..28])).await.expect(200);
    assert_eq!(by_session["items"][0]["externalContactId"], visitor.session_id);
}

#[tokio::test]
async fn bad_lists_are_refused() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    let long = "x".repeat(201);
    for query in [
        "page=0",
        "page=-1",
        "page=x",
        "page=1.5",
        "page=99999999999999999999",
        "pageSize=0",
        "pageSize=101",
        "pageSize=",
        "status=Closed",
        "status=",
        "channelId=abc",
        "search=%00",
        "search=a%00b",
        &format!("search={long}"),
    ] {
        let answer = owner.get(&format!("{CONVERSATIONS}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        problem(answer, 400);
    }
    let empty = owner.get(&format!("{CONVERSATIONS}?page=1000000&pageSize=100")).await.expect(200);
    assert_eq!((&empty["items"], &empty["totalPages"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn a_conversation_is_read_whole_or_after_a_message() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let body = json!({ "sessionId": visitor.session_id, "text": "One", "contactDisplayName": "Ahmed" });
    let conversation = text(&visitor.posts("messages", body).await.expect(200)["conversationId"]).to_owned();
    shop.owner.replies(&conversation, "Two").await.expect(200);
    visitor.writes("Three").await.expect(200);

    let path = format!("{CONVERSATIONS}/{conversation}");
    let found = shop.owner.get(&path).await.expect(200);
    assert_eq!(keys(&found), with(&CONVERSATION, &["aiMessageJob", "messages"]));
    assert_eq!(found["id"], conversation.as_str());
    assert_eq!((&found["contactDisplayName"], &found["status"]), (&json!("Ahmed"), &json!("Open")));
    assert_eq!(found["externalContactId"], visitor.session_id);
    assert_eq!((&found["tags"], &found["aiMessageJob"]), (&json!([]), &Value::Null));
    for name in ["createdAt", "updatedAt", "lastMessageAt"] {
        assert_time(&found[name]);
    }
    let [one, two, three] = items(&found["messages"]) else { panic!("{found}") };
    for message in [one, two, three] {
        assert_eq!(keys(message), MESSAGE);
        assert_id(&message["id"]);
        assert_time(&message["createdAt"]);
        assert_eq!(message["conversationId"], conversation.as_str());
    }
    assert_eq!(texts(items(&found["messages"])), ["One", "Two", "Three"]);
    assert_eq!((&one["direction"], &one["status"]), (&json!("Inbound"), &json!("Delivered")));
    assert_eq!((&two["direction"], &two["status"]), (&json!("Outbound"), &json!("Sent")));
    assert_eq!((&one["sentByUserId"], &two["isAiGenerated"]), (&Value::Null, &json!(false)));
    assert_id(&two["sentByUserId"]);

    let later = shop.owner.get(&format!("{path}?after={}", text(&one["id"]))).await.expect(200);
    assert_eq!(texts(items(&later["messages"])), ["Two", "Three"]);
    let nothing = shop.owner.get(&format!("{path}?after={}", text(&three["id"]))).await.expect(200);
    assert_eq!(nothing["messages"], json!([]));
    problem(shop.owner.get(&format!("{path}?after={NOBODY}")).await, 404);
    problem(shop.owner.get(&format!("{path}?after=abc")).await, 400);
    for id in ["abc", "1", "%00", "%ff", "..%2f..", "00000000-0000-0000-0000-00000000000g"] {
        problem(shop.owner.get(&format!("{CONVERSATIONS}/{id}")).await, 404);
    }
}

#[tokio::test]
async fn a_reply_is_stored_once_and_silences_the_assistant() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (_, conversation) = writer(&app, &shop).await;
    let path = format!("{CONVERSATIONS}/{conversation}/messages");
    let body = json!({ "text": "  On its way!  ", "clientMessageId": "r1" });
    let reply = shop.owner.post(&path, &body).await.expect(200);
    assert_eq!(keys(&reply), MESSAGE);
    assert_eq!(reply["contentText"], "On its way!");
    assert_eq!((&reply["direction"], &reply["isAiGenerated"]), (&json!("Outbound"), &json!(false)));
    assert_eq!(shop.owner.post(&path, &body).await.expect(200), reply, "the same id again");
    assert_eq!(texts(&history(&shop.owner, &conversation).await), ["Hello", "On its way!"]);
    let found = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    assert_eq!(found["isAgentPaused"], true);
    let resumed = act(&shop.owner, &conversation, "resume-agent").await.expect(200);
    assert_eq!(keys(&resumed), CONVERSATION);
    assert_eq!(resumed["isAgentPaused"], false);
}

#[tokio::test]
async fn bad_replies_are_refused_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (_, conversation) = writer(&app, &shop).await;
    let path = format!("{CONVERSATIONS}/{conversation}/messages");
    for body in [
        json!({}),
        json!({ "text": null }),
        json!({ "text": 1 }),
        json!({ "text": "" }),
        json!({ "text": " \n\t " }),
        json!({ "text": "x".repeat(10_001) }),
        json!({ "text": "a\u{0}b" }),
        json!({ "text": "Hello", "clientMessageId": "" }),
        json!({ "text": "Hello", "clientMessageId": "x".repeat(65) }),
        json!({ "text": "Hello", "clientMessageId": "a\u{0}" }),
        json!({ "text": "Hello", "clientMessageId": 7 }),
    ] {
        let answer = shop.owner.post(&path, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        problem(answer, 400);
    }
    assert_eq!(messages(&shop.owner).await.len(), 1);
    let paused =
        shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200)["isAgentPaused"].clone();
    assert_eq!(paused, false, "a refused reply silences nobody");
}

#[tokio::test]
async fn a_conversation_is_resolved_and_opened_again_each_once() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let (hub, synced) = visitor.joins_own(None).await;
    assert_eq!(synced["status"], "open");
    problem(act(&shop.owner, &conversation, "reopen").await, 409);
    let resolved = act(&shop.owner, &conversation, "resolve").await.expect(200);
    assert_eq!(keys(&resolved), CONVERSATION);
    assert_eq!(resolved["status"], "Resolved");
    assert_eq!(hub.event("Status").await, [json!({ "status": "resolved" })]);
    problem(act(&shop.owner, &conversation, "resolve").await, 409);
    assert_eq!(act(&shop.owner, &conversation, "reopen").await.expect(200)["status"], "Open");
    assert_eq!(hub.event("Status").await, [json!({ "status": "open" })]);
    problem(act(&shop.owner, &conversation, "reopen").await, 409);
}

#[tokio::test]
async fn the_next_message_after_a_resolve_opens_a_new_session_of_the_same_conversation() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let assign = json!({ "userId": history_sender(&app, &shop, &conversation).await });
    shop.owner.post(&format!("{CONVERSATIONS}/{conversation}/assign"), &assign).await.expect(200);
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    let again = visitor.writes("Me again").await.expect(200);
    assert_eq!(again["conversationId"], conversation.as_str());
    let found = shop.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    assert_eq!(found["status"], "Open");
    assert_eq!(
        (&found["assignedUserId"], &found["isAgentPaused"]),
        (&Value::Null, &json!(false)),
        "a fresh session"
    );
    assert_eq!(texts(items(&found["messages"])), ["Hello", "Hi", "Me again"]);
    assert_eq!(shop.owner.get(CONVERSATIONS).await.expect(200)["totalCount"], 1);
}

/// Who signs replies as the owner.
async fn history_sender(app: &TestApp, shop: &testkit::Shop, conversation: &str) -> Value {
    let _ = app;
    shop.owner.replies(conversation, "Hi").await.expect(200)["sentByUserId"].clone()
}

#[tokio::test]
async fn a_visitor_who_writes_into_a_resolved_conversation_is_shown_an_open_one() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (visitor, conversation) = writer(&app, &shop).await;
    let (hub, _) = visitor.joins_own(None).await;
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    assert_eq!(hub.event("Status").await, [json!({ "status": "resolved" })]);
    visitor.writes("Me again").await.expect(200);
    until(&hub, "Message", "Me again").await;
    assert_eq!(hub.event("Status").await, [json!({ "status": "open" })]);
}

#[tokio::test]
async fn a_conversation_is_assigned_and_given_back() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let (_, conversation) = writer(&app, &shop).await;
    let colleague = app.agent(&shop, "agent").await;
    let id = colleague.replies(&conversation, "Hi").await.expect(200)["sentByUserId"].clone();
    act(&shop.owner, &conversation, "resume-agent").await.expect(200);
    let path = format!("{CONVERSATIONS}/{conversation}/assign");
    let assigned = shop.owner.post(&path, &json!({ "userId": id })).await.expect(200);
    assert_eq!((&assigned["assignedUserId"], &assigned["isAgentPaused"]), (&id, &json!(true)));
    problem(shop.owner.post(&path, &json!({ "userId": NOBODY })).await, 404);
    problem(shop.owner.post(&path, &json!({ "userId": "abc" })).await, 400);
    let free = shop.owner.post_empty(&path).await.expect(200);
    assert_eq!(free["assignedUserId"], Value::Null);
    act(&shop.owner, &conversation, "resolve").await.expect(200);
    problem(shop.owner.post(&path, &json!({ "userId": id })).await, 409);
}

#[tokio::test]
async fn a_name_is_kept_the_first_time_it_is_given() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let name = async |given: Value| {
        let body = json!({ "sessionId": visitor.session_id, "text": "Hello", "contactDisplayName": given });
        visitor.posts("messages", body).await.expect(200);
        shop.owner.get(CONVERSATIONS).await.expect(200)["items"][0]["contactDisplayName"].clone()
    };
    assert_eq!(name(Value::Null).await, Value::Null);
    assert_eq!(name(json!("   ")).await, Value::Null);
    assert_eq!(name(json!(" Ahmed ")).await, "Ahmed");
    assert_eq!(name(json!("Mallory")).await, "Ahmed");
    patch(&shop, json!({ "displayName": "Renamed" })).await;
    assert_eq!(name(Value::Null).await, "Ahmed");
}
