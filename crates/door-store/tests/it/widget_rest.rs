//! W: visitors without a socket.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::{TestApp, answer};

use crate::support::{
    NOBODY, assert_id, assert_time, assert_widget_message, history, items, keys, messages, patch, problem,
    quiet_shop, text, texts, unlimited, writer,
};

#[tokio::test]
async fn a_visitor_writes_and_gets_the_whole_history() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let first = visitor.writes("  Hello, I have a question  ").await.expect(200);
    assert_eq!(keys(&first), ["conversationId", "messages"]);
    assert_id(&first["conversationId"]);
    let conversation = text(&first["conversationId"]).to_owned();
    shop.owner.replies(&conversation, "Ask!").await.expect(200);
    let second = visitor.writes("How long?").await.expect(200);
    assert_eq!(second["conversationId"], first["conversationId"]);
    let messages = items(&second["messages"]);
    assert_eq!(texts(messages), ["Hello, I have a question", "Ask!", "How long?"]);
    for message in messages {
        assert_widget_message(message);
        assert_eq!(message["isAiGenerated"], false);
    }
    let directions: Vec<&Value> = messages.iter().map(|message| &message["direction"]).collect();
    assert_eq!(directions, ["Inbound", "Outbound", "Inbound"]);
    assert_eq!(messages[0], first["messages"][0], "what was said stays as it was");
    // Somebody else sees nothing of it.
    let other = app.visitor(&shop).writes("Hi").await.expect(200);
    assert_ne!(other["conversationId"], first["conversationId"]);
    assert_eq!(texts(items(&other["messages"])), ["Hi"]);
}

#[tokio::test]
async fn an_answer_of_the_assistant_is_marked() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.writes("Hello").await.expect(200);
    hub.event("MessageReceived").await;
    hub.event("MessageReceived").await;
    let all = visitor.writes("Thanks").await.expect(200);
    assert_eq!(all["messages"][1]["isAiGenerated"], true, "{all}");
    assert_eq!(all["messages"][1]["direction"], "Outbound");
    assert_widget_message(&all["messages"][1]);
}

#[tokio::test]
async fn after_a_known_message_only_the_later_ones_come() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let one = visitor.writes("One").await.expect(200)["messages"][0]["id"].clone();
    visitor.writes("Two").await.expect(200);
    let after = async |id: &Value, words: &str| {
        let body = json!({ "sessionId": visitor.session_id, "text": words, "afterMessageId": id });
        visitor.posts("messages", body).await
    };
    let later = after(&one, "Three").await.expect(200);
    assert_eq!(texts(items(&later["messages"])), ["Two", "Three"]);
    // An id that is not of this conversation is refused before anything is stored.
    let (_, foreign) = writer(&app, &shop).await;
    let foreign = history(&shop.owner, &foreign).await[0]["id"].clone();
    problem(after(&json!(NOBODY), "Four").await, 404);
    problem(after(&foreign, "Four").await, 404);
    problem(after(&json!("abc"), "Four").await, 400);
    let fresh = app.visitor(&shop);
    let body = json!({ "sessionId": fresh.session_id, "text": "Four", "afterMessageId": one });
    problem(fresh.posts("messages", body).await, 404);
    assert_eq!(messages(&shop.owner).await.len(), 4);
}

#[tokio::test]
async fn the_same_client_id_again_stores_nothing() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let send = async |words: &str, id: &str| {
        let body = json!({ "sessionId": visitor.session_id, "text": words, "clientMessageId": id });
        visitor.posts("messages", body).await.expect(200)
    };
    let first = send("Hello", "c1").await;
    assert_eq!(send("Hello", "c1").await, first);
    assert_eq!(send("Something else", "c1").await, first, "the first result counts");
    assert_eq!(items(&send("Hello", "c2").await["messages"]).len(), 2);
    // The id is the visitor's own: somebody else's is another one.
    let other = app.visitor(&shop);
    let body = json!({ "sessionId": other.session_id, "text": "Hello", "clientMessageId": "c1" });
    assert_ne!(other.posts("messages", body).await.expect(200)["conversationId"], first["conversationId"]);
    assert_eq!(messages(&shop.owner).await.len(), 3);
}

