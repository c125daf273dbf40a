//! The org door, from outside.

mod api_keys;
mod assistants;
mod auth;
mod clauses;
mod conversations;
mod forms;
mod history;
mod inbox;
mod invites;
mod mobile;
mod support;
mod team;
mod uploads;
