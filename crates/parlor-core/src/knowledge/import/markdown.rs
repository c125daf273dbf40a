//! Markdown: each first-level heading begins an article. What is written stays as it is written.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Piece;

/// A heading of the text itself, not of a quotation or a list in it.
struct Heading {
    level: HeadingLevel,
    place: Range<usize>,
    words: String,
}

/// The pieces of a text, in order; what stands before the first heading is one, too, and has no title.
pub fn read(markdown: &str) -> Vec<Piece> {
    let (start, headings) = headings(markdown);
    let first_level: Vec<&Heading> =
        headings.iter().filter(|heading| heading.level == HeadingLevel::H1).collect();
    let body = |range: Range<usize>| markdown[range].trim().to_owned();
    let preamble_ends = first_level.first().map_or(markdown.len(), |heading| heading.place.start);
    let mut pieces = vec![Piece { title: None, body: body(start.min(preamble_ends)..preamble_ends) }];
    if first_level.is_empty() {
        pieces[0].title = headings.first().map(|heading| heading.words.clone());
    }
    for (index, heading) in first_level.iter().enumerate() {
        let ends = first_level.get(index + 1).map_or(markdown.len(), |next| next.place.start);
        let title = Some(heading.words.clone()).filter(|words| !words.is_empty());
        pieces.push(Piece { title, body: body(heading.place.end..ends) });
    }
    pieces
}

/// Where the text begins, behind what is said about it in front, and its headings.
fn headings(markdown: &str) -> (usize, Vec<Heading>) {
    let options = Options::ENABLE_YAML_STYLE_METADATA_BLOCKS | Options::ENABLE_TABLES;
    let (mut start, mut depth) = (0, 0_usize);
    let (mut headings, mut open): (Vec<Heading>, Option<Heading>) = (Vec::new(), None);
    for (event, place) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::Heading { level, .. } if depth == 0 => {
                        open = Some(Heading { level, place, words: String::new() });
                    }
                    Tag::MetadataBlock(_) if headings.is_empty() && open.is_none() => start = place.end,
                    _ => {}
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && matches!(tag, TagEnd::Heading(_)) {
                    headings.extend(open.take());
                }
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut open {
                    heading.words.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut open {
                    heading.words.push(' ');
                }
            }
            _ => {}
        }
    }
    (start, headings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(markdown: &str) -> Vec<(Option<String>, String)> {
        read(markdown).into_iter().map(|piece| (piece.title, piece.body)).collect()
    }

    fn piece(title: Option<&str>, body: &str) -> (Option<String>, String) {
        (title.map(str::to_owned), body.to_owned())
    }

    #[test]
    fn each_first_level_heading_begins_a_piece() {
        let text = "Before.\n\n# Shipping *now*\n\nTwo days.\n\n## Abroad\n\nFour.\n\nReturns `here`\n=====\n\nThirty days.\n";
        assert_eq!(
            pieces(text),
            [
                piece(None, "Before."),
                piece(Some("Shipping now"), "Two days.\n\n## Abroad\n\nFour."),
                piece(Some("Returns here"), "Thirty days.")
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_heading_begins_none() {
        let text = "# One\n\n```sh\n# a comment\n```\n\n    # code\n\n> # quoted\n\n- # in a list\n\n#hash\n\n\\# escaped";
        assert_eq!(pieces(text).len(), 2);
    }

    #[test]
    fn what_is_said_about_a_text_in_front_is_no_part_of_it() {
        let text = "---\ntitle: Shipping\ntags: [a]\n---\nTwo days.\n\n## Abroad\n\nFour.";
        assert_eq!(pieces(text), [piece(Some("Abroad"), "Two days.\n\n## Abroad\n\nFour.")]);
    }
}
