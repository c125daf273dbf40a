//! The org door, from outside.

mod auth;
mod mobile;
mod uploads;
