//! The core without a door. Runs on SQLite, and on PostgreSQL when `PARLOR_TEST_DATABASE_URL` names a server.

mod content;
mod db;
mod embeds;
mod finding;
mod flow_properties;
mod flow_runs;
mod flows;
mod history;
mod hours;
mod identity;
mod introduction;
mod listening;
mod page_views;
mod push;
mod push_credentials;
mod ratings;
mod reads;
mod search;
mod unopened;
mod unread;
