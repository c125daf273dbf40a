//! Streams from clients.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use crate::{HubError, protocol::Raw};

/// So many items wait for their method; then the client's further messages wait, too.
const ROOM: usize = 10;

/// The items that a client sends to a method while it runs, in the order they were sent.
///
/// It ends when the client says so. It fails, once and as its last item, when the client ends it with an error,
/// when an item is not a `T`, and when the connection ends. A method that returns, or drops it, gets no more.
pub struct Upload<T> {
    shared: Arc<Mutex<Shared<T>>>,
}

struct Shared<T> {
    items: VecDeque<Result<T, HubError>>,
    ended: bool,
    reader: Option<Waker>,
    /// The session, where it has an item for which there is no room.
    writer: Option<Waker>,
}

impl<T: Send + 'static> Upload<T> {
    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, HubError>> {
        StreamExt::next(self).await
    }
}

impl<T> Stream for Upload<T> {
    type Item = Result<T, HubError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut shared = self.shared.lock();
        if let Some(item) = shared.items.pop_front() {
            let writer = shared.writer.take();
            drop(shared);
            if let Some(writer) = writer {
                writer.wake();
            }
            return Poll::Ready(Some(item));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        shared.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Upload<T> {
    fn drop(&mut self) {
        let mut shared = self.shared.lock();
        shared.ended = true;
        shared.items = VecDeque::new();
        if let Some(writer) = shared.writer.take() {
            writer.wake();
        }
    }
}

/// The uploads of a method: a tuple of one to four [`Upload`]s, or none.
pub trait Uploads: sealed::Open {
    /// How many there are.
    const COUNT: usize;
}

pub(crate) mod sealed {
    use std::task::{Context, Poll};

    use crate::{HubError, protocol::Raw};

    /// The session's end of an upload.
    pub trait Feed: Send {
        /// Waits for room for an item.
        fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()>;

        /// Hands over an item.
        fn item(&self, raw: Raw<'_>, detailed: bool);

        /// Says that there are no more.
        fn end(&self, error: Option<HubError>);
    }

    pub trait Open: Sized + Send + 'static {
        fn open(feeds: &mut Vec<Box<dyn Feed>>) -> Self;
    }
}

impl<T: DeserializeOwned + Send + 'static> sealed::Feed for Arc<Mutex<Shared<T>>> {
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.lock();
        if shared.ended || shared.items.len() < ROOM {
            return Poll::Ready(());
        }
        shared.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn item(&self, raw: Raw<'_>, detailed: bool) {
        match raw.value() {
            Ok(item) => add(self, Some(Ok(item)), false),
            Err(error) => {
                let mut text = String::from("Failed to bind Stream message.");
                if detailed {
                    text.push_str(&format!(" InvalidDataException: {error}"));
                }
                add(self, Some(Err(HubError::new(text))), true);
            }
        }
    }

    fn end(&self, error: Option<HubError>) {
        add(self, error.map(Err), true);
    }
}

fn add<T>(shared: &Mutex<Shared<T>>, item: Option<Result<T, HubError>>, last: bool) {
    let mut shared = shared.lock();
    if shared.ended {
        return;
    }
    shared.items.extend(item);
    shared.ended = last;
    if let Some(reader) = shared.reader.take() {
        drop(shared);
        reader.wake();
    }
}

macro_rules! uploads {
    ($($count:literal: $($T:ident),*;)+) => {$(
        impl<$($T: DeserializeOwned + Send + 'static,)*> Uploads for ($(Upload<$T>,)*) {
            const COUNT: usize = $count;
        }

        impl<$($T: DeserializeOwned + Send + 'static,)*> sealed::Open for ($(Upload<$T>,)*) {
            fn open(feeds: &mut Vec<Box<dyn sealed::Feed>>) -> Self {
                ($(open::<$T>(feeds),)*)
            }
        }
    )+};
}

fn open<T: DeserializeOwned + Send + 'static>(feeds: &mut Vec<Box<dyn sealed::Feed>>) -> Upload<T> {
    let shared = Shared { items: VecDeque::new(), ended: false, reader: None, writer: None };
    let shared = Arc::new(Mutex::new(shared));
    feeds.push(Box::new(shared.clone()));
    Upload { shared }
}

impl Uploads for () {
    const COUNT: usize = 0;
}

impl sealed::Open for () {
    fn open(_: &mut Vec<Box<dyn sealed::Feed>>) {}
}

uploads! {
    1: A;
    2: A, B;
    3: A, B, C;
    4: A, B, C, D;
}
