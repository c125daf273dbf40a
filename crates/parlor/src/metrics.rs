//! `GET /metrics` on an address of its own, in Prometheus' text format.

use std::{future::ready, net::SocketAddr};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusBuilder;
use parlor_core::limits;
use tokio::sync::watch;

use crate::http;

/// Counts from now on, and answers until `stop` says so.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(listen: SocketAddr, stop: watch::Receiver<bool>) -> Result<()> {
    let listener = http::bind(listen).await.context("metrics")?;
    let counted = PrometheusBuilder::new().install_recorder().context("metrics cannot be counted")?;
    metrics::describe_counter!(limits::REFUSED, "What the rate limits refused, by action.");
    let router = Router::new().route("/metrics", get(move || ready(counted.render())));
    tokio::spawn(http::serve(listener, router, stop));
    tracing::info!(%listen, "metrics");
    Ok(())
}
