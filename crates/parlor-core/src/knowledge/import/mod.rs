//! Makes articles of what somebody has written elsewhere. Nothing is fetched: what is imported is what was handed in.

mod html;
mod markdown;

use super::{LONGEST_BODY, LONGEST_TITLE, NewArticle};
use crate::{Error, Result, text_enum};

/// The most bytes that are read at once.
const LARGEST: usize = 1 << 20;
/// The most articles that come of it.
const MOST_ARTICLES: usize = 100;

text_enum! {
    /// How something is written.
    Format { Markdown = "markdown", Html = "html", Text = "text" }
}

/// What is to become articles.
#[derive(Clone, Debug)]
pub struct Import {
    pub format: Format,
    pub content: String,
    /// Of one article, or of what stands before the first heading of several. Without it a heading or the first line is the title.
    pub title: Option<String>,
    /// Where visitors can read all of it.
    pub url: Option<String>,
}

/// A piece of what was handed in.
struct Piece {
    title: Option<String>,
    body: String,
}

impl Import {
    /// What is so large that reading it would take long, or holds what no database takes, is not read at all.
    pub(super) fn check(&self) -> Result<()> {
        if self.content.len() > LARGEST {
            return Err(Error::invalid("content", "must have at most 1 MiB"));
        }
        if self.content.contains('\0') {
            return Err(Error::invalid("content", "must not hold a NUL character"));
        }
        Ok(())
    }

    /// The articles that come of it; at least one. Takes a moment: not for the runtime.
    pub(super) fn articles(self) -> Result<Vec<NewArticle>> {
        let pieces = match self.format {
            Format::Markdown => markdown::read(&self.content),
            Format::Html => vec![html::read(&self.content)],
            Format::Text => vec![Piece { title: None, body: self.content.trim().to_owned() }],
        };
        // A heading with nothing below it says nothing that could be asked for.
        let pieces: Vec<Piece> = pieces.into_iter().filter(|piece| !piece.body.is_empty()).collect();
        if pieces.is_empty() {
            return Err(Error::invalid("content", "must hold a text to read"));
        }
        if pieces.len() > MOST_ARTICLES {
            return Err(Error::invalid("content", "must have at most 100 first-level headings"));
        }
        let several = pieces.len() > 1;
        let article = |Piece { title, body }: Piece| {
            if body.chars().count() > LONGEST_BODY {
                return Err(Error::invalid("content", "must have at most 100,000 characters an article"));
            }
            let title = match (&self.title, title) {
                (None, own) => own.unwrap_or_else(|| first_line(&body)),
                (Some(_), Some(own)) if several => own,
                (Some(given), _) => given.clone(),
            };
            NewArticle { title: shortened(&title), body, url: self.url.clone() }.checked()
        };
        if let Some(title) = &self.title {
            super::checked_title(title)?;
        }
        pieces.into_iter().map(article).collect()
    }
}

fn first_line(body: &str) -> String {
    let line = body.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
    line.unwrap_or_default().to_owned()
}

/// What was no title to begin with may be too long for one.
fn shortened(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    if plain.chars().count() <= LONGEST_TITLE {
        return plain.to_owned();
    }
    let mut cut: String = plain.chars().take(LONGEST_TITLE - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}
