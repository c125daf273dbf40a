//! E: whoever means ill, or is broken, is answered by the contract's error, and nothing is stored.

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp, answer, hub::Reconnect};

use crate::support::{
    CHANNELS, CONVERSATIONS, KNOWLEDGE, items, messages, problem, quiet_shop, text, texts, unlimited, until,
    writer,
};

/// Sends bytes as they are.
async fn raw(
    client: &Client,
    method: Method,
    path: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let body: Vec<u8> = body.into();
    answer(client.request(method, path).header("Content-Type", content_type).body(body)).await
}

/// Bodies that are no JSON of the kind that is asked for.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!("{{\"text\":{value},\"sessionId\":{value}}}")
    };
    vec![
        ("nothing", Vec::new()),
        ("half", b"{\"sessionId\":\"s\",\"text\":\"x\"".to_vec()),
        ("no JSON", b"sessionId=s&text=x".to_vec()),
        ("two values", b"{\"sessionId\":\"s\",\"text\":\"x\"}{}".to_vec()),
        ("a list", b"[\"s\",5]".to_vec()),
        ("a number", b"5".to_vec()),
        ("null", b"null".to_vec()),
        ("a lone high surrogate", br#"{"text":"a\ud800","sessionId":"a\ud800"}"#.to_vec()),
        ("a lone low surrogate", br#"{"text":"\udc00b","sessionId":"\udc00b"}"#.to_vec()),
        ("no UTF-8", b"{\"text\":\"\xff\xfe\",\"sessionId\":\"\xff\xfe\"}".to_vec()),
        ("a raw control character", b"{\"text\":\"a\x01b\",\"sessionId\":\"a\x01b\"}".to_vec()),
        ("deep nesting", nested(200).into_bytes()),
        ("very deep nesting", nested(20_000).into_bytes()),
        ("a field twice", br#"{"sessionId":"s","sessionId":"t","text":"x","text":"y"}"#.to_vec()),
        ("trailing comma", br#"{"sessionId":"s","text":"x",}"#.to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"sessionId\":\"s\",\"text\":\"x\"}".to_vec()),
        ("NaN", br#"{"sessionId":"s","text":NaN}"#.to_vec()),
    ]
}

#[tokio::test]
async fn broken_bodies_are_400_at_every_endpoint() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let (_, conversation) = writer(&app, &shop).await;
    let widget = format!("/api/v1/widget/chat/{}", shop.channel_token);
    let paths = [
        (Method::POST, "/api/v1/auth/login".to_owned()),
        (Method::POST, "/api/v1/auth/refresh".to_owned()),
        (Method::POST, "/api/v1/auth/logout".to_owned()),
        (Method::POST, format!("{widget}/messages")),
        (Method::POST, format!("{widget}/sync")),
        (Method::POST, format!("{widget}/earlier")),
        (Method::POST, format!("{CHANNELS}/website")),
        (Method::PATCH, format!("{CHANNELS}/{}", shop.channel_id)),
        (Method::POST, format!("{CONVERSATIONS}/{conversation}/messages")),
        (Method::POST, KNOWLEDGE.to_owned()),
        (Method::PUT, "/api/v1/store/ai-providers/openai/key".to_owned()),
    ];
    for (method, path) in paths {
        for (name, body) in broken() {
            // Where all fields are optional, an object of unknown ones asks for nothing.
            let object = !matches!(name, "half" | "no JSON" | "two values" | "a list" | "a number" | "NaN");
            if method == Method::PATCH && object {
                continue;
            }
            let refused = raw(&shop.owner, method.clone(), &path, "application/json", body).await;
            assert_eq!(refused.status, 400, "{name} at {method} {path}: {}", refused.text);
            problem(refused, 400);
        }
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]
        {
            let refused = raw(&shop.owner, method.clone(), &path, content_type, "{}").await;
            assert_eq!(refused.status, 415, "{content_type} at {method} {path}: {}", refused.text);
            problem(refused, 415);
        }
    }
    assert_eq!(messages(&shop.owner).await.len(), 1);
    let channels = shop.owner.get(CHANNELS).await.expect(200);
    assert_eq!((items(&channels).len(), &channels[0]["displayName"]), (1, &json!("Support Chat")));
    assert_eq!(shop.owner.get(KNOWLEDGE).await.expect(200), json!([]));
}

#[tokio::test]
async fn a_visitors_bad_fields_are_named_and_nothing_is_stored() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let message = |name: &str, value: Value| {
        let mut body = json!({ "sessionId": "s", "text": "Hello" });
        body[name] = value;
        body
    };
    let named = [
        message("sessionId", json!("")),
        message("sessionId", json!("  ")),
        message("sessionId", json!("x".repeat(201))),
        message("sessionId", json!("a\u{0}b")),
        message("sessionId", json!("a\nb")),
        message("text", json!("")),
        message("text", json!("\t \u{2003}")),
        message("text", json!("x".repeat(10_001))),
        message("text", json!("é".repeat(10_001))),
        message("text", json!("a\u{0}b")),
        message("contactDisplayName", json!("x".repeat(101))),
        message("contactDisplayName", json!("a\u{0}b")),
        message("contactDisplayName", json!("a\u{7}b")),
        message("clientMessageId", json!("")),
        message("clientMessageId", json!("x".repeat(65))),
        message("clientMessageId", json!("a\u{0}b")),
    ];
    for body in named {
        let shown = body.to_string().chars().take(100).collect::<String>();
        let refused = visitor.posts("messages", body).await;
        assert_eq!(refused.status, 400, "{shown}: {}", refused.text);
        let document = problem(refused, 400);
        let field = text(&document["field"]);
        assert!(text(&document["detail"]).starts_with(field), "{document}");
    }
    for body in [
        message("sessionId", Value::Null),
        message("sessionId", json!(5)),
        message("text", Value::Null),
        message("text", json!({ "a": 1 })),
        message("contactDisplayName", json!(["Ahmed"])),
        message("clientMessageId", json!(1e300)),
        message("afterMessageId", json!("abc")),
        message("afterMessageId", json!(1)),
        json!({ "text": "Hello" }),
        json!({ "sessionId": "s" }),
        json!({ "session_id": "s", "Text": "Hello" }),
    ] {
        problem(visitor.posts("messages", body).await, 400);
    }
    for body in [
        json!({}),
        json!({ "sessionId": "s", "lastSeq": "1" }),
        json!({ "sessionId": "s", "lastSeq": 1.5 }),
        json!({ "sessionId": "s", "lastSeq": u64::MAX }),
        json!({ "sessionId": "s", "lastSeq": 1e300 }),
        json!({ "sessionId": "a\u{0}" }),
    ] {
        problem(visitor.posts("sync", body).await, 400);
    }
    for body in [
        json!({ "sessionId": "s" }),
        json!({ "sessionId": "s", "beforeSeq": null }),
        json!({ "sessionId": "s", "beforeSeq": "9" }),
    ] {
        problem(visitor.posts("earlier", body).await, 400);
    }
    assert_eq!(messages(&shop.owner).await.len(), 0);
    // What the client says about itself is not believed.
    let boasting = json!({
        "sessionId": "s", "text": "Hello", "senderType": "agent", "sender_type": "agent", "isAiGenerated": true,
        "direction": "Outbound", "storeId": "x", "createdAt": "1999-01-01T00:00:00Z", "seq": 99
    });
    let stored = visitor.posts("messages", boasting).await.expect(200);
    assert_eq!(
        (&stored["messages"][0]["direction"], &stored["messages"][0]["isAiGenerated"]),
        (&json!("Inbound"), &json!(false))
    );
    assert!(!text(&stored["messages"][0]["createdAt"]).starts_with("1999"));
}

#[tokio::test]
async fn bodies_that_are_too_large_are_413() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    // Just above the limit: a client that is still writing when the refusal comes may never read it.
    let large = json!({ "sessionId": "s", "text": "x".repeat(128 * 1024) });
    problem(visitor.posts("messages", large.clone()).await, 413);
    problem(visitor.posts("sync", large.clone()).await, 413);
    problem(app.anonymous().post("/api/v1/auth/login", &large).await, 413);
    let (_, conversation) = writer(&app, &shop).await;
    let path = format!("{CONVERSATIONS}/{conversation}/messages");
    problem(shop.owner.post(&path, &json!({ "text": "x".repeat(512 * 1024) })).await, 413);
    for path in ["assign", "resolve"] {
        let path = format!("{CONVERSATIONS}/{conversation}/{path}");
        let answer = shop.owner.post(&path, &json!({ "userId": "x".repeat(512 * 1024) })).await;
        assert!(matches!(answer.status, 200 | 413), "{path}: {}", answer.status);
    }
    assert_eq!(messages(&shop.owner).await.len(), 1);
}

