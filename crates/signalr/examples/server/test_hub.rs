//! The methods that all test hubs have.

use std::time::Duration;

use futures_util::{
    Stream, StreamExt as _,
    stream::{iter, pending},
};
use http::header::{CONTENT_TYPE, COOKIE};
use signalr::{Caller, Hub, HubBuilder, HubError, HubOptions, Upload};

use crate::payload::{ComplexObject, CustomObject, InvalidOperationException};

/// How often the client was sent elsewhere before it came, put into the request by the routes.
#[derive(Clone, Copy)]
pub struct Redirects(pub u32);

pub fn build(options: HubOptions) -> HubBuilder<()> {
    Hub::builder(())
        .options(options)
        .method("Echo", echo)
        .method("Add", add)
        .method("Void", void)
        .method("Slow", slow)
        .method("ThrowException", throw_exception)
        .method("ThrowHubException", throw_hub_exception)
        .method("InvokeWithString", invoke_with_string)
        .method("SendCustomObject", send_custom_object)
        .method("EchoComplexObject", echo_complex_object)
        .method("SendComplexObject", send_complex_object)
        .stream("Stream", stream)
        .stream("EmptyStream", empty_stream)
        .stream("InfiniteStream", infinite_stream)
        .stream("StreamThrowException", stream_throw_exception)
        .stream("StreamFailsLater", stream_fails_later)
        .stream("StreamFailsLaterHub", stream_fails_later_hub)
        .stream("Counter", counter)
        .method_with_uploads("StreamingConcat", streaming_concat)
        .stream_with_uploads("StreamEcho", stream_echo)
        .method("AskClient", ask_client)
        .method("GetCallerConnectionId", get_caller_connection_id)
        .method("GetActiveTransportName", get_active_transport_name)
        .method("GetHeader", get_header)
        .method("GetContentTypeHeader", get_content_type_header)
        .method("GetCookie", get_cookie)
        .method("GetNumRedirects", get_num_redirects)
        .method("JoinGroup", join_group)
        .method("LeaveGroup", leave_group)
        .method("SendToGroup", send_to_group)
        .method("AbortMe", abort_me)
        .method("CloseAll", close_all)
}

// ---- calls ----

pub async fn echo(_: Caller<()>, (text,): (Option<String>,)) -> Result<Option<String>, HubError> {
    Ok(text)
}

async fn add(_: Caller<()>, (a, b): (i32, i32)) -> Result<i32, HubError> {
    a.checked_add(b).ok_or_else(|| HubError::new("The sum does not fit an int."))
}

async fn void(_: Caller<()>, (): ()) -> Result<(), HubError> {
    Ok(())
}

async fn slow(_: Caller<()>, (milliseconds,): (u32,)) -> Result<(), HubError> {
    tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    Ok(())
}

async fn throw_exception(_: Caller<()>, (text,): (String,)) -> Result<(), HubError> {
    Err(HubError::internal(InvalidOperationException(text)))
}

async fn throw_hub_exception(_: Caller<()>, (text,): (String,)) -> Result<(), HubError> {
    Err(HubError::new(text))
}

async fn invoke_with_string(caller: Caller<()>, (text,): (String,)) -> Result<(), HubError> {
    caller.send("Message", &(text,));
    Ok(())
}

async fn send_custom_object(caller: Caller<()>, (object,): (CustomObject,)) -> Result<(), HubError> {
    caller.send("CustomObject", &(object,));
    Ok(())
}

async fn echo_complex_object(_: Caller<()>, (object,): (ComplexObject,)) -> Result<ComplexObject, HubError> {
    Ok(object)
}

async fn send_complex_object(_: Caller<()>, (): ()) -> Result<Option<ComplexObject>, HubError> {
    Ok(ComplexObject::sample())
}

async fn ask_client(caller: Caller<()>, (number,): (i32,)) -> Result<i32, HubError> {
    Ok(caller.invoke("Ask", &(number,)).await?)
}

async fn abort_me(caller: Caller<()>, (): ()) -> Result<(), HubError> {
    caller.abort();
    Ok(())
}

