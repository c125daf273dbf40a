//! The store door from outside, clause by clause: `docs/contracts/store.md` and `docs/contracts/widget.md` name these tests.

mod auth;
mod channels;
mod clauses;
mod conversations;
mod cors;
mod flows;
mod hostile;
mod hubs;
mod identity;
mod knowledge;
mod limits;
mod openapi;
mod pages;
mod presence;
mod push;
mod replies;
mod restart;
mod support;
mod visitors;
mod widget_rest;
