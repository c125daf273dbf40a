//! Who a visitor says to be, wherever this door is told (`org.md` V).

use door_kit::Address;
use parlor_core::contacts::{ExternalId, Proof, Visitor, WayIn};
use serde::Deserialize;

use crate::error::Result;

/// `external_id`, and on a verified channel a proof of it. In a query by itself, in a body beside other fields by `#[serde(flatten)]`.
#[derive(Deserialize)]
pub struct VisitorParams {
    pub external_id: String,
    /// HMAC-SHA-256 of `external_id` under a secret of the channel, in hex digits.
    pub identity_hash: Option<String>,
    /// A JWT (HS256) under a secret of the channel, `sub` the `external_id`.
    pub identity_token: Option<String>,
}

impl VisitorParams {
    /// The visitor, as hearsay: the core checks it.
    pub fn visitor(self, way_in: WayIn, address: Address) -> Result<Visitor> {
        Ok(Visitor {
            way_in,
            external_id: ExternalId::parse(&self.external_id)?,
            proof: Proof::given(self.identity_hash, self.identity_token),
            address: address.0,
        })
    }
}