async fn close_all(caller: Caller<()>, (): ()) -> Result<(), HubError> {
    caller.hub().close_all();
    Ok(())
}

// ---- streams ----

type Letters = Result<&'static str, HubError>;

async fn stream(_: Caller<()>, (): ()) -> Result<impl Stream<Item = Letters>, HubError> {
    Ok(iter([Ok("a"), Ok("b"), Ok("c")]))
}

async fn empty_stream(_: Caller<()>, (): ()) -> Result<impl Stream<Item = Letters>, HubError> {
    Ok(iter([]))
}

async fn counter(
    _: Caller<()>,
    (count,): (u32,),
) -> Result<impl Stream<Item = Result<u32, HubError>>, HubError> {
    Ok(iter(0..count).map(Ok))
}

/// Tells the caller when the stream that holds it is dropped.
struct Canceled(Caller<()>);

impl Drop for Canceled {
    fn drop(&mut self) {
        self.0.send("StreamCanceled", &());
    }
}

async fn infinite_stream(caller: Caller<()>, (): ()) -> Result<impl Stream<Item = Letters>, HubError> {
    let canceled = Canceled(caller);
    Ok(pending().inspect(move |_| {
        let _ = &canceled;
    }))
}

async fn stream_throw_exception(
    _: Caller<()>,
    (text,): (String,),
) -> Result<impl Stream<Item = Letters>, HubError> {
    Err::<futures_util::stream::Empty<Letters>, _>(HubError::internal(InvalidOperationException(text)))
}

async fn stream_fails_later(
    _: Caller<()>,
    (text,): (String,),
) -> Result<impl Stream<Item = Letters>, HubError> {
    Ok(iter([Ok("a"), Err(HubError::internal(InvalidOperationException(text)))]))
}

async fn stream_fails_later_hub(
    _: Caller<()>,
    (text,): (String,),
) -> Result<impl Stream<Item = Letters>, HubError> {
    Ok(iter([Ok("a"), Err(HubError::new(text))]))
}

async fn streaming_concat(
    _: Caller<()>,
    (): (),
    (mut items,): (Upload<String>,),
) -> Result<String, HubError> {
    let mut text = String::new();
    while let Some(item) = items.next().await {
        text.push_str(&item?);
    }
    Ok(text)
}

async fn stream_echo(
    _: Caller<()>,
    (): (),
    (items,): (Upload<String>,),
) -> Result<impl Stream<Item = Result<String, HubError>>, HubError> {
    Ok(items)
}

// ---- who calls ----

async fn get_caller_connection_id(caller: Caller<()>, (): ()) -> Result<String, HubError> {
    Ok(caller.connection_id().to_string())
}

async fn get_active_transport_name(caller: Caller<()>, (): ()) -> Result<&'static str, HubError> {
    Ok(caller.transport().name())
}

async fn get_header(caller: Caller<()>, (name,): (String,)) -> Result<Option<String>, HubError> {
    Ok(caller.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned))
}

async fn get_content_type_header(caller: Caller<()>, (): ()) -> Result<Option<String>, HubError> {
    get_header(caller, (CONTENT_TYPE.to_string(),)).await
}

async fn get_cookie(caller: Caller<()>, (name,): (String,)) -> Result<Option<String>, HubError> {
    Ok(cookie(caller.headers(), &name))
}

/// The cookie of that name.
pub fn cookie(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

async fn get_num_redirects(caller: Caller<()>, (): ()) -> Result<u32, HubError> {
    Ok(caller.extensions().get().map_or(0, |Redirects(number)| *number))
}

// ---- groups ----

async fn join_group(caller: Caller<()>, (group,): (String,)) -> Result<(), HubError> {
    caller.join(group);
    Ok(())
}

async fn leave_group(caller: Caller<()>, (group,): (String,)) -> Result<(), HubError> {
    caller.leave(&group);
    Ok(())
}

async fn send_to_group(caller: Caller<()>, (group, text): (String, String)) -> Result<(), HubError> {
    caller.hub().group(&group).send("Message", &(text,));
    Ok(())
}
