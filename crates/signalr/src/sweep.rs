//! The heartbeat: one task for all timeouts of a hub.

use std::{sync::Weak, time::Duration};

use tokio::time::MissedTickBehavior;

use crate::hub::Core;

/// Looks at every connection once a heartbeat, as long as the hub lives.
pub(crate) async fn run(core: Weak<Core>) {
    let Some(heartbeat) = core.upgrade().map(|core| core.options.heartbeat) else { return };
    let mut beat = tokio::time::interval(heartbeat.max(Duration::from_millis(1)));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let Some(core) = core.upgrade() else { return };
        let (now, options) = (core.now(), &core.options);
        core.registry.sweep(
            |negotiated| {
                let age = u128::from(now.saturating_sub(negotiated.since));
                age > options.negotiation_timeout.as_millis()
            },
            |connection| connection.tick(now, options),
        );
    }
}