#[tokio::test]
async fn twenty_at_once_with_the_same_client_id_are_one_message() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let body = json!({ "sessionId": visitor.session_id, "text": "Hello", "clientMessageId": "c1" });
    let by_rest = join_all((0..10).map(|_| visitor.posts("messages", body.clone())));
    let hubs = join_all((0..10).map(|_| app.widget_hub())).await;
    let by_hub = join_all(hubs.iter().map(|hub| {
        let arguments = [
            json!(visitor.channel_token),
            json!(visitor.session_id),
            json!("c1"),
            json!("Hello"),
            Value::Null,
        ];
        hub.invoke("Send", arguments)
    }));
    let (by_rest, by_hub) = tokio::join!(by_rest, by_hub);
    let mut ids: Vec<Value> =
        by_rest.into_iter().map(|answer| answer.expect(200)["messages"][0]["id"].clone()).collect();
    ids.extend(by_hub.into_iter().map(|sent| sent.expect("it is stored")["id"].clone()));
    assert!(ids.len() == 20 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(messages(&shop.owner).await.len(), 1);
    visitor.writes("Next").await.expect(200);
    assert_eq!(texts(&crate::support::until(&hub, "MessageReceived", "Next").await), ["Hello", "Next"]);
}

#[tokio::test]
async fn the_removed_poll_is_405_and_allows_post() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let path = format!("/api/v1/widget/chat/{}/messages", shop.channel_token);
    for query in ["", "?sessionId=abc", "?sessionId=abc&after=2026-06-09T10:05:00Z"] {
        let refused = app.anonymous().get(&format!("{path}{query}")).await;
        assert_eq!(refused.header("allow"), "POST");
        problem(refused, 405);
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let refused = answer(app.anonymous().request(method.clone(), &path)).await;
        assert_eq!(refused.status, 405, "{method}");
        problem(refused, 405);
    }
}

#[tokio::test]
async fn an_unknown_channel_is_404() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let upper = shop.channel_token.to_uppercase();
    for token in
        ["0", &"0".repeat(32), "%00", "a%00b", "%ff", "..", "%2e%2e", "' or 1=1", &upper, &"a".repeat(2000)]
    {
        let body = json!({ "sessionId": "abc", "text": "Hello" });
        for endpoint in ["messages", "sync", "earlier"] {
            let mut body = body.clone();
            body["beforeSeq"] = json!(5);
            let refused =
                app.anonymous().post(&format!("/api/v1/widget/chat/{token}/{endpoint}"), &body).await;
            assert_eq!(refused.status, 404, "{token} {endpoint}: {}", refused.text);
            problem(refused, 404);
        }
        problem(app.anonymous().get(&format!("/api/v1/widget/chat/{token}/config")).await, 404);
    }
    assert_eq!(messages(&shop.owner).await.len(), 0);
}

#[tokio::test]
async fn the_widget_learns_how_it_looks() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let path = format!("/api/v1/widget/chat/{}/config", shop.channel_token);
    let answer = app.anonymous().get(&path).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    let expected = json!({
        "displayName": "Support Chat", "primaryColor": "#1f6feb", "position": "bottom-right",
        "greeting": "Hi! How can we help?", "assistantName": "Assistant",
        "largestUpload": 10 << 20, "title": null, "logoUrl": null, "language": "auto", "translations": {},
        "hours": null, "replyTime": null, "preChat": { "enabled": false, "fields": [] }, "rating": { "enabled": true }
    });
    assert_eq!(answer.expect(200), expected);
    patch(&shop, json!({ "primaryColor": "#112233", "position": "bottom-left", "greeting": "<b>", "assistantName": "Ada" })).await;
    let changed = app.anonymous().get(&path).await.expect(200);
    assert_eq!((&changed["primaryColor"], &changed["position"]), (&json!("#112233"), &json!("bottom-left")));
    assert_eq!((&changed["greeting"], &changed["assistantName"]), (&json!("<b>"), &json!("Ada")));
}

