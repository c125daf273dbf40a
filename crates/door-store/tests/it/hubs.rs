//! H: the hubs, as their contract spells them. What the crate `signalr` holds is tested there.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{TestApp, hub::HubClient};

use crate::support::{
    assert_id, assert_time, assert_widget_message, keys, messages, quiet_shop, text, texts, unlimited, until,
};

const REFUSED: &str = "An unexpected error occurred invoking";

#[tokio::test]
async fn a_visitor_joins_and_hears_five_properties() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = app.widget_hub().await;
    let arguments = [json!(visitor.channel_token), json!(visitor.session_id)];
    assert_eq!(hub.invoke("JoinSession", arguments).await, Ok(Value::Null));
    assert_eq!(visitor.says(&hub, "  Hello! ").await, Ok(Value::Null));
    let heard = hub.event("MessageReceived").await;
    let [message] = heard.as_slice() else { panic!("{heard:?}") };
    assert_widget_message(message);
    assert_eq!((&message["direction"], &message["contentText"]), (&json!("Inbound"), &json!("Hello!")));
    assert_eq!(message["isAiGenerated"], false);
    // It is stored as it was heard.
    let stored = visitor.writes("Next").await.expect(200);
    assert_eq!(stored["messages"][0], *message);
}

#[tokio::test]
async fn staff_join_their_store_and_hear_seven_properties() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let staff = shop.owner.hub().await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let arguments =
        [json!(visitor.channel_token), json!(visitor.session_id), json!("I have a question"), json!("Ahmed")];
    hub.invoke("SendMessage", arguments).await.expect("it is stored");
    let heard = staff.event("NewCustomerMessage").await;
    let [notification] = heard.as_slice() else { panic!("{heard:?}") };
    let properties = [
        "channelId",
        "contactDisplayName",
        "contentText",
        "conversationId",
        "createdAt",
        "externalContactId",
        "messageId",
    ];
    assert_eq!(keys(notification), properties);
    assert_id(&notification["conversationId"]);
    assert_time(&notification["createdAt"]);
    let message = hub.event("MessageReceived").await.swap_remove(0);
    assert_eq!(notification["messageId"], message["id"]);
    assert_eq!(notification["createdAt"], message["createdAt"]);
    assert_eq!(notification["contentText"], "I have a question");
    assert_eq!(notification["contactDisplayName"], "Ahmed");
    assert_eq!(notification["externalContactId"], visitor.session_id);
    assert_eq!(notification["channelId"], shop.channel_id);
    let nameless = app.visitor(&shop);
    nameless.writes("Me too").await.expect(200);
    assert_eq!(staff.event("NewCustomerMessage").await[0]["contactDisplayName"], Value::Null);
}

#[tokio::test]
async fn unknown_channels_are_refused_by_every_method() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let hub = app.widget_hub().await;
    for token in [
        json!("0".repeat(32)),
        json!(""),
        json!("\u{0}"),
        json!("' or 1=1 --"),
        json!("💥"),
        json!("x".repeat(5000)),
    ] {
        let calls = [
            ("JoinSession", vec![token.clone(), json!("s")]),
            ("SendMessage", vec![token.clone(), json!("s"), json!("Hello"), Value::Null]),
            ("Join", vec![token.clone(), json!("s"), Value::Null]),
            ("Send", vec![token.clone(), json!("s"), json!("c"), json!("Hello"), Value::Null]),
            ("GetMessages", vec![token.clone(), json!("s")]),
            ("GetEarlier", vec![token.clone(), json!("s"), json!(1)]),
            ("MarkRead", vec![token.clone(), json!("s"), json!([shop.channel_id])]),
            ("Rate", vec![token.clone(), json!("s"), json!(5)]),
            ("SeePage", vec![token.clone(), json!("s"), json!("https://shop.example/")]),
            ("Introduce", vec![token.clone(), json!("s"), json!({ "name": "Ada" })]),
        ];
        for (method, arguments) in calls {
            let refused = hub.invoke(method, arguments).await.expect_err(method);
            assert_eq!(
                refused,
                format!("{REFUSED} '{method}' on the server. HubException: Channel not found.")
            );
        }
    }
    assert_eq!(messages(&shop.owner).await.len(), 0);
}

