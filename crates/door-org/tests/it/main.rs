//! The org door, from outside.

mod api_keys;
mod articles;
mod assistants;
mod auth;
mod channels;
mod clauses;
mod conversations;
mod desk;
mod embeds;
mod forms;
mod history;
mod identity;
mod inbox;
mod inbox_page;
mod invites;
mod mobile;
mod reports;
mod setup;
mod support;
mod team;
mod threads;
mod trials;
mod uploads;
