//! The org door, from outside.

mod assistants;
mod auth;
mod clauses;
mod conversations;
mod embeds;
mod history;
mod identity;
mod inbox;
mod support;
mod uploads;
