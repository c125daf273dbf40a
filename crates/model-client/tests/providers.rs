//! The client against the fake of both providers: what each answer and each failure becomes.

use std::time::Duration;

use fake_models::{FakeModels, Garbage, Gate, Reply, RetryAfter, Script, Step};
use model_client::{
    ApiKey, Client, ClientOptions, Completion, Endpoint, Error, Prompt, Protocol, Role, Stop, Turn, Usage,
};

const KEY: &str = "sk-Key-that-nobody-may-see";
const QUESTION: &str = "Where is my parcel?";
const PROTOCOLS: [Protocol; 2] = [Protocol::Anthropic, Protocol::OpenAi];

fn endpoint(fake: &FakeModels, protocol: Protocol) -> Endpoint {
    let base_url = match protocol {
        Protocol::Anthropic => fake.anthropic_url(),
        Protocol::OpenAi => fake.openai_url(),
    };
    Endpoint { protocol, base_url, key: ApiKey::new(KEY) }
}

fn turn(role: Role, text: &str) -> Turn {
    Turn { role, text: text.to_owned() }
}

fn prompt() -> Prompt {
    Prompt {
        model: "claude-sonnet-4-6".to_owned(),
        system: "You answer for a shop.".to_owned(),
        turns: vec![turn(Role::User, QUESTION)],
        max_tokens: 1000,
    }
}

fn client() -> Client {
    Client::new(ClientOptions::default())
}

async fn ask(script: impl Into<Script>, protocol: Protocol) -> Result<Completion, Error> {
    let fake = FakeModels::start().await;
    fake.script(script.into());
    client().complete(&endpoint(&fake, protocol), &prompt()).await
}

/// The reason and the wait of a failure that may pass.
async fn retryable(script: impl Into<Script>, protocol: Protocol) -> (String, Option<Duration>) {
    match ask(script, protocol).await {
        Err(Error::Retryable { reason, retry_after }) => (reason, retry_after),
        other => panic!("{other:?} of {protocol:?} is not retryable"),
    }
}

async fn permanent(script: impl Into<Script>, protocol: Protocol) -> String {
    match ask(script, protocol).await {
        Err(Error::Permanent { reason }) => reason,
        other => panic!("{other:?} of {protocol:?} is not permanent"),
    }
}

