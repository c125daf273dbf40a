//! The org door, from outside.

mod auth;
mod identity;
mod uploads;