#[tokio::test]
async fn a_message_of_our_own_widget_has_its_shape() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let body = json!({ "sessionId": visitor.session_id, "text": "Hello", "clientMessageId": "c1" });
    let conversation = text(&visitor.posts("messages", body).await.expect(200)["conversationId"]).to_owned();
    shop.owner.replies(&conversation, "Hi").await.expect(200);
    let synced = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    assert_eq!(keys(&synced), ["conversationId", "hasEarlier", "messages", "recovered", "status"]);
    let [asked, said] = items(&synced["messages"]) else { panic!("{synced}") };
    for (seq, message) in [(1, asked), (2, said)] {
        let properties = [
            "clientMessageId",
            "content",
            "contentType",
            "createdAt",
            "id",
            "readAt",
            "richMedia",
            "sender",
            "senderName",
            "seq",
            "sources",
        ];
        assert_eq!(keys(message), properties);
        assert_id(&message["id"]);
        assert_time(&message["createdAt"]);
        assert_eq!((&message["seq"], &message["contentType"]), (&json!(seq), &json!("text")));
        assert_eq!((&message["richMedia"], &message["sources"]), (&Value::Null, &json!([])));
    }
    assert_eq!((&asked["sender"], &asked["senderName"]), (&json!("visitor"), &Value::Null));
    assert_eq!((&said["sender"], &said["senderName"]), (&json!("agent"), &json!("A shop")));
    assert_eq!((&asked["clientMessageId"], &said["clientMessageId"]), (&json!("c1"), &Value::Null));
}

#[tokio::test]
async fn joining_or_reading_creates_nothing() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let nothing = json!({ "conversationId": null, "status": "open", "messages": [], "recovered": true, "hasEarlier": false });
    let session = json!(visitor.session_id);
    assert_eq!(visitor.posts("sync", json!({ "sessionId": session })).await.expect(200), nothing);
    assert_eq!(
        visitor.posts("sync", json!({ "sessionId": session, "lastSeq": 7 })).await.expect(200),
        nothing
    );
    let (hub, joined) = visitor.joins_own(None).await;
    assert_eq!(joined, nothing);
    let page = json!({ "messages": [], "hasEarlier": false });
    let body = json!({ "sessionId": session, "beforeSeq": 10 });
    assert_eq!(visitor.posts("earlier", body).await.expect(200), page);
    let token = json!(visitor.channel_token);
    let all = hub.invoke("GetMessages", [token, session]).await.expect("there is nothing to see");
    assert_eq!(all, json!([]));
    assert_eq!(shop.owner.get(crate::support::CONVERSATIONS).await.expect(200)["totalCount"], 0);
}

