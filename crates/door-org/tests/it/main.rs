//! The org door, from outside.

mod api_keys;
mod auth;
mod invites;
mod support;
mod team;
mod uploads;
