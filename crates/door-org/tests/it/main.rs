//! The org door, from outside.

mod assistants;
mod auth;
mod clauses;
mod conversations;
mod history;
mod inbox;
mod mobile;
mod support;
mod uploads;
