//! The HTTP surface of a hub.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use crate::Hub;

/// A hub as a tower service, to be nested at the hub's path.
pub struct HubService<S> {
    hub: Hub<S>,
}

impl<S> HubService<S> {
    pub(crate) fn new(hub: Hub<S>) -> Self {
        Self { hub }
    }
}

impl<S> Clone for HubService<S> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone() }
    }
}

impl<S> tower::Service<Request<Body>> for HubService<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(StatusCode::NOT_FOUND.into_response()))
    }
}
