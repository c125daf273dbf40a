//! What clients of the real providers rely on, seen from the wire.

use fake_models::{FakeModels, Garbage, Gate, Reply, RetryAfter, Script, Step, Stop, Usage, tokens};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

fn anthropic(fake: &FakeModels, body: &Value) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}/v1/messages", fake.anthropic_url()))
        .header("x-api-key", "k")
        .header("anthropic-version", "2023-06-01")
        .json(body)
}

fn openai(fake: &FakeModels, body: &Value) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}/chat/completions", fake.openai_url()))
        .header("authorization", "Bearer k")
        .json(body)
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The events of a stream: their names and their data, which is JSON or `[DONE]`.
async fn events(request: RequestBuilder) -> Vec<(Option<String>, Value)> {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = response.text().await.unwrap();
    text.split_terminator("\n\n")
        .map(|event| {
            let field =
                |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let data = field("data: ").expect("every event has data");
            (field("event: "), serde_json::from_str(&data).unwrap_or(Value::String(data)))
        })
        .collect()
}

fn hello() -> Value {
    json!({"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello there"}]})
}

#[tokio::test]
async fn a_message_has_the_full_shape() {
    let fake = FakeModels::start().await;
    fake.script(Script::new().then(Step::from(Reply::Echo).cached(20, 300)));
    let (status, mut message) = answer(anthropic(&fake, &hello())).await;
    assert_eq!(status, 200);
    let id = message["id"].take();
    assert!(id.as_str().unwrap().starts_with("msg_"), "{id}");
    assert_eq!(
        message,
        json!({
            "id": null, "type": "message", "role": "assistant", "model": "claude-sonnet-4-6",
            "content": [{"type": "text", "text": "Hello there"}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {
                "input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300,
                "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 3, "service_tier": "standard",
            },
        })
    );
    assert_eq!(fake.usage(), Usage { input_tokens: 323, output_tokens: 3 });
}

#[tokio::test]
async fn a_message_streams_in_the_documented_order() {
    let fake = FakeModels::start().await;
    let mut body = hello();
    body["stream"] = json!(true);
    let events = events(anthropic(&fake, &body)).await;
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_deref().unwrap()).collect();
    assert_eq!(
        names,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert!(events.iter().all(|(name, data)| data["type"] == name.as_deref().unwrap()));
    assert_eq!(events[0].1["message"]["content"], json!([]));
    assert_eq!(events[0].1["message"]["usage"]["input_tokens"], 3);
    let text: String = events[3..5].iter().map(|(_, data)| data["delta"]["text"].as_str().unwrap()).collect();
    assert_eq!(text, "Hello there");
    assert_eq!(events[6].1["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
    assert_eq!(events[6].1["usage"]["output_tokens"], 3);
}

#[tokio::test]
async fn a_chat_completion_has_the_full_shape() {
    let fake = FakeModels::start().await;
    let mut body = hello();
    body["messages"] =
        json!([{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hello there"}]);
    let (status, mut completion) = answer(openai(&fake, &body)).await;
    assert_eq!(status, 200);
    let id = completion["id"].take();
    assert!(id.as_str().unwrap().starts_with("chatcmpl-"), "{id}");
    assert_eq!(completion["object"], "chat.completion");
    assert!(completion["created"].is_u64());
    assert_eq!(
        completion["choices"],
        json!([{
            "index": 0,
            "message": {"role": "assistant", "content": "Hello there", "refusal": null, "annotations": []},
            "logprobs": null,
            "finish_reason": "stop",
        }])
    );
    let usage = &completion["usage"];
    assert_eq!([&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]], [5, 3, 8]);
}

#[tokio::test]
async fn a_chat_completion_streams_and_counts_when_asked() {
    let fake = FakeModels::start().await;
    let mut body = hello();
    body["stream"] = json!(true);
    let plain = events(openai(&fake, &body)).await;
    assert!(plain.iter().all(|(name, _)| name.is_none()));
    assert!(plain.iter().all(|(_, chunk)| chunk.get("usage").is_none()));
    assert_eq!(plain.last().unwrap().1, "[DONE]");

    body["stream_options"] = json!({"include_usage": true});
    let counted = events(openai(&fake, &body)).await;
    assert_eq!(counted.len(), plain.len() + 1);
    let chunks: Vec<_> = counted[..counted.len() - 1].iter().map(|(_, chunk)| chunk).collect();
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"])
    );
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "Hello there");
    let [.., last, usage] = chunks.as_slice() else { panic!("too few chunks") };
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"], Value::Null);
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(6)));
}

#[tokio::test]
async fn what_anthropic_refuses_is_refused() {
    let fake = FakeModels::start().await;
    let message = |role: &str, text: &str| json!({"role": role, "content": text});
    let with = |name: &str, value: Value| {
        let mut body = hello();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = hello();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    for (body, says) in [
        (without("model"), "model: Field required"),
        (without("max_tokens"), "max_tokens: Field required"),
        (without("messages"), "messages: Field required"),
        (with("max_tokens", json!("many")), "max_tokens: Input should"),
        (with("messages", json!([])), "at least one message"),
        (with("messages", json!([message("assistant", "Hi")])), "first message must use"),
        (with("messages", json!([message("user", "a"), message("user", "b")])), "roles must alternate"),
        (with("messages", json!([message("user", "a"), message("assistant", "b")])), "Prefilling"),
        (with("messages", json!([message("user", " ")])), "must be non-empty"),
        (with("messages", json!([message("system", "a")])), "Unexpected role"),
        (with("max_completion_tokens", json!(5)), "max_completion_tokens: Extra inputs"),
        (with("stream", json!("yes")), "stream: Input should"),
        (json!([1]), "not a JSON object"),
    ] {
        let (status, error) = answer(anthropic(&fake, &body)).await;
        assert_eq!(
            (status, &error["type"], &error["error"]["type"]),
            (400, &json!("error"), &json!("invalid_request_error"))
        );
        assert!(error["error"]["message"].as_str().unwrap().contains(says), "{error} is not about {says}");
        assert!(error["request_id"].as_str().unwrap().starts_with("req_"));
    }

    let url = format!("{}/v1/messages", fake.anthropic_url());
    let bare = || reqwest::Client::new().post(&url).json(&hello());
    let (status, error) = answer(bare().header("anthropic-version", "2023-06-01")).await;
    assert_eq!((status, &error["error"]["type"]), (401, &json!("authentication_error")));
    let (status, error) = answer(bare().header("x-api-key", "k")).await;
    assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request_error")));
    let (status, _) = answer(bare().header("x-api-key", "k").header("anthropic-version", "1999-01-01")).await;
    assert_eq!(status, 400);
    let mut sampled = hello();
    sampled["temperature"] = json!(1.0);
    let versioned =
        |version: &str| bare().bearer_auth("k").header("anthropic-version", version).json(&sampled);
    assert_eq!(answer(versioned("2026-10-21")).await.0, 400);
    assert_eq!(answer(versioned("2023-06-01")).await.0, 200);
    let broken = bare().header("x-api-key", "k").header("anthropic-version", "2023-06-01").body("{");
    assert_eq!(answer(broken).await.0, 400);
}

#[tokio::test]
async fn what_openai_refuses_is_refused() {
    let fake = FakeModels::start().await;
    let with = |name: &str, value: Value| {
        let mut body = hello();
        body[name] = value;
        body
    };
    for (body, param, code) in [
        (with("model", json!("")), None, None),
        (with("messages", json!([])), Some("messages"), Some("empty_array")),
        (with("messages", Value::Null), Some("messages"), Some("invalid_type")),
        (with("messages", json!([{"role": "bot", "content": "a"}])), Some("messages"), Some("invalid_value")),
        (with("model", json!("gpt-5-mini")), Some("max_tokens"), Some("unsupported_parameter")),
        (with("max_completion_tokens", json!(5)), Some("max_tokens"), Some("invalid_parameter_combination")),
        (with("stream_options", json!({"include_usage": true})), Some("stream_options"), None),
        (with("system", json!("Be kind")), None, Some("unknown_parameter")),
    ] {
        let (status, error) = answer(openai(&fake, &body)).await;
        assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request_error")));
        assert_eq!((&error["error"]["param"], &error["error"]["code"]), (&json!(param), &json!(code)));
    }

    let url = format!("{}/chat/completions", fake.openai_url());
    let (status, error) = answer(reqwest::Client::new().post(url).json(&hello())).await;
    assert_eq!((status, &error["error"]["type"]), (401, &json!("invalid_request_error")));
}

#[tokio::test]
async fn only_the_required_key_is_right() {
    let fake = FakeModels::start().await;
    fake.require_key("right");
    assert_eq!(answer(anthropic(&fake, &hello())).await.0, 401);
    let (status, error) = answer(openai(&fake, &hello())).await;
    assert_eq!((status, &error["error"]["code"]), (401, &json!("invalid_api_key")));
    fake.require_key("k");
    assert_eq!(answer(anthropic(&fake, &hello())).await.0, 200);
    assert_eq!(answer(openai(&fake, &hello())).await.0, 200);
}

#[tokio::test]
async fn each_provider_lists_its_models() {
    let fake = FakeModels::start().await;
    let get = || reqwest::Client::new().get(format!("{}/models", fake.openai_url()));
    let (status, list) =
        answer(get().header("x-api-key", "k").header("anthropic-version", "2023-06-01")).await;
    assert_eq!((status, &list["has_more"], &list["data"][0]["type"]), (200, &json!(false), &json!("model")));
    let (status, list) = answer(get().header("authorization", "Bearer k")).await;
    assert_eq!((status, &list["object"], &list["data"][0]["object"]), (200, &json!("list"), &json!("model")));
    assert_eq!(answer(get()).await.0, 401);
}

#[tokio::test]
async fn a_script_is_followed_step_by_step() {
    let fake = FakeModels::start().await;
    fake.script(
        Script::new()
            .then(Reply::RateLimited(RetryAfter::Seconds(7)))
            .then(Reply::Overloaded)
            .then(Reply::Status(500))
            .then(Step::from(Reply::text("I would rather not")).stopping(Stop::Refusal))
            .otherwise(Reply::text("one two three")),
    );
    let limited = anthropic(&fake, &hello()).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    // A request that is refused on its own account takes no step.
    assert_eq!(answer(anthropic(&fake, &json!({}))).await.0, 400);
    let (status, error) = answer(anthropic(&fake, &hello())).await;
    assert_eq!((status, &error["error"]["type"]), (529, &json!("overloaded_error")));
    assert_eq!(answer(openai(&fake, &hello())).await.0, 500);
    assert_eq!(answer(anthropic(&fake, &hello())).await.1["stop_reason"], "refusal");

    let mut short = hello();
    short["max_tokens"] = json!(1);
    let (_, cut_off) = answer(anthropic(&fake, &short)).await;
    assert_eq!(
        (&cut_off["content"][0]["text"], &cut_off["stop_reason"]),
        (&json!("one "), &json!("max_tokens"))
    );
    let (_, cut_off) = answer(openai(&fake, &short)).await;
    assert_eq!(cut_off["choices"][0]["finish_reason"], "length");

    assert_eq!(fake.requests().len(), 7);
    assert_eq!(fake.requests()[0].turns(), [("user".to_owned(), "Hello there".to_owned())]);
}

#[tokio::test]
async fn a_connection_is_cut_where_the_script_says() {
    let fake = FakeModels::start().await;
    fake.script(Reply::Cut.into());
    assert!(anthropic(&fake, &hello()).send().await.is_err());

    fake.script(Reply::CutMidway.into());
    let body = anthropic(&fake, &hello()).send().await.unwrap();
    assert_eq!(body.status().as_u16(), 200);
    assert!(body.bytes().await.is_err());

    let mut streamed = hello();
    streamed["stream"] = json!(true);
    let mut stream = openai(&fake, &streamed).send().await.unwrap();
    let first = stream.chunk().await.unwrap().expect("the stream has begun");
    assert!(first.starts_with(b"data: {"));
    while let Ok(chunk) = stream.chunk().await {
        assert!(chunk.is_some(), "the stream came to a good end");
    }
    assert_eq!(fake.usage(), Usage::default());
}

#[tokio::test]
async fn garbage_is_garbage() {
    let fake = FakeModels::start().await;
    let page = |garbage| {
        fake.script(Reply::Garbage(garbage).into());
        anthropic(&fake, &hello()).send()
    };
    let not_json = page(Garbage::NotJson).await.unwrap();
    assert_eq!(not_json.headers()["content-type"], "application/json");
    assert!(not_json.json::<Value>().await.is_err());
    let misshapen: Value = page(Garbage::WrongShape).await.unwrap().json().await.unwrap();
    assert!(misshapen.get("content").is_none());
    let mislabelled = page(Garbage::WrongContentType).await.unwrap();
    assert_eq!(mislabelled.headers()["content-type"], "text/html");
    let empty: Value = page(Garbage::EmptyContent).await.unwrap().json().await.unwrap();
    assert_eq!(empty["content"], json!([]));
}

#[tokio::test]
async fn a_gate_holds_a_request_until_it_is_opened() {
    let fake = FakeModels::start().await;
    let gate = Gate::closed();
    fake.script(Script::always(Step::from(Reply::Echo).held(&gate)));
    let asked = tokio::spawn(answer(anthropic(&fake, &hello())));
    gate.arrived(1).await;
    assert!(!asked.is_finished());
    gate.open();
    assert_eq!(asked.await.unwrap().0, 200);
}

#[test]
fn four_characters_are_a_token() {
    let counts = ["", "a", "abcd", "abcde", "äöüß", "日本語です"].map(tokens);
    assert_eq!(counts, [0, 1, 1, 2, 1, 2]);
}