#[tokio::test]
async fn an_answer_comes_with_its_tokens() {
    for protocol in PROTOCOLS {
        let fake = FakeModels::start().await;
        fake.require_key(KEY);
        fake.script(Step::from(Reply::text("On its way.")).into());
        let completion = client().complete(&endpoint(&fake, protocol), &prompt()).await.unwrap();
        let usage = Usage {
            input_tokens: fake_models::tokens("You answer for a shop.") + fake_models::tokens(QUESTION),
            output_tokens: fake_models::tokens("On its way."),
        };
        let expected = Completion {
            text: "On its way.".to_owned(),
            model: "claude-sonnet-4-6".to_owned(),
            usage,
            stop: Stop::EndTurn,
        };
        assert_eq!(completion, expected);
        let asked = &fake.requests()[0];
        assert_eq!(asked.system(), "You answer for a shop.");
        assert_eq!(asked.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn tokens_of_the_cache_are_tokens_read() {
    for protocol in PROTOCOLS {
        let fake = FakeModels::start().await;
        fake.script(Script::always(Step::from(Reply::Echo).cached(1000, 20_000)));
        let endpoint = endpoint(&fake, protocol);
        let mut sum = Usage::default();
        for _ in 0..3 {
            let usage = client().complete(&endpoint, &prompt()).await.unwrap().usage;
            sum.input_tokens += usage.input_tokens;
            sum.output_tokens += usage.output_tokens;
        }
        assert!(sum.input_tokens > 63_000);
        let reported = fake.usage();
        assert_eq!((sum.input_tokens, sum.output_tokens), (reported.input_tokens, reported.output_tokens));
    }
}

#[tokio::test]
async fn a_crooked_history_is_told_straight() {
    let said = |told: &[(&str, &str)]| -> Vec<_> {
        told.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect()
    };
    for (protocol, before) in [
        (Protocol::Anthropic, vec![("user", "…")]),
        (Protocol::OpenAi, vec![("system", "You answer for a shop.")]),
    ] {
        let fake = FakeModels::start().await;
        let mut prompt = prompt();
        prompt.turns = vec![
            turn(Role::Assistant, "Hi! How can we help?"),
            turn(Role::User, "My parcel"),
            turn(Role::User, ""),
            turn(Role::User, "is late"),
        ];
        let completion = client().complete(&endpoint(&fake, protocol), &prompt).await.unwrap();
        assert_eq!(completion.text, "My parcel\n\nis late");
        let mut expected = said(&before);
        expected.extend(said(&[("assistant", "Hi! How can we help?"), ("user", "My parcel\n\nis late")]));
        assert_eq!(fake.requests()[0].turns(), expected);
    }
}

#[tokio::test]
async fn an_answer_cut_off_or_refused_says_so() {
    for protocol in PROTOCOLS {
        let fake = FakeModels::start().await;
        fake.script(
            Script::new()
                .then(Reply::text("A very long answer"))
                .then(Step::from(Reply::text("No.")).stopping(fake_models::Stop::Refusal)),
        );
        let endpoint = endpoint(&fake, protocol);
        let short = Prompt { max_tokens: 2, ..prompt() };
        let cut_off = client().complete(&endpoint, &short).await.unwrap();
        assert_eq!((cut_off.text.as_str(), cut_off.stop), ("A very l", Stop::MaxTokens));
        let refused = client().complete(&endpoint, &prompt()).await.unwrap();
        assert_eq!((refused.text.as_str(), refused.stop), ("No.", Stop::Refusal));
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let s = Duration::from_secs;
    for protocol in PROTOCOLS {
        for (wait, expected) in [
            (RetryAfter::Missing, None),
            (RetryAfter::Seconds(7), Some(s(7))),
            (RetryAfter::Seconds(90_000), Some(s(3600))),
            (RetryAfter::Millis(1500), Some(Duration::from_millis(1500))),
            (RetryAfter::DateIn(s(30)), Some(s(30))),
        ] {
            let (reason, retry_after) = retryable(Reply::RateLimited(wait), protocol).await;
            assert_eq!(retry_after, expected);
            assert!(reason.contains("429 rate_limit_e"), "{reason}");
        }
    }
}

#[tokio::test]
async fn what_may_pass_is_retryable() {
    let (reason, _) = retryable(Reply::Overloaded, Protocol::Anthropic).await;
    assert_eq!(reason, "the provider answered 529 overloaded_error");
    let (reason, _) = retryable(Reply::Overloaded, Protocol::OpenAi).await;
    assert_eq!(reason, "the provider answered 503 server_error");
    for protocol in PROTOCOLS {
        for status in [408, 409, 500, 502, 504] {
            retryable(Reply::Status(status), protocol).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_pass_is_permanent() {
    let reason = permanent(Reply::WrongKey, Protocol::Anthropic).await;
    assert_eq!(reason, "the provider answered 401 authentication_error");
    let reason = permanent(Reply::WrongKey, Protocol::OpenAi).await;
    assert_eq!(reason, "the provider answered 401 invalid_api_key");
    for protocol in PROTOCOLS {
        for status in [400, 402, 403, 404, 413, 422] {
            permanent(Reply::Status(status), protocol).await;
        }
    }
}

#[tokio::test]
async fn a_broken_connection_is_retryable() {
    for protocol in PROTOCOLS {
        for reply in [Reply::Cut, Reply::CutMidway] {
            let (reason, _) = retryable(reply, protocol).await;
            assert!(reason.starts_with("the connection to the provider broke: "), "{reason}");
        }
        let gone = {
            let fake = FakeModels::start().await;
            endpoint(&fake, protocol)
        };
        match client().complete(&gone, &prompt()).await {
            Err(Error::Retryable { reason, .. }) => {
                assert!(reason.starts_with("the provider cannot be reached: "), "{reason}");
            }
            other => panic!("{other:?} is not retryable"),
        }
    }
}

#[tokio::test]
async fn a_slow_provider_is_given_up() {
    let impatient =
        Client::new(ClientOptions { total_timeout: Duration::from_millis(100), ..ClientOptions::default() });
    for protocol in PROTOCOLS {
        for step in [
            Step::from(Reply::Echo).held(&Gate::closed()),
            Step::from(Reply::Echo).delayed(Duration::from_secs(60)),
            Step::from(Reply::Echo).trickled(Duration::from_secs(1)),
        ] {
            let fake = FakeModels::start().await;
            fake.script(step.into());
            match impatient.complete(&endpoint(&fake, protocol), &prompt()).await {
                Err(Error::Retryable { reason, .. }) => {
                    assert_eq!(reason, "the provider did not answer within 0.1 s");
                }
                other => panic!("{other:?} is not retryable"),
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_trickles_in_time_is_read() {
    for protocol in PROTOCOLS {
        let trickled = Step::from(Reply::Echo).trickled(Duration::from_micros(100));
        assert_eq!(ask(trickled, protocol).await.unwrap().text, QUESTION);
    }
}

#[tokio::test]
async fn garbage_is_retryable() {
    for protocol in PROTOCOLS {
        for garbage in [Garbage::NotJson, Garbage::WrongShape] {
            let (reason, _) = retryable(Reply::Garbage(garbage), protocol).await;
            assert!(reason.contains("shape"), "{reason}");
        }
        let (reason, _) = retryable(Reply::Garbage(Garbage::EmptyContent), protocol).await;
        assert_eq!(reason, "the model's answer is empty (EndTurn)");
        // The body says what it is; what it is labelled as does not matter.
        assert_eq!(ask(Reply::Garbage(Garbage::WrongContentType), protocol).await.unwrap().text, QUESTION);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let fake = FakeModels::start().await;
    fake.script(Reply::text("long ".repeat(1000)).into());
    let modest = Client::new(ClientOptions { max_response_bytes: 4000, ..ClientOptions::default() });
    for protocol in PROTOCOLS {
        let endpoint = endpoint(&fake, protocol);
        let long = Prompt { max_tokens: 10_000, ..prompt() };
        let error = modest.complete(&endpoint, &long).await.unwrap_err();
        assert_eq!(
            error,
            Error::Retryable { reason: "the answer is too long".to_owned(), retry_after: None }
        );
        assert!(client().complete(&endpoint, &long).await.is_ok());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for protocol in PROTOCOLS {
        let fake = FakeModels::start().await;
        fake.script(Reply::Redirect.into());
        let error = client().complete(&endpoint(&fake, protocol), &prompt()).await.unwrap_err();
        assert_eq!(error, Error::Permanent { reason: "the provider answered 307".to_owned() });
        assert_eq!(fake.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_gateway_to_newer_openai_models_is_understood() {
    let fake = FakeModels::start().await;
    let prompt = Prompt { model: "gpt-5-mini".to_owned(), ..prompt() };
    let completion = client().complete(&endpoint(&fake, Protocol::OpenAi), &prompt).await.unwrap();
    assert_eq!(completion.text, QUESTION);
    let limits: Vec<_> = fake
        .requests()
        .iter()
        .map(|asked| (asked.body["max_tokens"].as_u64(), asked.body["max_completion_tokens"].as_u64()))
        .collect();
    assert_eq!(limits, [(Some(1000), None), (None, Some(1000))]);
}

#[tokio::test]
async fn an_unusable_endpoint_is_permanent() {
    for protocol in PROTOCOLS {
        for (base_url, key) in [("not a url", KEY), ("http://127.0.0.1:1", "sk-\nbroken")] {
            let endpoint = Endpoint { protocol, base_url: base_url.to_owned(), key: ApiKey::new(key) };
            let error = client().complete(&endpoint, &prompt()).await.unwrap_err();
            assert!(matches!(error, Error::Permanent { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn neither_key_nor_prompt_shows() {
    let fake = FakeModels::start().await;
    for protocol in PROTOCOLS {
        let endpoint = endpoint(&fake, protocol);
        assert!(!format!("{endpoint:?}").contains(KEY));
        for reply in [
            Reply::WrongKey,
            Reply::Status(400),
            Reply::Overloaded,
            Reply::Cut,
            Reply::CutMidway,
            Reply::Garbage(Garbage::NotJson),
            Reply::Garbage(Garbage::WrongShape),
        ] {
            fake.script(reply.into());
            let error = client().complete(&endpoint, &prompt()).await.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(KEY) && !shown.contains("parcel"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_for_no_key_gets_none() {
    let fake = FakeModels::start().await;
    for protocol in PROTOCOLS {
        let endpoint = Endpoint { key: ApiKey::new(""), ..endpoint(&fake, protocol) };
        // The fake asks for one, as the providers do; what counts is what was sent.
        let refused = client().complete(&endpoint, &prompt()).await;
        assert!(matches!(refused, Err(Error::Permanent { .. })));
        let headers = fake.requests().pop().unwrap().headers;
        assert!(!headers.contains_key("x-api-key") && !headers.contains_key("authorization"));
    }
}
