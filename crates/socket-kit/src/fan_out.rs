//! One message for many: who writes it to their sockets.

use std::sync::Arc;

use tokio::{runtime::Handle, task::coop::unconstrained};

/// So many receivers are woken one by one, as if each had been sent to alone.
const FEW: usize = 16;

/// So many sockets are written to in a row by one task; then others have their turn.
const SHARE: usize = 64;

/// Sees to it that what is queued for connections leaves. To wake a thousand tasks would take about as long as
/// what they then do, so that is done for them, by few tasks that spread over all of the runtime's threads.
pub struct FanOut<C, W> {
    write: W,
    untold: Vec<Arc<C>>,
    begun: bool,
}

impl<C, W> FanOut<C, W>
where
    C: Send + Sync + 'static,
    W: Fn(&Arc<C>) + Clone + Send + 'static,
{
    /// `write` writes what waits for a connection to its socket, in the place of the task that would else do so. What the socket does
    /// not take is left to that task.
    pub fn new(write: W) -> Self {
        Self { write, untold: Vec::new(), begun: false }
    }

    /// Something is queued for this one, and nobody knows of it. Sockets are written to while others are still
    /// being queued for.
    pub fn add(&mut self, connection: Arc<C>) {
        self.untold.push(connection);
        if self.untold.len() >= SHARE {
            self.share();
        }
    }

    /// That was all. Where it was for few, `wake` wakes their tasks.
    pub fn finish(mut self, wake: impl Fn(&C)) {
        if self.begun || self.untold.len() > FEW {
            self.share();
        }
        self.untold.iter().for_each(|connection| wake(connection));
    }

    /// Where no runtime is, tasks are woken after all.
    fn share(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        self.begun = true;
        let (share, write) = (std::mem::take(&mut self.untold), self.write.clone());
        // Its length is its measure.
        runtime.spawn(unconstrained(async move {
            share.iter().for_each(write);
        }));
    }
}
