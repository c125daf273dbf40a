//! Why a call failed, and what of it the client may know.

use std::{error::Error, fmt};

/// The failure of a hub method.
///
/// Only the text of [`HubError::new`] ever reaches a client.
pub struct HubError(Kind);

enum Kind {
    Told(String),
    Internal { name: &'static str, source: Box<dyn Error + Send + Sync> },
    Unauthorized,
}

impl HubError {
    /// A failure that the client is told about: what other servers call a `HubException`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Kind::Told(text.into()))
    }

    /// A failure that the client only learns to have happened. The source is logged once, as an error;
    /// its text leaves the server only under [`detailed_errors`](crate::HubOptions::detailed_errors).
    pub fn internal<E: Into<Box<dyn Error + Send + Sync>>>(source: E) -> Self {
        Self(Kind::Internal { name: short_name::<E>(), source: source.into() })
    }

    /// The caller may not use this method.
    pub fn unauthorized() -> Self {
        Self(Kind::Unauthorized)
    }

    /// What the client is told when the method `name` ended with this error.
    pub(crate) fn completion_text(&self, name: &str, detailed: bool) -> String {
        match &self.0 {
            Kind::Unauthorized => format!("Failed to invoke '{name}' because user is unauthorized"),
            _ => format!(
                "An unexpected error occurred invoking '{name}' on the server.{}",
                self.suffix(detailed)
            ),
        }
    }

    /// What the client is told when a stream ended with this error.
    pub(crate) fn streaming_text(&self, detailed: bool) -> String {
        format!("An error occurred on the server while streaming results.{}", self.suffix(detailed))
    }

    /// What is added to a general text: everything of a told error, nothing of an internal one.
    pub(crate) fn suffix(&self, detailed: bool) -> String {
        match &self.0 {
            Kind::Told(text) => format!(" HubException: {text}"),
            Kind::Internal { name, source } if detailed => format!(" {name}: {source}"),
            Kind::Internal { .. } | Kind::Unauthorized => String::new(),
        }
    }

    /// Logs what nobody is told.
    pub(crate) fn log(&self, method: &str) {
        if let Kind::Internal { source, .. } = &self.0 {
            tracing::error!(method, error = &**source as &dyn Error, "hub method failed");
        }
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Told(text) => f.write_str(text),
            Kind::Internal { source, .. } => source.fmt(f),
            Kind::Unauthorized => f.write_str("user is unauthorized"),
        }
    }
}

impl fmt::Debug for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Told(text) => f.debug_tuple("HubError").field(text).finish(),
            Kind::Internal { source, .. } => f.debug_tuple("HubError").field(source).finish(),
            Kind::Unauthorized => f.write_str("HubError(Unauthorized)"),
        }
    }
}

impl Error for HubError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Internal { source, .. } => Some(&**source),
            Kind::Told(_) | Kind::Unauthorized => None,
        }
    }
}

/// The last part of a type's path, without its parameters.
fn short_name<T>() -> &'static str {
    let full = std::any::type_name::<T>();
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_told_texts_reach_the_client() {
        let told = HubError::new("No such room.");
        assert_eq!(
            told.completion_text("Join", false),
            "An unexpected error occurred invoking 'Join' on the server. HubException: No such room."
        );
        let internal = HubError::internal(std::io::Error::other("disk on fire"));
        assert_eq!(
            internal.completion_text("Join", false),
            "An unexpected error occurred invoking 'Join' on the server."
        );
        assert_eq!(
            internal.completion_text("Join", true),
            "An unexpected error occurred invoking 'Join' on the server. Error: disk on fire"
        );
    }
}
