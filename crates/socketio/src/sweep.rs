//! The heartbeat: one task for all timeouts of a server.

use std::{sync::Weak, time::Duration};

use tokio::time::MissedTickBehavior;

use crate::server::Core;

/// Looks at every connection once a heartbeat, as long as the server lives.
pub(crate) async fn run(core: Weak<Core>) {
    let Some(heartbeat) = core.upgrade().map(|core| core.house.options.heartbeat) else { return };
    let mut beat = tokio::time::interval(heartbeat.max(Duration::from_millis(1)));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let Some(core) = core.upgrade() else { return };
        core.tick();
    }
}
