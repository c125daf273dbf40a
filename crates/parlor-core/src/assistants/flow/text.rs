//! Texts with names in them: `Hello {{contact.name|there}}`. What stands for a name is plain text and is not looked at again.

use super::machine::Facts;
use crate::conversations::LONGEST_TEXT;

/// A text whose names have been found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Plain(String),
    Named { name: String, fallback: String },
}

impl Template {
    /// # Errors
    /// What is wrong, for whoever wrote it.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((plain, tail)) = rest.split_once("{{") {
            let Some((inside, tail)) = tail.split_once("}}") else {
                return Err("has `{{` without `}}` in a text".into());
            };
            let (name, fallback) = inside.split_once('|').unwrap_or((inside, ""));
            let (name, fallback) = (name.trim().to_owned(), fallback.trim().to_owned());
            if name.is_empty() || fallback.contains("{{") {
                return Err("has `{{…}}` without a plain name in a text".into());
            }
            if !plain.is_empty() {
                parts.push(Part::Plain(plain.to_owned()));
            }
            parts.push(Part::Named { name, fallback });
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Plain(rest.to_owned()));
        }
        Ok(Template(parts))
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Plain(_) => None,
            Part::Named { name, .. } => Some(name.as_str()),
        })
    }

    /// The text for somebody; no longer than a message may be.
    pub fn render(&self, facts: &Facts<'_>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Named { name, fallback } => {
                    text.push_str(facts.value(name).filter(|value| !value.is_empty()).unwrap_or(fallback));
                }
            }
        }
        let text = text.trim();
        match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => text[..end].to_owned(),
            None => text.to_owned(),
        }
    }
}
