//! What every door needs and no contract speaks of: the caller's address, what comes in a request, the embedded pages.

pub mod address;
pub mod assets;
mod bearer;
pub mod cors;
mod extract;
mod object;
pub mod pages;
pub mod panel;

pub use address::{Address, Forwarded};
pub use bearer::bearer;
pub use extract::{Asked, Body, Id, Named, OptionalBody, Refuses, Unfit};
pub use object::{Object, given};

use std::time::Duration;

/// A wait in whole seconds, rounded up: who comes back after it is not too early.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
