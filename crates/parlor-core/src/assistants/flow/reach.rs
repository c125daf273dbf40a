//! Finds an e-mail address or a phone number in what somebody says.

use super::Reach;
use crate::contacts;

/// The one that is meant, spelled as it is kept; `None` when there is none, or more than one.
pub fn find(what: Reach, said: &str) -> Option<String> {
    match what {
        Reach::Email => email(said),
        Reach::Phone => contacts::phone(said),
    }
}

fn email(said: &str) -> Option<String> {
    let edges = |c: char| matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '.' | '!' | '?' | '"' | '\'');
    let words = said.split_whitespace().map(|word| word.trim_matches(edges));
    let mut found = words.filter_map(contacts::email);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
