//! The whole product in a test, and the people who use it.
//!
//! ```no_run
//! # async fn a_visitor_gets_an_answer() {
//! let app = testkit::TestApp::start().await;
//! let shop = app.shop().await;
//! let visitor = app.visitor(&shop);
//! visitor.writes("How long does shipping take?").await.expect(200);
//! shop.owner.get("/api/v1/store/social/conversations").await.expect(200);
//! # }
//! ```
//!
//! A [`TestApp`] runs on SQLite in a folder of its own, or, where `PARLOR_TEST_DATABASE_URL` names a PostgreSQL server, in a schema of its
//! own: the suite runs on both databases by being run twice. It stops, and takes its data with it, when it is dropped.

mod app;
mod database;
pub mod hub;
mod people;
pub mod phones;
pub mod proofs;
mod rest;

pub use app::{Builder, TestApp};
pub use database::Place;
pub use fake_models;
pub use fake_push;
pub use people::{Shop, Staff, Visitor};
pub use rest::{Answer, Client, answer};
