//! Section 11: the server asks its clients.

use signalr::{Caller, InvokeError, Transport};

use crate::support::{World, serve, serve_hub};

const ASK: &str = r#"{"type":1,"invocationId":"a","target":"Ask","arguments":[7]}"#;

#[tokio::test]
async fn s11_a_client_is_asked_under_an_id_of_the_servers_own() {
    let server = serve().await;
    for transport in Transport::ALL {
        let mut client = server.client(transport).await;
        for number in 1..=3 {
            client.send(ASK).await;
            let question =
                format!(r#"{{"type":1,"invocationId":"s{number}","target":"Ask","arguments":[7]}}"#);
            assert_eq!(client.next().await, question);
            client.send(&format!(r#"{{"type":3,"invocationId":"s{number}","result":{number}}}"#)).await;
            assert_eq!(client.next().await, format!(r#"{{"type":3,"invocationId":"a","result":{number}}}"#));
        }
    }
}

#[tokio::test]
async fn s11_what_goes_wrong_is_told_to_the_caller() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let failed = "An unexpected error occurred invoking 'Ask' on the server. HubException:";
    let misfit = "Error trying to deserialize result. Expected a whole number from 0 to 4294967295";
    for (number, answer, text) in [
        (1, r#""error":"do not know""#, "do not know"),
        (2, r#""result":-1"#, &format!("{misfit}, got integer `-1`.")),
        (3, r#""headers":{}"#, &format!("{misfit}, got null.")),
    ] {
        client.send(ASK).await;
        client.next().await;
        client.send(&format!(r#"{{"type":3,"invocationId":"s{number}",{answer}}}"#)).await;
        let completion = client.next().await;
        assert!(completion.contains(&format!(r#""{failed} {text}""#)), "{completion}");
    }
}

#[tokio::test]
async fn s11_calls_behind_one_that_waits_for_the_client_go_on() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(ASK).await;
    client.next().await;
    assert_eq!(client.call("Echo", r#"["meanwhile"]"#).await, r#""result":"meanwhile""#);
    client.send(r#"{"type":3,"invocationId":"s1","result":1}"#).await;
    assert_eq!(client.next().await, r#"{"type":3,"invocationId":"a","result":1}"#);
}

#[tokio::test]
async fn s11_a_client_that_leaves_has_not_answered() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    client.send(ASK).await;
    client.next().await;
    client.send(r#"{"type":7}"#).await;
    server.world.until(|world| *world.calls.lock() == ["asked: false"]).await;
}

#[tokio::test]
async fn s11_anybody_may_ask_and_forget_the_question() {
    let server = serve().await;
    let mut client = server.client(Transport::WebSockets).await;
    let nobody = server.hub.invoke::<u32, _>("nobody", "Ask", &()).await;
    assert!(matches!(nobody, Err(InvokeError::Gone)));
    let forgotten = tokio::spawn({
        let (hub, id) = (server.hub.clone(), client.id.clone());
        async move { hub.invoke::<u32, _>(&id, "First", &()).await }
    });
    assert_eq!(client.next().await, r#"{"type":1,"invocationId":"s1","target":"First","arguments":[]}"#);
    forgotten.abort();
    assert!(forgotten.await.is_err());
    let asked = tokio::spawn({
        let (hub, id) = (server.hub.clone(), client.id.clone());
        async move { hub.invoke::<u32, _>(&id, "Second", &()).await }
    });
    assert_eq!(client.next().await, r#"{"type":1,"invocationId":"s2","target":"Second","arguments":[]}"#);
    client.send(r#"{"type":3,"invocationId":"s1","result":1}"#).await;
    client.send(r#"{"type":3,"invocationId":"s2","result":2}"#).await;
    assert_eq!(asked.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn s11_not_while_on_connected_runs() {
    let server = serve_hub(|hub| {
        hub.on_connected(async |caller: Caller<World>| {
            let asked = caller.invoke::<u32, _>("Ask", &()).await;
            caller.state().note(format!("{asked:?}"));
            Ok(())
        })
    })
    .await;
    let mut client = server.client(Transport::WebSockets).await;
    assert_eq!(client.call("Void", "[]").await, r#""result":null"#);
    assert_eq!(*server.world.calls.lock(), ["Err(TooEarly)"]);
}
