//! Passwords: changed, reset, and hashed with Argon2id within the memory that an idle server should not keep.

use std::net::IpAddr;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt},
};

use super::{checked_email, sign_ins, sql};
use crate::{
    Error, Result,
    actor::Agent,
    app::App,
    limits::{self, Action},
    secrets,
};

const SHORTEST_PASSWORD: usize = 8;
/// A password is not longer than this: hashing takes time in proportion.
pub const LONGEST_PASSWORD: usize = 256;
/// The bytes that an allocator hands back to the system at once: beyond what glibc keeps for reuse (32 MiB at the most). Only what is
/// touched costs anything.
const HANDED_BACK: usize = 33 * 1024 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Password {
    Right,
    Wrong,
}

/// Changes a person's own password. All their other sign-ins end.
///
/// # Errors
/// [`Error::Invalid`] for a wrong present password and a new one that does not do; [`Error::TooMany`] when it was tried too often;
/// [`Error::Conflict`] when it was changed elsewhere at the same time.
pub async fn change_password(
    app: &App,
    agent: &Agent,
    current: String,
    new: String,
    address: IpAddr,
) -> Result<()> {
    // Whoever finds a browser open must not be able to guess on: these count with the sign-ins.
    app.limits.check(Action::AddressSignsIn, limits::network(address))?;
    app.limits.check(Action::PersonSignsIn, (&agent.email, limits::network(address)))?;
    check("new_password", &new)?;
    let id = agent.id;
    let known = app.db.read(move |tx| Box::pin(async move { sql::password_hash(tx, id).await })).await?;
    let known = known.ok_or(Error::NotFound("Agent"))?;
    if current.len() > LONGEST_PASSWORD || compare(app, known.clone(), current).await? == Password::Wrong {
        return Err(Error::invalid("current_password", "is wrong"));
    }
    let hash = hash(app, "new_password", new).await?;
    let (agent, now) = (agent.clone(), app.now());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                if sql::replace_password(tx, agent.id, &known, &hash).await? == 0 {
                    return Err(Error::Conflict("The password was changed elsewhere."));
                }
                sign_ins::end_all(tx, agent.id, Some(agent.sign_in), now).await
            })
        })
        .await
}

/// Gives a person a new password, for the operator. All their sign-ins end.
///
/// # Errors
/// [`Error::NotFound`] for an address that nobody has; [`Error::Invalid`] for a password that does not do.
pub async fn reset_password(app: &App, email: &str, new: String) -> Result<Agent> {
    let email = checked_email(email)?;
    let hash = hash(app, "password", new).await?;
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let known = sql::agent_by_email(tx, &email).await?;
                let (agent, known) = known.ok_or(Error::NotFound("Agent"))?;
                if sql::replace_password(tx, agent.id, &known, &hash).await? == 0 {
                    return Err(Error::Conflict("The password was changed elsewhere."));
                }
                sign_ins::end_all(tx, agent.id, None, now).await?;
                Ok(agent)
            })
        })
        .await
}

fn check(field: &'static str, password: &str) -> Result<()> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(Error::invalid(field, "must have 8 to 256 characters"));
    }
    Ok(())
}

/// Hashes a new password, to be stored as it comes out. `field` is what it is called where it is refused.
///
/// # Errors
/// [`Error::Invalid`] for one that is too short or too long.
pub async fn hash(app: &App, field: &'static str, password: String) -> Result<String> {
    check(field, &password)?;
    let hashed = app.aside(move || {
        let params = Params::default();
        let salt = Salt::new(&secrets::random::<16>()).ok()?;
        let output = digest(&params, password.as_bytes(), &salt)?;
        let hash = PasswordHash {
            algorithm: Ident::new(Algorithm::Argon2id.as_str()).ok()?,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).ok()?,
            salt: Some(salt),
            hash: Some(output),
        };
        Some(hash.to_string())
    });
    hashed.await?.ok_or_else(|| Error::internal("a password could not be hashed"))
}

/// Compares a password with a stored hash.
pub async fn compare(app: &App, hash: String, password: String) -> Result<Password> {
    let compare = move || {
        let known = PasswordHash::new(&hash).ok()?;
        let output = digest(&Params::try_from(&known).ok()?, password.as_bytes(), known.salt.as_ref()?)?;
        (known.hash? == output).then_some(())
    };
    Ok(app.aside(compare).await?.map_or(Password::Wrong, |()| Password::Right))
}

fn digest(params: &Params, password: &[u8], salt: &[u8]) -> Option<Output> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(HANDED_BACK / size_of::<Block>()));
    memory.resize(blocks, Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory)
        .ok()?;
    Output::new(&output).ok()
}

/// The hash that an unknown person's password is compared with.
#[derive(Default)]
pub struct Nobody(tokio::sync::OnceCell<String>);

impl Nobody {
    pub async fn hash(&self, app: &App) -> Result<String> {
        self.0.get_or_try_init(|| hash(app, "password", secrets::new_token(""))).await.cloned()
    }
}
