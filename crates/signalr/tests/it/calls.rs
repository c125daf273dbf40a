//! Section 9: calls.

use signalr::{HubOptions, Transport};

use crate::support::{quick, serve, serve_with};

#[tokio::test]
async fn s9_names_have_no_case_and_errors_use_the_declared_one() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(client.call("eCHo", r#"["x"]"#).await, r#""result":"x""#);
    assert_eq!(
        client.call("throwhub", r#"["no"]"#).await,
        r#""error":"An unexpected error occurred invoking 'ThrowHub' on the server. HubException: no""#
    );
    assert_eq!(
        client.call("noPE", "[]").await,
        r#""error":"Failed to invoke 'noPE' due to an error on the server. HubException: Method does not exist.""#
    );
}

#[tokio::test]
async fn s9_a_method_without_a_result_completes_with_null() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        assert_eq!(client.call("Void", "[]").await, r#""result":null"#);
    }
}

#[tokio::test]
async fn s9_number_and_types_of_arguments_must_fit() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let misfit =
        |name: &str| format!(r#""error":"Failed to invoke '{name}' due to an error on the server.""#);
    for (method, arguments) in [
        ("Echo", "[]"),
        ("Echo", r#"["x",1]"#),
        ("Echo", "[1]"),
        ("Echo", "[{}]"),
        ("Add", "[1,2.5]"),
        ("Add", "[1,null]"),
        ("Add", "[1,3000000000]"),
        ("Add", r#"[1,"2"]"#),
    ] {
        assert_eq!(client.call(method, arguments).await, misfit(method), "{method}({arguments})");
    }
    assert_eq!(client.call("Echo", "[null]").await, r#""result":null"#);
    assert_eq!(client.call("Add", "[1,2]").await, r#""result":3"#);
}

#[tokio::test]
async fn s9_detailed_errors_go_on() {
    let server = serve_with(HubOptions { detailed_errors: true, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    let text = "Failed to invoke 'Echo' due to an error on the server. InvalidDataException:";
    assert_eq!(
        client.call("Echo", "[1,2]").await,
        format!(r#""error":"{text} Invocation provides 2 argument(s) but target expects 1.""#)
    );
    assert_eq!(
        client.call("Echo", "[1]").await,
        format!(
            r#""error":"{text} Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.""#
        )
    );
    assert_eq!(
        client.call("Throw", r#"["secret"]"#).await,
        r#""error":"An unexpected error occurred invoking 'Throw' on the server. Error: secret""#
    );
}

#[tokio::test]
async fn s9_only_a_hub_exceptions_text_reaches_the_client() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let failed =
        |name: &str| format!(r#""error":"An unexpected error occurred invoking '{name}' on the server.""#);
    assert_eq!(client.call("Throw", r#"["secret"]"#).await, failed("Throw"));
    assert_eq!(client.call("Panic", "[]").await, failed("Panic"));
    assert_eq!(
        client.call("Forbidden", "[]").await,
        r#""error":"Failed to invoke 'Forbidden' because user is unauthorized""#
    );
    assert_eq!(client.call("Echo", r#"["alive"]"#).await, r#""result":"alive""#);
}

#[tokio::test]
async fn s9_without_an_id_nothing_is_answered() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    for (target, arguments) in
        [("Void", "[]"), ("Nope", "[]"), ("Throw", r#"["x"]"#), ("Echo", "[1,2,3]"), ("Panic", "[]")]
    {
        client.send(&format!(r#"{{"type":1,"target":"{target}","arguments":{arguments}}}"#)).await;
        let empty = format!(r#"{{"type":1,"invocationId":"","target":"{target}","arguments":{arguments}}}"#);
        client.send(&empty).await;
    }
    assert_eq!(client.call("Echo", r#"["next"]"#).await, r#""result":"next""#);
}

#[tokio::test]
async fn s9_calls_run_one_after_another_in_order() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        server.world.calls.lock().clear();
        let note = |text: &str| format!(r#"{{"type":1,"target":"Note","arguments":["{text}"]}}"#);
        client.send(r#"{"type":1,"invocationId":"w","target":"Wait","arguments":[]}"#).await;
        for index in 0..20 {
            client.send(&note(&index.to_string())).await;
        }
        server.world.until(|world| *world.calls.lock() == ["waiting"]).await;
        // The gate is open for the first call only when the others have long arrived.
        server.world.gate.notify_one();
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"w","result":"waited"}"#);
        server.world.until(|world| world.calls.lock().len() == 22).await;
        let expected: Vec<String> =
            ["waiting".into(), "waited".into()].into_iter().chain((0..20).map(|i| i.to_string())).collect();
        assert_eq!(*server.world.calls.lock(), expected, "over {transport}");
    }
}

#[tokio::test]
async fn s9_what_a_method_sends_comes_before_its_completion() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(r#"{"type":1,"invocationId":"t","target":"Tell","arguments":["News","x"]}"#).await;
        assert_eq!(client.next().await, r#"{"type":1,"target":"News","arguments":["x"]}"#);
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"t","result":null}"#);
    }
}

#[tokio::test]
async fn s9_a_push_arrives_while_a_call_runs() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        client.send(r#"{"type":1,"invocationId":"w","target":"Wait","arguments":[]}"#).await;
        server.world.until(|world| world.calls.lock().last().is_some_and(|call| call == "waiting")).await;
        server.hub.client(&client.id).send("Meanwhile", &(1,));
        assert_eq!(client.next().await, r#"{"type":1,"target":"Meanwhile","arguments":[1]}"#);
        server.world.gate.notify_one();
        assert_eq!(client.next().await, r#"{"type":3,"invocationId":"w","result":"waited"}"#);
    }
}

#[tokio::test]
async fn s9_a_plain_method_cannot_be_streamed() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let mut stream = async |target: &str, arguments: &str| {
        client
            .send(&format!(
                r#"{{"type":4,"invocationId":"s","target":"{target}","arguments":{arguments},"streamIds":[]}}"#
            ))
            .await;
        client.next().await
    };
    let failed = |error: &str| format!(r#"{{"type":3,"invocationId":"s","error":"{error}"}}"#);
    assert_eq!(
        stream("echo", r#"["x"]"#).await,
        failed("The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.")
    );
    assert_eq!(stream("Echo", "[]").await, failed("Failed to invoke 'Echo' due to an error on the server."));
    assert_eq!(
        stream("Nope", "[]").await,
        failed("Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.")
    );
}

#[tokio::test]
async fn s9_a_plain_method_takes_no_streams() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let call = r#"{"type":1,"invocationId":"1","target":"echo","arguments":["x"],"streamIds":["a"]}"#;
    client.send(call).await;
    assert_eq!(
        client.next().await,
        r#"{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Echo' on the server. HubException: Client sent 1 stream(s), Hub method expects 0."}"#
    );
}

#[tokio::test]
async fn s9_messages_for_nobody_are_ignored() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    for message in [
        r#"{"type":2,"invocationId":"x","item":1}"#,
        r#"{"type":3,"invocationId":"x","result":1}"#,
        r#"{"type":3,"invocationId":"x"}"#,
        r#"{"type":5,"invocationId":"x"}"#,
        r#"{"type":8,"sequenceId":5}"#,
        r#"{"type":9,"sequenceId":5}"#,
    ] {
        client.send(message).await;
    }
    assert_eq!(client.call("Echo", r#"["alive"]"#).await, r#""result":"alive""#);
}

#[tokio::test]
async fn optional_arguments_may_be_left_out() {
    let server = serve_with(HubOptions { detailed_errors: true, ..quick() }).await;
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(client.call("Greet", r#"["Ann","Hi"]"#).await, r#""result":"Hi Ann""#);
    assert_eq!(client.call("Greet", r#"["Ann",null]"#).await, r#""result":"Hello Ann""#);
    assert_eq!(client.call("Greet", r#"["Ann"]"#).await, r#""result":"Hello Ann""#);
    assert_eq!(
        client.call("Greet", "[]").await,
        r#""error":"Failed to invoke 'Greet' due to an error on the server. InvalidDataException: Invocation provides 0 argument(s) but target expects 2.""#
    );
}