#[tokio::test]
async fn strange_texts_are_kept_to_the_letter() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    let longest = "🦀".repeat(10_000);
    let strange = [
        "<script>alert(1)</script>",
        "'; drop table messages; --",
        "\"' OR NEAR(*:)",
        "%_!\\",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "مرحبا بالعالم",
        "\u{202e}sdrawkcab\u{202c}",
        "a\u{301}\u{301}\u{301}",
        "line\nbreak\r\nand\ttab",
        "\u{feff}bom",
        "a\u{1b}[31mred",
        "\u{fffe}\u{ffff}\u{10ffff}",
        "{\"json\":true}",
        "\u{1e}",
        "null",
        "\\u0000",
        "${jndi:ldap://x}",
        "\u{7f}\u{80}",
    ];
    for words in strange {
        let stored = visitor.writes(words).await.expect(200);
        let last = items(&stored["messages"]).last().expect("it is stored").clone();
        assert_eq!(last["contentText"], words, "by REST");
        assert_eq!(hub.event("MessageReceived").await, [last]);
        visitor.says(&hub, words).await.expect("it is stored");
        assert_eq!(hub.event("MessageReceived").await[0]["contentText"], words, "by hub");
    }
    let stored = visitor.writes(&longest).await.expect(200);
    assert_eq!(items(&stored["messages"]).last().expect("it is stored")["contentText"], longest);
    assert_eq!(until(&hub, "MessageReceived", &longest).await.len(), 1);
    let by_staff = messages(&shop.owner).await;
    let kept: Vec<&str> =
        strange.iter().flat_map(|words| [*words, *words]).chain([longest.as_str()]).collect();
    assert_eq!(texts(&by_staff), kept);
}

