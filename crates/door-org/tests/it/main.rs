//! The org door, from outside.

mod assistants;
mod auth;
mod uploads;
