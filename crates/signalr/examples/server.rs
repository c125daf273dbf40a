//! A hub to try clients against: `cargo run --example server -- [PORT]`. Port 0, the default, takes any free
//! one; the address is printed.

use std::{error::Error, fmt, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use signalr::{Caller, Hub, HubError, HubOptions};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);

    let hub = test_hub();
    let app = Router::new().nest_service("/testhub", hub.service());
    // Small messages leave at once instead of waiting for more.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            hub.shutdown().await;
        })
        .await?;
    Ok(())
}

fn test_hub() -> Hub<()> {
    Hub::builder(())
        .options(HubOptions { detailed_errors: true, ..HubOptions::default() })
        .method("Echo", echo)
        .method("Add", add)
        .method("Void", void)
        .method("Slow", slow)
        .method("ThrowException", throw_exception)
        .method("ThrowHubException", throw_hub_exception)
        .method("InvokeWithString", invoke_with_string)
        .method("GetCallerConnectionId", get_caller_connection_id)
        .method("GetActiveTransportName", get_active_transport_name)
        .method("GetHeader", get_header)
        .method("JoinGroup", join_group)
        .method("LeaveGroup", leave_group)
        .method("SendToGroup", send_to_group)
        .method("AbortMe", abort_me)
        .method("CloseAll", close_all)
        .build()
}

async fn echo(_: Caller<()>, (text,): (Option<String>,)) -> Result<Option<String>, HubError> {
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

async fn get_caller_connection_id(caller: Caller<()>, (): ()) -> Result<String, HubError> {
    Ok(caller.connection_id().to_string())
}

async fn get_active_transport_name(caller: Caller<()>, (): ()) -> Result<&'static str, HubError> {
    Ok(caller.transport().name())
}

async fn get_header(caller: Caller<()>, (name,): (String,)) -> Result<Option<String>, HubError> {
    Ok(caller.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned))
}

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

async fn abort_me(caller: Caller<()>, (): ()) -> Result<(), HubError> {
    caller.abort();
    Ok(())
}

async fn close_all(caller: Caller<()>, (): ()) -> Result<(), HubError> {
    caller.hub().close_all();
    Ok(())
}

#[derive(Debug)]
struct InvalidOperationException(String);

impl fmt::Display for InvalidOperationException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidOperationException {}
