//! Carries events from committed writes to whoever listens, in memory.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::event::Event;

/// How many events may wait for the slowest listener before it has a gap.
const WAITING: usize = 16_384;

/// The bus. Cheap to clone.
#[derive(Clone)]
pub struct Bus(broadcast::Sender<Arc<Event>>);

/// One who listens.
pub struct Listener(broadcast::Receiver<Arc<Event>>);

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum Heard {
    Event(Arc<Event>),
    /// The listener was too slow and this many events are lost to it: whatever it feeds must fetch afresh.
    Gap(u64),
}

impl Default for Bus {
    fn default() -> Bus {
        Bus(broadcast::channel(WAITING).0)
    }
}

impl Bus {
    pub(crate) fn publish(&self, event: Event) {
        // Nobody listening is fine: events are for those who are there.
        let _ = self.0.send(Arc::new(event));
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// The next event; `None` when the house has closed.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Heard::Gap(lost)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
