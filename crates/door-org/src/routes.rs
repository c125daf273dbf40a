//! A path of this door leads to the same place with a slash at its end and without.

use axum::{Router, routing::MethodRouter};

use crate::Door;

/// Routes that are found both ways. Every route under `/api/` is added by this.
pub trait BothWays {
    /// Adds a route, whose path may be written either way.
    fn both_ways(self, path: &str, methods: MethodRouter<Door>) -> Self;
}

impl BothWays for Router<Door> {
    fn both_ways(self, path: &str, methods: MethodRouter<Door>) -> Router<Door> {
        let plain = path.trim_end_matches('/');
        self.route(plain, methods.clone()).route(&format!("{plain}/"), methods)
    }
}