#[tokio::test]
async fn what_fits_no_hub_message_ends_the_connection_and_goes_over_rest() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    for character in ["x", "é", "語"] {
        let longest = character.repeat(10_000);
        assert_eq!(visitor.says(&hub, &longest).await, Ok(Value::Null), "{character}");
        assert_eq!(hub.event("MessageReceived").await[0]["contentText"], longest);
    }
    // 40,000 bytes.
    let longest = "🦀".repeat(10_000);
    assert_eq!(visitor.says(&hub, &longest).await, Err("closed".into()));
    let closed = hub.closed().await;
    assert_eq!(closed.error.as_deref(), Some("Connection closed with an error."));
    assert_eq!(closed.reconnect, Reconnect::Wanted);
    assert_eq!(messages(&shop.owner).await.len(), 3);
    let stored = visitor.writes(&longest).await.expect(200);
    assert_eq!(stored["messages"][3]["contentText"], longest);
}

/// A hub connection over long polling, for bytes that no client library would send.
struct Polling {
    client: Client,
    path: String,
}

impl Polling {
    async fn open(app: &TestApp) -> Polling {
        let client = app.anonymous();
        let made = client.post_empty("/hubs/widget-chat/negotiate?negotiateVersion=1").await.expect(200);
        let polling =
            Polling { client, path: format!("/hubs/widget-chat?id={}", text(&made["connectionToken"])) };
        assert_eq!(polling.poll().await.status, 200);
        polling.send("{\"protocol\":\"json\",\"version\":1}\u{1e}").await;
        assert_eq!(polling.poll().await.text, "{}\u{1e}");
        polling
    }

    async fn poll(&self) -> Answer {
        self.client.get(&self.path).await
    }

    async fn send(&self, bytes: impl Into<Vec<u8>>) {
        assert_eq!(raw(&self.client, Method::POST, &self.path, "text/plain", bytes).await.status, 200);
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_store_nothing_and_hurt_only_their_own_connection() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let visitor = app.visitor(&shop);
    let bystander = visitor.joins().await;
    let call = |text: &str| {
        format!(
            "{{\"type\":1,\"invocationId\":\"1\",\"target\":\"SendMessage\",\"arguments\":[\"{}\",\"{}\",{text},null]}}\u{1e}",
            visitor.channel_token, visitor.session_id
        )
    };
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let mut hostile: Vec<Vec<u8>> =
        [r#""a\ud800""#, r#""\udc00b""#, &nested, "NaN", "1e999", "\"a\u{1}b\"", ""]
            .map(|text| call(text).into_bytes())
            .into();
    hostile.push([b"{\"type\":1,\"target\":\"\xff\"}".as_slice(), b"\x1e"].concat());
    hostile.push("null\u{1e}".into());
    hostile.push("{\"type\":\"1\"}\u{1e}".into());
    hostile.push(format!("{}\u{1e}", "x".repeat(40_000)).into_bytes());
    for bytes in hostile {
        let polling = Polling::open(&app).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).into_owned();
        polling.send(bytes).await;
        let told = polling.poll().await;
        let refused =
            told.text.contains("\"error\":\"Failed to invoke 'SendMessage' due to an error on the server.\"")
                || told.text.contains(
                    "{\"type\":7,\"error\":\"Connection closed with an error.\",\"allowReconnect\":true}",
                );
        assert!(refused, "{shown}: {}", told.text);
    }
    visitor.says(&bystander, "Still here").await.expect("it is stored");
    assert_eq!(texts(&until(&bystander, "MessageReceived", "Still here").await), ["Still here"]);
    assert_eq!(texts(&messages(&shop.owner).await), ["Still here"]);
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_problem_documents() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/store/social/channels/website/more",
        "/api/v1/widget/chat",
        "/api/v1/%ff",
        "/api/v1/auth",
    ] {
        problem(shop.owner.get(path).await, 404);
    }
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::DELETE, CONVERSATIONS, "GET,HEAD"),
        (Method::PUT, CHANNELS, "GET,HEAD"),
        (Method::POST, "/api/v1/store/usage", "GET,HEAD"),
    ] {
        let refused = answer(shop.owner.request(method.clone(), path)).await;
        assert_eq!(refused.header("allow"), allowed, "{method} {path}");
        problem(refused, 405);
    }
}

#[tokio::test]
async fn a_person_with_a_strange_address_is_nobody() {
    let app = unlimited().await;
    for email in ["", "\u{0}", "a\u{0}@b", "' or 1=1 --", "💥", &"x".repeat(10_000)] {
        let login = json!({ "email": email, "password": "correct horse battery" });
        problem(app.anonymous().post("/api/v1/auth/login", &login).await, 401);
    }
}
