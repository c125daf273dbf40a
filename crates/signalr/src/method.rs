//! Hub methods, with their types taken away.

use std::{
    future::poll_fn,
    marker::PhantomData,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use serde::Serialize;

use crate::{
    Caller, HubError, Parameters, Uploads,
    call::Call,
    protocol::{BindError, HubMessage, Outcome, Raw},
    upload::sealed::Feed,
};

pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a hub runs when a connection has begun.
pub(crate) type OnConnected<S> = Box<dyn Fn(Caller<S>) -> Boxed<Result<(), HubError>> + Send + Sync>;

/// What a hub runs when a connection has ended.
pub(crate) type OnDisconnected<S> = Box<dyn Fn(Caller<S>) -> Boxed<()> + Send + Sync>;

/// A method as it was declared.
pub(crate) struct Method<S> {
    pub(crate) name: Arc<str>,
    pub(crate) answers: Answers,
    /// How many streams its caller sends.
    pub(crate) uploads: usize,
    pub(crate) run: Box<dyn Invoke<S>>,
}

/// What a method answers with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    Once,
    Stream,
}

/// What a call leaves behind: the completion for the client, if it asked for one.
pub(crate) type Called = Result<Option<Bytes>, Failed>;

/// A call that failed.
pub(crate) struct Failed {
    pub(crate) error: HubError,
    pub(crate) stage: Stage,
}

/// When it failed, which is told in different words.
pub(crate) enum Stage {
    Invoking,
    Streaming,
}

impl From<HubError> for Failed {
    fn from(error: HubError) -> Self {
        Self { error, stage: Stage::Invoking }
    }
}

/// A call that runs as it is polled, and where its uploads go.
pub(crate) struct Started {
    pub(crate) run: Boxed<Called>,
    pub(crate) feeds: Vec<Box<dyn Feed>>,
}

pub(crate) trait Invoke<S>: Send + Sync {
    /// Whether the arguments fit.
    fn check(&self, arguments: Raw<'_>) -> Result<(), BindError>;

    /// Binds the arguments now; the method itself runs as the future is polled.
    fn invoke(&self, caller: Caller<S>, arguments: Raw<'_>, call: Arc<Call>) -> Result<Started, BindError>;
}

/// An async function over tuples: of arguments, and of uploads.
pub(crate) struct Function<F, A, U> {
    function: F,
    optional: usize,
    parameters: PhantomData<fn(A, U)>,
}

impl<F, A, U> Function<F, A, U> {
    pub(crate) fn new(function: F, optional: usize) -> Self {
        Self { function, optional, parameters: PhantomData }
    }
}

/// One that answers once.
pub(crate) struct Plain<T>(pub(crate) T);

impl<S, F, A, U, Fut, R> Invoke<S> for Plain<Function<F, A, U>>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Caller<S>, A, U) -> Fut + Clone + Send + Sync + 'static,
    A: Parameters,
    U: Uploads,
    Fut: Future<Output = Result<R, HubError>> + Send + 'static,
    R: Serialize + 'static,
{
    fn check(&self, arguments: Raw<'_>) -> Result<(), BindError> {
        arguments.bind::<A>(self.0.optional).map(drop)
    }

    fn invoke(&self, caller: Caller<S>, arguments: Raw<'_>, call: Arc<Call>) -> Result<Started, BindError> {
        let bound: A = arguments.bind(self.0.optional)?;
        let function = self.0.function.clone();
        let mut feeds = Vec::new();
        let uploads = U::open(&mut feeds);
        let run = Box::pin(async move {
            let value = guarded(async move { function(caller, bound, uploads).await }).await?;
            match &call.id {
                Some(id) => Ok(Some(call.protocol.result(id, &value).map_err(HubError::internal)?)),
                None => Ok(None),
            }
        });
        Ok(Started { run, feeds })
    }
}

/// One that answers with a stream.
pub(crate) struct Streaming<T>(pub(crate) T);

impl<S, F, A, U, Fut, St, R> Invoke<S> for Streaming<Function<F, A, U>>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Caller<S>, A, U) -> Fut + Clone + Send + Sync + 'static,
    A: Parameters,
    U: Uploads,
    Fut: Future<Output = Result<St, HubError>> + Send + 'static,
    St: Stream<Item = Result<R, HubError>> + Send + 'static,
    R: Serialize + Send + 'static,
{
    fn check(&self, arguments: Raw<'_>) -> Result<(), BindError> {
        arguments.bind::<A>(self.0.optional).map(drop)
    }

    fn invoke(&self, caller: Caller<S>, arguments: Raw<'_>, call: Arc<Call>) -> Result<Started, BindError> {
        let bound: A = arguments.bind(self.0.optional)?;
        let function = self.0.function.clone();
        let mut feeds = Vec::new();
        let uploads = U::open(&mut feeds);
        let run = Box::pin(async move {
            let sender = caller.clone();
            let streamed = {
                let all = async {
                    let items = guarded(async move { function(caller, bound, uploads).await }).await?;
                    let sent = guarded(send_all(items, &sender, &call)).await;
                    sent.map_err(|error| Failed { error, stage: Stage::Streaming })
                };
                let (all, cancelled) = (pin!(all), pin!(call.cancelled()));
                match futures_util::future::select(cancelled, all).await {
                    futures_util::future::Either::Left(((), _)) => Ok(()),
                    futures_util::future::Either::Right((streamed, _)) => streamed,
                }
            };
            streamed.map(|()| {
                call.id.as_deref().map(|id| {
                    let end = HubMessage::Completion { invocation_id: id.into(), outcome: Outcome::Void };
                    call.protocol.encode(&end)
                })
            })
        });
        Ok(Started { run, feeds })
    }
}

/// So many items of a stream in a row; then others have their turn.
const ROW: usize = 32;

/// Sends each item as soon as there is room for it.
async fn send_all<S, R: Serialize>(
    items: impl Stream<Item = Result<R, HubError>>,
    caller: &Caller<S>,
    call: &Call,
) -> Result<(), HubError> {
    let id = call.id.as_deref().unwrap_or_default();
    let mut items = pin!(items);
    let mut row = 0;
    loop {
        if poll_fn(|cx| caller.poll_room(cx)).await.is_err() {
            return Ok(());
        }
        let Some(item) = items.next().await else { return Ok(()) };
        caller.answer(call.protocol.item(id, &item?).map_err(HubError::internal)?);
        row += 1;
        if row % ROW == 0 {
            pause().await;
        }
    }
}

/// Lets everything else on this task run first.
async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs the product's code; a panic is a failure of this one call, not of the connection.
pub(crate) async fn guarded<T>(run: impl Future<Output = Result<T, HubError>>) -> Result<T, HubError> {
    AssertUnwindSafe(run)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(HubError::internal("the method panicked")))
}
