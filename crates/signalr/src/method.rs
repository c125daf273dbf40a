//! Hub methods, with their types taken away.

use std::{marker::PhantomData, panic::AssertUnwindSafe, pin::Pin};

use bytes::Bytes;
use futures_util::FutureExt as _;
use serde::Serialize;

use crate::{
    Caller, HubError, Parameters,
    protocol::{BindError, Protocol, Raw},
};

pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a hub runs when a connection has begun.
pub(crate) type OnConnected<S> = Box<dyn Fn(Caller<S>) -> Boxed<Result<(), HubError>> + Send + Sync>;

/// What a hub runs when a connection has ended.
pub(crate) type OnDisconnected<S> = Box<dyn Fn(Caller<S>) -> Boxed<()> + Send + Sync>;

/// A method as it was declared.
pub(crate) struct Method<S> {
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) run: Box<dyn Invoke<S>>,
}

/// How a call is to be answered: under which id, if at all.
pub(crate) struct Reply {
    pub(crate) protocol: Protocol,
    pub(crate) invocation_id: Option<Box<str>>,
}

/// What a call leaves behind: the completion for the client, if it asked for one.
pub(crate) type Called = Result<Option<Bytes>, Failed>;

/// A call that failed, and what is needed to say so.
pub(crate) struct Failed {
    pub(crate) error: HubError,
    pub(crate) reply: Reply,
}

/// Arguments that do not fit, and what is needed to say so.
pub(crate) struct Misfit {
    pub(crate) error: BindError,
    pub(crate) reply: Reply,
}

pub(crate) trait Invoke<S>: Send + Sync {
    /// Whether the arguments fit.
    fn check(&self, arguments: Raw<'_>) -> Result<(), BindError>;

    /// Binds the arguments now; the method itself runs as the future is polled.
    fn invoke(&self, caller: Caller<S>, arguments: Raw<'_>, reply: Reply) -> Result<Boxed<Called>, Misfit>;
}

/// An async function over a tuple.
pub(crate) struct Plain<F, A> {
    function: F,
    optional: usize,
    arguments: PhantomData<fn(A)>,
}

impl<F, A> Plain<F, A> {
    pub(crate) fn new(function: F, optional: usize) -> Self {
        Self { function, optional, arguments: PhantomData }
    }
}

impl<S, F, A, Fut, R> Invoke<S> for Plain<F, A>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Caller<S>, A) -> Fut + Clone + Send + Sync + 'static,
    A: Parameters,
    Fut: Future<Output = Result<R, HubError>> + Send + 'static,
    R: Serialize + 'static,
{
    fn check(&self, arguments: Raw<'_>) -> Result<(), BindError> {
        arguments.bind::<A>(self.optional).map(drop)
    }

    fn invoke(&self, caller: Caller<S>, arguments: Raw<'_>, reply: Reply) -> Result<Boxed<Called>, Misfit> {
        let bound: A = match arguments.bind(self.optional) {
            Ok(bound) => bound,
            Err(error) => return Err(Misfit { error, reply }),
        };
        let function = self.function.clone();
        Ok(Box::pin(async move {
            let result = guarded(async move { function(caller, bound).await }).await;
            let encoded = result.and_then(|value| match &reply.invocation_id {
                Some(id) => reply.protocol.result(id, &value).map(Some).map_err(HubError::internal),
                None => Ok(None),
            });
            encoded.map_err(|error| Failed { error, reply })
        }))
    }
}

/// Runs the product's code; a panic is a failure of this one call, not of the connection.
pub(crate) async fn guarded<T>(run: impl Future<Output = Result<T, HubError>>) -> Result<T, HubError> {
    AssertUnwindSafe(run)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(HubError::internal("the method panicked")))
}
