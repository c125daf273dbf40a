//! One call, from its arrival to its completion.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::Notify;

use crate::protocol::Protocol;

/// How a call is to be answered, under which id if at all, and whether the client still wants that.
pub(crate) struct Call {
    pub(crate) protocol: Protocol,
    pub(crate) id: Option<Box<str>>,
    cancelled: AtomicBool,
    changed: Notify,
}

impl Call {
    pub(crate) fn new(protocol: Protocol, id: Option<&str>) -> Self {
        Self { protocol, id: id.map(Into::into), cancelled: AtomicBool::new(false), changed: Notify::new() }
    }

    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
        self.changed.notify_waiters();
    }

    pub(crate) async fn cancelled(&self) {
        let changed = self.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if !self.cancelled.load(Relaxed) {
            changed.await;
        }
    }
}
