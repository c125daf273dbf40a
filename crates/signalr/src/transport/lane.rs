//! What clients post: the way in on event streams and long polling.

use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Before a transport has come, little is kept, for nobody may ever come to read it.
const EARLY_BYTES: usize = 4 * 1024;

/// A bounded stretch of bytes between the requests that bring them and the session that reads them.
pub(crate) struct Lane {
    input: Mutex<Input>,
    /// The session's side waits here.
    reader: AtomicWaker,
    /// Posts wait here for space.
    space: Notify,
    /// One post after the other, in the order of their arrival.
    gate: tokio::sync::Mutex<()>,
}

struct Input {
    bytes: BytesMut,
    limit: usize,
    closed: bool,
}

/// The connection has ended: nobody reads any more.
pub(crate) struct Closed;

impl Default for Lane {
    fn default() -> Self {
        Self {
            input: Mutex::new(Input { bytes: BytesMut::new(), limit: EARLY_BYTES, closed: false }),
            reader: AtomicWaker::new(),
            space: Notify::new(),
            gate: tokio::sync::Mutex::new(()),
        }
    }
}

impl Lane {
    /// A transport has come: from now on there is more room.
    pub(crate) fn open(&self, limit: usize) {
        self.input.lock().limit = limit;
        self.space.notify_waiters();
    }

    pub(crate) fn close(&self) {
        let mut input = self.input.lock();
        input.closed = true;
        drop(input);
        self.space.notify_waiters();
        self.reader.wake();
    }

    /// The right to post: posts are taken one after the other.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.gate.lock().await
    }

    /// Hands over all of `bytes`, waiting for space as often as it takes.
    pub(crate) async fn write(&self, mut bytes: Bytes) -> Result<(), Closed> {
        loop {
            let space = self.space.notified();
            tokio::pin!(space);
            space.as_mut().enable();
            if self.write_some(&mut bytes)? {
                return Ok(());
            }
            space.await;
        }
    }

    /// Says whether everything is handed over.
    fn write_some(&self, bytes: &mut Bytes) -> Result<bool, Closed> {
        let mut input = self.input.lock();
        if input.closed {
            return Err(Closed);
        }
        let fits = input.limit.saturating_sub(input.bytes.len()).min(bytes.len());
        input.bytes.extend_from_slice(&bytes[..fits]);
        bytes.advance(fits);
        drop(input);
        if fits > 0 {
            self.reader.wake();
        }
        Ok(bytes.is_empty())
    }

    /// Takes all that is there; `None` when there will be no more.
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.reader.register(cx.waker());
        let mut input = self.input.lock();
        if input.bytes.is_empty() {
            return if input.closed { Poll::Ready(None) } else { Poll::Pending };
        }
        let taken = std::mem::take(&mut input.bytes).freeze();
        drop(input);
        self.space.notify_waiters();
        Poll::Ready(Some(taken))
    }
}
