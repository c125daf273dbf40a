//! Whether a proof holds.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::Sha256;

use super::{place, sql};
use crate::{
    Error, Result,
    app::App,
    channels::{Channel, Identity},
    contacts::{self, Contact, ExternalId, Proof, Visitor},
    db::Tx,
    secrets,
};

/// How far the clocks of the shop's servers and ours may differ, in seconds.
const LEEWAY: f64 = 60.0;
/// A longer JWT is not looked at.
const LONGEST_JWT: usize = 4096;

/// What a proof says about a visitor beyond the id: nothing, if it is a hash. What does not fit a contact is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

impl Person {
    /// Whether the contact does not say all this yet.
    pub(crate) fn is_news_of(&self, contact: &Contact) -> bool {
        let differs = |said: &Option<String>, known: &Option<String>| said.is_some() && said != known;
        contact.verified_at.is_none()
            || differs(&self.name, &contact.display_name)
            || differs(&self.email, &contact.email)
            || differs(&self.phone, &contact.phone)
    }

    pub(crate) fn describe(&self, contact: &mut Contact, now: Timestamp) {
        let fill = |said: &Option<String>, known: &mut Option<String>| {
            if said.is_some() {
                known.clone_from(said);
            }
        };
        fill(&self.name, &mut contact.display_name);
        fill(&self.email, &mut contact.email);
        fill(&self.phone, &mut contact.phone);
        contact.verified_at.get_or_insert(now);
    }
}

/// Whether the channel takes the visitor at their word. `None` where no proof is given and none is needed; a proof that is given has to hold
/// everywhere. Nothing is looked up by the visitor's id.
///
/// # Errors
/// [`Error::Unverified`].
pub(crate) async fn check(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    visitor: &Visitor,
) -> Result<Option<Person>> {
    let Some(proof) = &visitor.proof else {
        return match channel.identity {
            Identity::Open => Ok(None),
            Identity::Verified => Err(Error::Unverified),
        };
    };
    let mut held = None;
    for (id, sealed) in sql::sealed(tx, channel.id).await? {
        let secret = app.secrets.open(&place(id), &sealed)?;
        held = held.or(holds(proof, &secret, &visitor.external_id, app.now()));
    }
    held.map(Some).ok_or(Error::Unverified)
}

fn holds(proof: &Proof, secret: &[u8], id: &ExternalId, now: Timestamp) -> Option<Person> {
    match proof {
        Proof::Hash(hash) => hash_holds(hash, secret, id).then(Person::default),
        Proof::Jwt(token) => jwt_holds(token, secret, id, now),
    }
}

fn hash_holds(hash: &str, secret: &[u8], id: &ExternalId) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(id.as_str().as_bytes());
    let expected = secrets::hex(&mac.finalize().into_bytes());
    secrets::equal(expected.as_bytes(), hash.to_ascii_lowercase().as_bytes())
}

/// Times are seconds since 1970, with or without a fraction.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

fn jwt_holds(token: &str, secret: &[u8], id: &ExternalId, now: Timestamp) -> Option<Person> {
    if token.len() > LONGEST_JWT {
        return None;
    }
    let mut validation = Validation::new(Algorithm::HS256);
    // Times are judged below, by our own clock; for whom the token is, the secret says.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(secret);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
    let now = now.as_second() as f64;
    let lives = now < claims.exp + LEEWAY && claims.nbf.is_none_or(|from| from - LEEWAY <= now);
    if !lives || claims.sub != id.as_str() {
        return None;
    }
    Some(Person {
        name: contacts::display_name(claims.name).ok().flatten(),
        email: claims.email.as_deref().and_then(contacts::email),
        phone: claims.phone.as_deref().and_then(contacts::phone),
    })
}
