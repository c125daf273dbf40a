//! Contacts: persons on a channel, and the visitor who claims to be one.

mod page_views;
mod sql;

use std::{fmt, net::IpAddr};

use jiff::Timestamp;

use crate::{
    Error, Result,
    ids::{ChannelId, ContactId, ConversationId},
};

pub use page_views::{Page, PageView, page_views, see_page};

/// What a channel calls a contact: the session id that the visitor's browser has chosen. It is a bearer secret and shows in no log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// The most characters it may have.
    pub const LONGEST: usize = 200;

    /// # Errors
    /// [`Error::Invalid`] unless it has 1 to 200 characters and no control characters.
    pub fn parse(text: &str) -> Result<ExternalId> {
        let fits = !text.trim().is_empty() && text.chars().count() <= Self::LONGEST;
        if fits && !text.chars().any(char::is_control) {
            return Ok(ExternalId(text.to_owned()));
        }
        Err(Error::invalid("external_id", "must have 1 to 200 printable characters"))
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(hidden)")
    }
}

/// A person on a channel.
#[derive(Clone, Debug)]
pub struct Contact {
    pub id: ContactId,
    pub external_id: ExternalId,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Since when the id is only believed with a proof; name, address and number may then be the shop's own word.
    pub verified_at: Option<Timestamp>,
    /// Since when what they write is refused.
    pub blocked_at: Option<Timestamp>,
}

/// By which way a visitor comes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WayIn {
    /// The public token of a channel, or an embed token.
    Token(String),
    /// A mobile channel: its id stands in the app.
    MobileChannel(ChannelId),
    /// A conversation that is there already and the visitor's own.
    Conversation(ConversationId),
}

/// What shows that a visitor is who they say. The shop's own server makes it with a secret of the channel ([`crate::identity`]).
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The HMAC-SHA-256 of the external id, in hex digits.
    Hash(String),
    /// A JWT signed with HS256: `sub` is the external id, `exp` its end; `name`, `email` and `phone` describe the person.
    Jwt(String),
}

impl Proof {
    /// The proof that a text is: a JWT has dots, hex digits have none.
    pub fn parse(text: String) -> Proof {
        if text.contains('.') { Proof::Jwt(text) } else { Proof::Hash(text) }
    }

    /// What was given, where each form has a name of its own. Of both the token counts: it says more.
    pub fn given(hash: Option<String>, token: Option<String>) -> Option<Proof> {
        token.map(Proof::Jwt).or(hash.map(Proof::Hash))
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(hidden)")
    }
}

/// Somebody who talks to a channel without signing in. All of it is hearsay until the core has checked it.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub way_in: WayIn,
    pub external_id: ExternalId,
    /// One that does not hold is refused, so whoever was let in with one is verified.
    pub proof: Option<Proof>,
    /// Where the connection comes from, for the rate limits.
    pub address: IpAddr,
}

/// The name a visitor gives, cut to what a list can show; an empty one is none.
pub(crate) fn display_name(given: Option<String>) -> Result<Option<String>> {
    let Some(given) = given else { return Ok(None) };
    let name = given.trim();
    match name.chars().count() {
        0 => Ok(None),
        1..=100 if !name.chars().any(char::is_control) => Ok(Some(name.to_owned())),
        _ => Err(Error::invalid("contact_name", "must have at most 100 printable characters")),
    }
}

/// An e-mail address, as it is kept: in lower case. `None` for a text that is none.
pub(crate) fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let strange = |c: char| c.is_whitespace() || c.is_control() || "@,;<>()[]\\\"".contains(c);
    let dotted = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let fits = !local.is_empty()
        && dotted
        && text.len() <= 254
        && !local.contains(strange)
        && !domain.contains(strange);
    fits.then(|| text.to_lowercase())
}

/// A phone number, as it is kept: its 6 to 15 digits, after a `+` if there was one. `None` for a text that is none.
pub(crate) fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let (plus, digits) = match text.strip_prefix('+') {
        Some(digits) => ("+", digits),
        None => ("", text),
    };
    if !digits.chars().all(|c| c.is_ascii_digit() || " -./()".contains(c)) {
        return None;
    }
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    (6..=15).contains(&digits.len()).then(|| format!("{plus}{digits}"))
}
