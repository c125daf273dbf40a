//! The org door, from outside.

mod auth;
