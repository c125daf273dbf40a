//! What Parlor does, with no protocol in sight.
//!
//! A slice is one noun of the domain ([`conversations`], [`channels`], …): its types, its verbs and its SQL lie together. A verb is one
//! paragraph: check, write, owe, tell, commit. What must not be missed is *owed*, a row in [`jobs`]; what may be missed is *told*, an
//! [`Event`] that goes out after the commit. A lost event is repaired by fetching.

pub mod accounts;
pub mod actor;
pub mod app;
pub mod assistants;
pub mod bus;
pub mod canned_replies;
pub mod channels;
pub mod contacts;
pub mod conversations;
pub mod db;
pub mod embeds;
pub mod error;
pub mod event;
mod given;
pub mod identity;
pub mod ids;
pub mod import;
pub mod jobs;
pub mod knowledge;
pub mod limits;
mod links;
pub mod presence;
pub mod push;
pub mod reports;
mod search;
pub mod secrets;
pub mod uploads;
pub mod usage;
pub mod viewers;

pub use actor::{Actor, Permission};
pub use app::App;
pub use error::{Error, Result};
pub use event::Event;