#[tokio::test]
async fn the_staffs_hub_wants_a_token_by_header_or_query() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let path = "/hubs/store-conversations";
    let refused = HubClient::connect(&app.url(), path, None).await.map(|_| ()).expect_err("nobody is known");
    assert!(refused.starts_with("401"), "{refused}");
    let by_query = format!("{path}/negotiate?negotiateVersion=1&ACCESS_TOKEN={}", shop.owner.token);
    app.anonymous().post_empty(&by_query).await.expect(200);
    // The header wins.
    let wrong = app.anonymous().bearer("wrong").post_empty(&by_query).await;
    assert_eq!(wrong.status, 401);
    for (method, path) in [("GET", path), ("POST", path), ("DELETE", path)] {
        let request = app.anonymous().request(method.parse().expect("a method"), &format!("{path}?id=x"));
        assert_eq!(testkit::answer(request).await.status, 401, "{method}");
    }
}

#[tokio::test]
async fn a_token_without_a_fitting_store_joins_nothing() {
    let app = TestApp::start().await;
    let (shop, other) = (quiet_shop(&app).await, quiet_shop(&app).await);
    for store in ["", "abc", &other.account_id.to_string()] {
        let token = crate::auth::with_store(&app, &shop.owner.token, store);
        let hub = HubClient::connect(&app.url(), "/hubs/store-conversations", Some(&token))
            .await
            .expect("it is signed");
        let refused = hub.invoke("JoinStore", []).await.expect_err("there is no such store for it");
        assert!(
            refused.ends_with("HubException: The token does not hold a valid store_id claim."),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn what_is_no_text_or_has_the_wrong_shape_is_not_stored() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let (token, session) = (json!(visitor.channel_token), json!(visitor.session_id));
    let send = |text: Value, name: Value| vec![token.clone(), session.clone(), text, name];
    let exception = [
        send(json!(""), Value::Null),
        send(json!(" \u{a0}\n"), Value::Null),
        send(json!("a\u{0}b"), Value::Null),
        send(json!("x".repeat(10_001)), Value::Null),
        send(json!("Hello"), json!("x".repeat(101))),
        send(json!("Hello"), json!("a\u{0}b")),
        vec![token.clone(), json!(""), json!("Hello"), Value::Null],
        vec![token.clone(), json!("x".repeat(201)), json!("Hello"), Value::Null],
        vec![token.clone(), json!("a\u{0}b"), json!("Hello"), Value::Null],
        vec![token.clone(), session.clone(), json!("Hello"), Value::Null, json!("")],
        vec![token.clone(), session.clone(), json!("Hello"), Value::Null, json!("x".repeat(65))],
        vec![token.clone(), session.clone(), json!("Hello"), Value::Null, json!("a\u{0}b")],
    ];
    for arguments in exception {
        let shown = json!(arguments).to_string().chars().take(120).collect::<String>();
        let refused = hub.invoke("SendMessage", arguments).await.expect_err(&shown);
        let told = refused.strip_prefix(
            "An unexpected error occurred invoking 'SendMessage' on the server. HubException: ",
        );
        let named = ["text ", "sessionId ", "contactDisplayName ", "clientMessageId "];
        assert!(
            told.is_some_and(|told| named.iter().any(|name| told.starts_with(name))),
            "{shown}: {refused}"
        );
    }
    let unbound = [
        vec![],
        vec![token.clone(), session.clone(), json!("Hello")],
        vec![
            token.clone(),
            session.clone(),
            json!("Hello"),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
        ],
        vec![token.clone(), session.clone(), json!("Hello"), Value::Null, Value::Null, json!(7)],
        vec![json!(1), session.clone(), json!("Hello"), Value::Null],
        vec![token.clone(), session.clone(), json!(["Hello"]), Value::Null],
        vec![token.clone(), session.clone(), json!({ "text": "Hello" }), Value::Null],
        vec![token.clone(), session.clone(), Value::Null, Value::Null],
        vec![token.clone(), session.clone(), json!("Hello"), json!(7)],
    ];
    for arguments in unbound {
        let refused = hub.invoke("SendMessage", arguments.clone()).await.expect_err("it does not fit");
        assert_eq!(refused, "Failed to invoke 'SendMessage' due to an error on the server.", "{arguments:?}");
    }
    for (method, arguments) in [
        ("GetMessages", vec![token.clone(), session.clone(), json!("abc")]),
        ("GetEarlier", vec![token.clone(), session.clone(), json!("abc")]),
        ("GetEarlier", vec![token.clone(), session.clone(), json!(1.5)]),
        ("GetEarlier", vec![token.clone(), session.clone(), json!(u64::MAX)]),
        ("MarkRead", vec![token.clone(), session.clone(), json!(["abc"])]),
        ("MarkRead", vec![token.clone(), session.clone(), json!(shop.channel_id)]),
        ("Join", vec![token.clone(), session.clone(), json!("1")]),
        ("Send", vec![token.clone(), session.clone(), Value::Null, json!("Hello"), Value::Null]),
    ] {
        let refused = hub.invoke(method, arguments).await.expect_err(method);
        assert_eq!(refused, format!("Failed to invoke '{method}' due to an error on the server."));
    }
    let nope = hub.invoke("Nope", []).await.expect_err("there is no such method");
    assert_eq!(
        nope,
        "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."
    );
    assert_eq!(messages(&shop.owner).await.len(), 0);
    // The connection lives on, and nothing was heard.
    visitor.says(&hub, "Hello").await.expect("it is stored");
    assert_eq!(texts(&until(&hub, "MessageReceived", "Hello").await), ["Hello"]);
}

#[tokio::test]
async fn two_hundred_pipelined_messages_of_a_connection_keep_their_order() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let (here, there) = (visitor.joins().await, visitor.joins().await);
    let staff = shop.owner.hub().await;
    for n in 0..200 {
        let arguments = json!([visitor.channel_token, visitor.session_id, format!("{n}"), null]);
        here.send(&json!({ "type": 1, "target": "SendMessage", "arguments": arguments }));
    }
    let numbers: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let heard = until(&here, "MessageReceived", "199").await;
    assert_eq!(texts(&heard), numbers);
    assert_eq!(
        until(&there, "MessageReceived", "199").await,
        heard,
        "both connections of the session hear the same"
    );
    assert_eq!(texts(&until(&staff, "NewCustomerMessage", "199").await), numbers);
    let synced =
        visitor.posts("sync", json!({ "sessionId": visitor.session_id, "lastSeq": 0 })).await.expect(200);
    assert_eq!(texts(crate::support::items(&synced["messages"])), numbers);
}

#[tokio::test]
async fn visitors_who_write_at_once_are_each_heard_in_order_without_gaps() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let (own, _) = visitor.joins_own(None).await;
    let hubs = join_all((0..8).map(|_| app.widget_hub())).await;
    join_all(hubs.iter().enumerate().map(|(writer, hub)| {
        let visitor = visitor.clone();
        async move {
            for n in 0..10 {
                visitor.says(hub, &format!("{writer}:{n}")).await.expect("it is stored");
            }
        }
    }))
    .await;
    let mut heard = Vec::new();
    for seq in 1..=80 {
        let message = own.event("Message").await.swap_remove(0);
        assert_eq!(message["seq"], seq, "the events come in the one order there is");
        heard.push(text(&message["content"]).to_owned());
    }
    for writer in 0..8 {
        let of_writer: Vec<&String> =
            heard.iter().filter(|text| text.starts_with(&format!("{writer}:"))).collect();
        assert_eq!(
            of_writer,
            (0..10).map(|n| format!("{writer}:{n}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn the_same_session_id_in_two_stores_is_two_visitors() {
    let app = TestApp::start().await;
    let (one, other) = (quiet_shop(&app).await, quiet_shop(&app).await);
    let here = app.visitor(&one);
    let mut there = app.visitor(&other);
    there.session_id.clone_from(&here.session_id);
    let (hub_here, hub_there) = (here.joins().await, there.joins().await);
    let ((own_here, _), (own_there, _)) = (here.joins_own(None).await, there.joins_own(None).await);
    let (staff_here, staff_there) = (one.owner.hub().await, other.owner.hub().await);
    here.says(&hub_here, "For the one").await.expect("it is stored");
    there.says(&hub_there, "For the other").await.expect("it is stored");
    assert_eq!(texts(&until(&hub_here, "MessageReceived", "For the one").await), ["For the one"]);
    assert_eq!(texts(&until(&hub_there, "MessageReceived", "For the other").await), ["For the other"]);
    assert_eq!(texts(&until(&own_here, "Message", "For the one").await), ["For the one"]);
    assert_eq!(texts(&until(&own_there, "Message", "For the other").await), ["For the other"]);
    assert_eq!(texts(&until(&staff_here, "NewCustomerMessage", "For the one").await), ["For the one"]);
    assert_eq!(texts(&until(&staff_there, "NewCustomerMessage", "For the other").await), ["For the other"]);
    // The first ones hear nothing of what came later, either.
    here.says(&hub_here, "Last").await.expect("it is stored");
    for hub in [&hub_here, &own_here, &staff_here] {
        let event = ["MessageReceived", "Message", "NewCustomerMessage"];
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last: &String| last != "Last") {
            let name = if std::ptr::eq(hub, &hub_here) {
                event[0]
            } else if std::ptr::eq(hub, &own_here) {
                event[1]
            } else {
                event[2]
            };
            let payload = hub.event(name).await.swap_remove(0);
            heard.push(texts(&[payload])[0].to_owned());
        }
        assert_eq!(heard, ["Last"]);
    }
}

#[tokio::test]
async fn session_ids_are_bearer_secrets_of_any_printable_shape() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    for session in ["a", "0190-visitor", "مرحبا", "🦀🦀", "a:b:c", "' or 1=1 --", "a b", &"é".repeat(200)]
    {
        let mut visitor = app.visitor(&shop);
        visitor.session_id = session.to_owned();
        let hub = visitor.joins().await;
        visitor.says(&hub, "Hello").await.expect("it is stored");
        assert_eq!(hub.event("MessageReceived").await[0]["contentText"], "Hello", "{session}");
        let written = visitor.writes("Again").await.expect(200);
        assert_eq!(texts(crate::support::items(&written["messages"])), ["Hello", "Again"], "{session}");
    }
}

#[tokio::test]
async fn the_same_client_id_again_is_answered_by_the_first_result() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    let send = async |id: &str, words: &str| {
        let arguments = [
            json!(visitor.channel_token),
            json!(visitor.session_id),
            json!(id),
            json!(words),
            json!("Ahmed"),
        ];
        hub.invoke("Send", arguments).await.expect("it is stored")
    };
    let first = send("c1", "Hello").await;
    assert_eq!((&first["seq"], &first["clientMessageId"]), (&json!(1), &json!("c1")));
    assert_eq!(
        hub.event("Message").await,
        std::slice::from_ref(&first),
        "the event is the message as it was answered"
    );
    assert_eq!(send("c1", "Hello").await, first);
    // The contract's method takes the id as a fifth argument; it is the same id.
    let fifth =
        [json!(visitor.channel_token), json!(visitor.session_id), json!("Hello"), Value::Null, json!("c1")];
    assert_eq!(hub.invoke("SendMessage", fifth).await, Ok(Value::Null));
    assert_eq!(send("c2", "Next").await["seq"], 2);
    assert_eq!(texts(&until(&hub, "Message", "Next").await), ["Next"]);
    assert_eq!(messages(&shop.owner).await.len(), 2);
}
