//! The org door, from outside.

mod auth;
mod clauses;
mod conversations;
mod history;
mod inbox;
mod support;
mod uploads;
