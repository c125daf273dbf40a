//! Why a verb refuses. Each door has one translation of it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{actor::Permission, usage::Limit};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a verb refuses. The texts are meant for whoever called; only [`Error::Database`] and [`Error::Internal`] hide their cause.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or it is not yours: the two are never told apart.
    #[error("{0} not found.")]
    NotFound(&'static str),
    /// A value does not fit. `field` is the core's name of it, in snake case, or the path to it in a structured one
    /// (`rich_media.buttons[0].label`); a door spells it as its contract does.
    #[error("{field} {problem}.")]
    Invalid { field: Cow<'static, str>, problem: Cow<'static, str> },
    /// It does not fit the present state.
    #[error("{0}")]
    Conflict(&'static str),
    /// The channel is switched off.
    #[error("Channel is disabled.")]
    Disabled,
    /// The actor lacks a permission.
    #[error("Permission {} is required.", .0.as_str())]
    Forbidden(Permission),
    /// The actor's role is too low, or it takes a person.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The account's plan does not allow it.
    #[error("The plan does not allow this: {}.", .0.as_str())]
    Plan(Limit),
    /// The account has used up what it may use this month.
    #[error("The monthly limit is used up: {}.", .0.as_str())]
    Usage(Limit),
    /// A file has more bytes than this.
    #[error("The file is too large: at most {} may be sent.", mebibytes(*.0))]
    TooLarge(u64),
    /// A file is of a type that is not taken.
    #[error("Files of this type are not taken.")]
    UnknownType,
    /// Too often; try again after this long.
    #[error("Too many requests. Try again in {} s.", .0.as_secs_f64().ceil())]
    TooMany(Duration),
    /// The provider of an assistant's answers has failed; why, for staff.
    #[error("The assistant's provider gave no answer: {0}.")]
    Unavailable(String),
    /// The visitor's id needs a proof here, and the one given is missing or does not hold. Said before anything is looked up by the id.
    #[error("The visitor's identity is not verified.")]
    Unverified,
    /// Unknown person, wrong password, ended or expired sign-in.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The database failed or was misused; the cause is for the log.
    #[error("The database failed.")]
    Database(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Something else of ours failed; the cause is for the log.
    #[error("Something went wrong.")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn database(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Database(Arc::from(cause.into()))
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Internal(Arc::from(cause.into()))
    }

    pub(crate) fn invalid(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::Invalid { field: field.into(), problem: problem.into() }
    }

    /// The failure of a commit, once more for each write that shared it.
    pub(crate) fn again(&self) -> Error {
        match self {
            Error::Database(cause) | Error::Internal(cause) => Error::Database(cause.clone()),
            other => Error::database(other.to_string()),
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    if bytes.is_multiple_of(MEBIBYTE) {
        format!("{} MiB", bytes / MEBIBYTE)
    } else {
        format!("{bytes} bytes")
    }
}