#[tokio::test]
async fn a_catch_up_is_complete_or_openly_refused() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    for n in 1..=502 {
        let arguments = json!([visitor.channel_token, visitor.session_id, n.to_string(), null]);
        hub.send(&json!({ "type": 1, "target": "SendMessage", "arguments": arguments }));
    }
    until_all(&hub, "502").await;
    let seqs = |synced: &Value| -> Vec<i64> {
        items(&synced["messages"]).iter().map(|message| message["seq"].as_i64().expect("a number")).collect()
    };
    for (last_seq, from, recovered) in [
        (json!(null), 453, true),
        (json!(2), 3, true),
        (json!(500), 501, true),
        (json!(502), 503, true),
        (json!(1), 453, false),
        (json!(0), 453, false),
        (json!(-5), 453, false),
        (json!(i64::MIN), 453, false),
        (json!(503), 453, false),
        (json!(i64::MAX), 453, false),
    ] {
        let body = json!({ "sessionId": visitor.session_id, "lastSeq": last_seq });
        let by_rest = visitor.posts("sync", body).await.expect(200);
        assert_eq!(seqs(&by_rest), (from..=502).collect::<Vec<i64>>(), "after {last_seq}");
        assert_eq!(by_rest["recovered"], recovered, "after {last_seq}");
        assert_eq!(by_rest["hasEarlier"], true, "after {last_seq}");
        let (_, by_hub) = visitor.joins_own(last_seq.as_i64()).await;
        assert_eq!(by_hub, by_rest, "both doors answer alike");
    }
    // Going back, page by page, until there is nothing before.
    let mut before = 453;
    let mut seen = Vec::new();
    loop {
        let page = visitor
            .posts("earlier", json!({ "sessionId": visitor.session_id, "beforeSeq": before }))
            .await
            .expect(200);
        let arguments = [json!(visitor.channel_token), json!(visitor.session_id), json!(before)];
        assert_eq!(hub.invoke("GetEarlier", arguments).await.expect("a page"), page);
        let found = seqs(&page);
        assert!(found.len() <= 50 && found.is_sorted(), "{found:?}");
        before = found[0];
        seen.splice(0..0, found);
        if page["hasEarlier"] == false {
            break;
        }
    }
    assert_eq!(seen, (1..453).collect::<Vec<i64>>());
    // The seed's own catch-up.
    let all = hub
        .invoke("GetMessages", [json!(visitor.channel_token), json!(visitor.session_id)])
        .await
        .expect("all");
    assert_eq!(items(&all).len(), 502);
    assert_widget_message(&all[0]);
    let middle = all[499]["id"].clone();
    let after = async |id: Value| {
        hub.invoke("GetMessages", [json!(visitor.channel_token), json!(visitor.session_id), id]).await
    };
    assert_eq!(texts(items(&after(middle.clone()).await.expect("the rest"))), ["501", "502"]);
    let refused = after(json!(NOBODY)).await.expect_err("it is of no conversation");
    assert!(refused.ends_with("HubException: Message not found."), "{refused}");
    let stranger = app.visitor(&shop);
    let foreign =
        hub.invoke("GetMessages", [json!(stranger.channel_token), json!(stranger.session_id), middle]).await;
    foreign.expect_err("it is of another conversation");
}

async fn until_all(hub: &testkit::hub::HubClient, last: &str) {
    let heard = crate::support::until(hub, "MessageReceived", last).await;
    let numbers: Vec<String> = (1..=heard.len()).map(|n| n.to_string()).collect();
    assert_eq!(texts(&heard), numbers);
}

#[tokio::test]
async fn a_visitor_sends_a_file_that_was_sent_up_before() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let uploaded = |visitor: &testkit::Visitor| {
        let form = reqwest::multipart::Form::new()
            .text("channel_token", visitor.channel_token.clone())
            .text("external_id", visitor.session_id.clone())
            .part("file", reqwest::multipart::Part::bytes(b"words".to_vec()).file_name("order.txt"));
        testkit::answer(app.anonymous().request(http::Method::POST, "/chat-widget/uploads").multipart(form))
    };
    let body = |id: &Value| {
        json!({ "sessionId": visitor.session_id, "text": "", "contentType": "file", "clientMessageId": "f",
                "richMedia": { "upload_id": id } })
    };
    let sent = uploaded(&visitor).await.expect(201);
    for _ in 0..2 {
        visitor.posts("messages", body(&sent["id"])).await.expect(200);
    }
    let view = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    let [message] = items(&view["messages"]) else { panic!("{view}") };
    assert_eq!((&message["contentType"], &message["content"]), (&json!("file"), &json!("")));
    assert_eq!(message["richMedia"]["filename"], "order.txt");
    let conversation = text(&view["conversationId"]);
    let read =
        shop.owner.get(&format!("/api/v1/store/social/conversations/{conversation}")).await.expect(200);
    let plain = text(&read["messages"][0]["contentText"]);
    assert!(plain.starts_with("order.txt\nhttp"), "{plain}");

    let other = app.visitor(&shop);
    let foreign = uploaded(&other).await.expect(201);
    let mut stolen = body(&foreign["id"]);
    stolen["clientMessageId"] = json!("g");
    assert_eq!(problem(visitor.posts("messages", stolen.clone()).await, 404)["detail"], "Upload not found.");
    stolen["contentType"] = json!("html");
    problem(visitor.posts("messages", stolen).await, 400);
}
