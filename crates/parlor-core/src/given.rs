//! Reads what somebody has given, and names by its path whatever does not fit.

use std::{borrow::Cow, ops::RangeInclusive};

use serde_json::{Map, Value as Json};

use crate::{Error, Result};

/// A value, and the way to it: `settings.pre_chat.fields[0].label`.
pub(crate) struct Given<'a> {
    path: String,
    value: &'a Json,
}

/// The members of an object.
pub(crate) struct Members<'a> {
    path: String,
    members: &'a Map<String, Json>,
}

impl<'a> Given<'a> {
    pub fn at(path: &str, value: &'a Json) -> Given<'a> {
        Given { path: path.to_owned(), value }
    }

    pub fn wrong(&self, problem: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid(self.path.clone(), problem)
    }

    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// An object that has nothing but these.
    pub fn members(&self, known: &[&str]) -> Result<Members<'a>> {
        let members = self.value.as_object().ok_or_else(|| self.wrong("must be an object"))?;
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            // The name is somebody's and may be long or odd, so it is not repeated.
            Some(_) => Err(self.wrong(format!("must hold nothing but {}", known.join(", ")))),
            None => Ok(Members { path: self.path.clone(), members }),
        }
    }

    /// The items of a list that has no more than `most`.
    pub fn items(&self, most: usize) -> Result<Vec<Given<'a>>> {
        let items = self.value.as_array().filter(|items| items.len() <= most);
        let items = items.ok_or_else(|| self.wrong(format!("must be a list of at most {most}")))?;
        let at = |(index, value)| Given { path: format!("{}[{index}]", self.path), value };
        Ok(items.iter().enumerate().map(at).collect())
    }

    pub fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a text"))
    }

    /// Words on one line, trimmed.
    pub fn line(&self, length: RangeInclusive<usize>) -> Result<String> {
        let text = self.value.as_str().map(str::trim);
        match text.filter(|text| length.contains(&text.chars().count()) && !text.contains(char::is_control)) {
            Some(text) => Ok(text.to_owned()),
            None => {
                let (least, most) = length.into_inner();
                Err(self.wrong(format!("must have {least} to {most} printable characters")))
            }
        }
    }

    /// Words on any number of lines.
    pub fn words(&self, most: usize) -> Result<String> {
        let text = self.value.as_str();
        let fits = |text: &&str| text.chars().count() <= most && !text.contains('\0');
        match text.filter(fits) {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.wrong(format!("must have at most {most} characters and no NUL"))),
        }
    }

    pub fn truth(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false"))
    }

    /// One of several names.
    pub fn one_of<T: Copy>(&self, all: &[T], name: fn(T) -> &'static str) -> Result<T> {
        let found = all.iter().find(|&&known| self.value.as_str() == Some(name(known)));
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|&known| name(known)).collect();
            match names.split_last() {
                Some((last, others)) if !others.is_empty() => {
                    self.wrong(format!("must be {} or {last}", others.join(", ")))
                }
                _ => self.wrong(format!("must be {}", names.concat())),
            }
        })
    }
}

impl<'a> Members<'a> {
    /// A member that may be null.
    pub fn given(&self, name: &str) -> Option<Given<'a>> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.members.get(name).map(|value| Given { path, value })
    }

    /// A member that may be missing; a null counts as nothing.
    pub fn optional(&self, name: &str) -> Option<Given<'a>> {
        self.given(name).filter(|given| !given.is_null())
    }

    pub fn required(&self, name: &str) -> Result<Given<'a>> {
        self.optional(name).ok_or_else(|| Error::invalid(format!("{}.{name}", self.path), "is required"))
    }
}
