//! The program, from outside: the real binary on a folder, or a PostgreSQL schema, of its own.

mod account;
mod config;
mod demo;
mod doctor;
mod program;
mod serve;
