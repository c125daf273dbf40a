//! The calls of a connection that are not over: one in its turn, and others beside it.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream as _, stream::FuturesUnordered};

use crate::{
    HubError, ask,
    call::Call,
    connection::End,
    method::{Boxed, Called},
    upload::sealed::Feed,
};

/// A call that runs.
pub(crate) struct Running {
    /// The index of its method.
    pub(crate) method: usize,
    pub(crate) call: Arc<Call>,
    pub(crate) run: Boxed<Called>,
    /// The ids of its uploads.
    pub(crate) uploads: Box<[Box<str>]>,
}

/// A call that is over.
pub(crate) struct Finished {
    pub(crate) method: usize,
    pub(crate) call: Arc<Call>,
    pub(crate) called: Called,
}

impl Future for Running {
    type Output = Called;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Called> {
        self.run.as_mut().poll(cx)
    }
}

/// What stands between the session and the client's next message.
pub(crate) enum Held {
    /// A call that has to wait for its turn.
    Turn(Bytes),
    /// An item for which its upload has no room.
    Room(Bytes),
    /// The end, which comes after the call that runs.
    End(End),
}

/// Everything of a connection that runs.
#[derive(Default)]
pub(crate) struct Work {
    current: Option<Running>,
    beside: Option<Box<Beside>>,
    pub(crate) held: Option<Held>,
    /// Messages that wait until the client has acknowledged enough.
    pub(crate) deferred: Deferred,
}

/// Messages between the inbox and the session. None of them has been counted.
#[derive(Default)]
pub(crate) struct Deferred {
    messages: VecDeque<Bytes>,
    bytes: usize,
}

impl Deferred {
    pub(crate) fn push(&mut self, message: Bytes) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.len();
        Some(message)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[derive(Default)]
struct Beside {
    calls: FuturesUnordered<Numbered>,
    uploads: HashMap<Box<str>, Box<dyn Feed>>,
}

/// A call that gives itself back with what came of it.
struct Numbered(Option<Running>);

impl Future for Numbered {
    type Output = (Running, Called);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut running) = self.0.take() else { return Poll::Pending };
        match Pin::new(&mut running).poll(cx) {
            Poll::Ready(called) => Poll::Ready((running, called)),
            Poll::Pending => {
                self.0 = Some(running);
                Poll::Pending
            }
        }
    }
}

impl Work {
    /// Whether a call in its turn runs: then the next one waits.
    pub(crate) fn is_taken(&self) -> bool {
        self.current.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.current.is_none() && self.beside.is_none()
    }

    /// How many calls run beside the one in its turn.
    pub(crate) fn beside(&self) -> usize {
        self.beside.as_ref().map_or(0, |beside| beside.calls.len())
    }

    pub(crate) fn begin(&mut self, running: Running) {
        self.current = Some(running);
    }

    pub(crate) fn begin_beside(&mut self, running: Running, feeds: Vec<Box<dyn Feed>>) {
        let beside = self.beside.get_or_insert_default();
        for (id, feed) in running.uploads.iter().zip(feeds) {
            beside.uploads.insert(id.clone(), feed);
        }
        beside.calls.push(Numbered(Some(running)));
    }

    /// Lets everything run until it waits, or until one call is over. A call that waits for the client leaves
    /// its turn, as long as not more than `most` run beside it.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Finished> {
        if let Some(current) = &mut self.current {
            let (polled, waits) = ask::watched(|| current.run.as_mut().poll(cx));
            match polled {
                Poll::Ready(called) => {
                    if let Some(Running { method, call, .. }) = self.current.take() {
                        return Poll::Ready(Finished { method, call, called });
                    }
                }
                Poll::Pending if waits && self.beside() < most => {
                    if let Some(running) = self.current.take() {
                        self.begin_beside(running, Vec::new());
                    }
                }
                Poll::Pending => {}
            }
        }
        if let Some(beside) = &mut self.beside {
            match Pin::new(&mut beside.calls).poll_next(cx) {
                Poll::Ready(Some((Running { method, call, uploads, .. }, called))) => {
                    for id in &uploads {
                        beside.uploads.remove(id);
                    }
                    return Poll::Ready(Finished { method, call, called });
                }
                Poll::Ready(None) => self.beside = None,
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    /// The client wants no more of a call.
    pub(crate) fn cancel(&self, id: &str) {
        self.for_each(|call| {
            if call.has_id(id) {
                call.cancel();
            }
        });
    }

    /// The client is gone: nobody wants anything any more, and no upload goes on.
    pub(crate) fn cancel_all(&mut self) {
        self.for_each(Call::cancel);
        if let Some(beside) = &mut self.beside {
            for (_, feed) in beside.uploads.drain() {
                feed.end(Some(HubError::internal("the connection ended during an upload")));
            }
        }
    }

    fn for_each(&self, mut visit: impl FnMut(&Call)) {
        let beside = self.beside.iter().flat_map(|beside| beside.calls.iter());
        self.current
            .iter()
            .chain(beside.filter_map(|call| call.0.as_ref()))
            .for_each(|running| visit(&running.call));
    }

    /// Whether a call beside the one in its turn has that id.
    pub(crate) fn is_open(&self, id: &str) -> bool {
        let mut calls =
            self.beside.iter().flat_map(|beside| beside.calls.iter()).filter_map(|call| call.0.as_ref());
        calls.any(|running| running.call.has_id(id))
    }

    pub(crate) fn upload(&self, id: &str) -> Option<&dyn Feed> {
        self.beside.as_ref()?.uploads.get(id).map(|feed| &**feed)
    }

    pub(crate) fn end_upload(&mut self, id: &str) -> Option<Box<dyn Feed>> {
        self.beside.as_mut()?.uploads.remove(id)
    }
}
