//! How packets travel.

pub(crate) mod polling;
pub(crate) mod upgrade;
pub(crate) mod web_socket;
