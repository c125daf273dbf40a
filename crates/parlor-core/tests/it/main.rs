//! The core without a door. Runs on SQLite, and on PostgreSQL when `PARLOR_TEST_DATABASE_URL` names a server.

mod db;
mod history;
mod listening;
mod push;
mod push_credentials;
mod search;
mod unopened;
