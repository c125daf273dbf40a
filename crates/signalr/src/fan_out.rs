//! One event for many: who writes it to their sockets.

use std::sync::Arc;

use tokio::{runtime::Handle, task::coop::unconstrained};

use crate::{connection::Connection, transport::web_socket};

/// So many sessions are woken one by one, as if each had been sent to alone.
const FEW: usize = 16;

/// So many sockets are written to in a row by one task; then others have their turn.
const SHARE: usize = 64;

/// Sees to it that what is queued for these connections leaves. To wake a thousand sessions would take about as
/// long as what they then do, so that is done for them, by few tasks that spread over all of the runtime's threads.
pub(crate) fn tell(mut untold: Vec<Arc<Connection>>, now: u64) {
    let runtime = if untold.len() > FEW { Handle::try_current().ok() } else { None };
    let Some(runtime) = runtime else {
        return untold.iter().for_each(|connection| connection.session.wake());
    };
    while !untold.is_empty() {
        let share = untold.split_off(untold.len().saturating_sub(SHARE));
        // Its length is its measure. What a socket does not take, its session sends.
        runtime.spawn(unconstrained(async move {
            share.iter().for_each(|connection| web_socket::send_for_session(connection, now));
        }));
    }
}
