//! What all parts of a server share: its options, its clock, its runtime, and who is still at work.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify, time::Instant};

use crate::Options;

pub(crate) struct House {
    pub(crate) options: Options,
    born: Instant,
    runtime: OnceLock<Handle>,
    serial: AtomicU64,
    closed: AtomicBool,
    busy: AtomicUsize,
    rest: Notify,
}

impl House {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            born: Instant::now(),
            runtime: OnceLock::new(),
            serial: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            rest: Notify::new(),
        }
    }

    /// Milliseconds of the server's clock, which began with the server.
    pub(crate) fn now(&self) -> u64 {
        millis(self.born.elapsed())
    }

    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Relaxed)
    }

    /// Remembers the runtime that serves the first request, and says whether it was the first.
    pub(crate) fn settle(&self) -> bool {
        self.runtime.get().is_none() && self.runtime.set(Handle::current()).is_ok()
    }

    /// Runs a task that a shutdown waits for, from whichever thread.
    pub(crate) fn spawn(self: &std::sync::Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let Some(runtime) = self.runtime.get() else { return };
        self.busy.fetch_add(1, Relaxed);
        let done = Done(self.clone());
        runtime.spawn(async move {
            let _done = done;
            task.await;
        });
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Waits until no task runs; `again` is called every now and then for those that came late.
    pub(crate) async fn rest(&self, again: impl Fn()) {
        loop {
            let rest = self.rest.notified();
            tokio::pin!(rest);
            rest.as_mut().enable();
            again();
            if self.busy.load(Relaxed) == 0 {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), rest).await;
        }
    }
}

/// A task that has ended, in whatever way.
struct Done(std::sync::Arc<House>);

impl Drop for Done {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Relaxed) == 1 {
            self.0.rest.notify_waiters();
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
