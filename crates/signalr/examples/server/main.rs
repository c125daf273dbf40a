//! The test server of the contract's section 18, to try clients against:
//! `cargo run --example server -- [PORT] [--plain-errors] [--keep-alive S] [--client-timeout S] [--handshake-timeout S]`.
//! Port 0, the default, takes any free one; the address is printed. Times are in seconds.

mod echo;
mod payload;
mod routes;
mod test_hub;

use std::{error::Error, time::Duration};

use axum::serve::ListenerExt as _;
use signalr::HubOptions;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (port, options) = arguments(std::env::args().skip(1))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("{url}");

    let (service, hubs) = routes::service(&options, &url);
    // Small messages leave at once instead of waiting for more.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, tower::make::Shared::new(service))
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            for hub in hubs {
                hub.shutdown().await;
            }
        })
        .await?;
    Ok(())
}

fn arguments(given: impl Iterator<Item = String>) -> Result<(u16, HubOptions), Box<dyn Error>> {
    let mut options = HubOptions { detailed_errors: true, ..HubOptions::default() };
    let mut port = 0;
    let mut given = given.peekable();
    while let Some(argument) = given.next() {
        let mut seconds = || -> Result<Duration, Box<dyn Error>> {
            let seconds = given.next().ok_or_else(|| format!("{argument} needs a number of seconds"))?;
            Ok(Duration::try_from_secs_f64(seconds.parse()?)?)
        };
        match argument.as_str() {
            "--plain-errors" => options.detailed_errors = false,
            "--keep-alive" => options.keep_alive = seconds()?,
            "--client-timeout" => options.client_timeout = seconds()?,
            "--handshake-timeout" => options.handshake_timeout = seconds()?,
            number => {
                port = number.parse().map_err(|_| format!("{number} is neither a port nor an option"))?
            }
        }
    }
    Ok((port, options))
}
