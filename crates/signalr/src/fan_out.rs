//! One event for many: who writes it to their sockets.

use std::sync::Arc;

use tokio::{runtime::Handle, task::coop::unconstrained};

use crate::{connection::Connection, transport::web_socket};

/// So many sessions are woken one by one, as if each had been sent to alone.
const FEW: usize = 16;

/// So many sockets are written to in a row by one task; then others have their turn.
const SHARE: usize = 64;

/// Sees to it that what is queued for connections leaves. To wake a thousand sessions would take about as long as
/// what they then do, so that is done for them, by few tasks that spread over all of the runtime's threads.
pub(crate) struct FanOut {
    now: u64,
    untold: Vec<Arc<Connection>>,
    begun: bool,
}

impl FanOut {
    pub(crate) fn new(now: u64) -> Self {
        Self { now, untold: Vec::new(), begun: false }
    }

    /// Something is queued for this one, and nobody knows of it. Sockets are written to while others are still
    /// being queued for.
    pub(crate) fn add(&mut self, connection: Arc<Connection>) {
        self.untold.push(connection);
        if self.untold.len() >= SHARE {
            self.share();
        }
    }

    pub(crate) fn finish(mut self) {
        if self.begun || self.untold.len() > FEW {
            self.share();
        }
        self.untold.iter().for_each(|connection| connection.session.wake());
    }

    /// Where no runtime is, sessions are woken after all.
    fn share(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        self.begun = true;
        let (share, now) = (std::mem::take(&mut self.untold), self.now);
        // Its length is its measure. What a socket does not take, its session sends.
        runtime.spawn(unconstrained(async move {
            share.iter().for_each(|connection| web_socket::send_for_session(connection, now));
        }));
    }
}
