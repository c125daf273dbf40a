//! The readable text of a page: headings, paragraphs, lists and tables as Markdown, and nothing of what makes a page a page.
//!
//! It is only ever read as text, so nothing has to be understood that a browser would do; it has to end soon, whatever it is given. Every byte is
//! looked at once.

use quick_xml::escape::resolve_html5_entity;

use super::Piece;

/// What holds no text for readers, or text that is on every page.
const PASSED_OVER: &[&str] = &[
    "script", "style", "noscript", "template", "iframe", "object", "svg", "math", "textarea", "select",
    "button", "nav", "footer",
];
/// In these a browser reads everything up to the end as text.
const RAW: &[&str] = &["script", "style", "iframe", "textarea", "title"];
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "details",
    "dialog",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "legend",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];
const LINES: &[&str] = &["br", "dd", "dt", "li", "option", "tr"];

/// The most characters between `&` and `;`.
const LONGEST_ENTITY: usize = 32;

/// The text of a page. Where it says what is its main part, that part.
pub fn read(html: &str) -> Piece {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        page.text(&rest[..at]);
        rest = page.markup(&rest[at..]);
    }
    page.text(rest);
    page.done()
}

#[derive(Default)]
struct Page {
    title: Option<String>,
    heading: Option<Heading>,
    out: String,
    gap: Gap,
    /// The element that is passed over, and how often it is open.
    passing: Option<(&'static str, usize)>,
    /// How many `pre` are open.
    as_it_stands: usize,
    /// Whether a list's item is open: what it holds stands on lines of its own, without gaps.
    item: bool,
    main: Main,
}

/// What separates the next word from the one before it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Block,
}

/// The first `h1`, by where it begins and ends.
#[derive(Clone, Copy)]
struct Heading {
    from: usize,
    until: Option<usize>,
}

/// The main part of the page, by where it begins and ends.
#[derive(Clone, Copy, Default)]
enum Main {
    #[default]
    Nowhere,
    From(usize),
    Within(usize, usize),
}

/// One tag.
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    /// What follows it.
    rest: &'a str,
}

impl Page {
    /// Reads what begins with `<`, and says what follows it.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.find("-->").map_or("", |end| &comment[end + 3..]);
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
        let Some(tag) = tag(rest) else {
            self.text("<");
            return &rest[1..];
        };
        let name = tag.name.to_ascii_lowercase();
        if !tag.closes && RAW.contains(&name.as_str()) {
            let (inside, after) = until_closed(tag.rest, &name);
            if name == "title" && self.title.is_none() && self.passing.is_none() {
                self.title = Some(words(&decoded(inside))).filter(|title| !title.is_empty());
            }
            return after;
        }
        if let Some((passed, open)) = &mut self.passing {
            if *passed == name {
                *open = if tag.closes { *open - 1 } else { *open + 1 };
                if *open == 0 {
                    self.passing = None;
                }
            }
            return tag.rest;
        }
        match PASSED_OVER.iter().find(|passed| **passed == name) {
            Some(passed) if !tag.closes => self.passing = Some((passed, 1)),
            Some(_) => {}
            None => self.element(&name, tag.closes),
        }
        tag.rest
    }

    fn element(&mut self, name: &str, closes: bool) {
        if matches!(name, "ul" | "ol" | "li") {
            self.item = name == "li" || (self.item && !closes);
        }
        if LINES.contains(&name) {
            self.gap = self.gap.max(Gap::Line);
        } else if BLOCKS.contains(&name) {
            self.separate(if self.item { Gap::Line } else { Gap::Block });
        }
        match (name, closes) {
            ("li", false) => self.say("- "),
            ("td" | "th", false) if self.gap < Gap::Line && !self.out.is_empty() => self.say(" | "),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                let level = usize::from(name.as_bytes()[1] - b'0');
                self.say(&format!("{} ", "#".repeat(level)));
                if name == "h1" && self.heading.is_none() {
                    self.heading = Some(Heading { from: self.out.len(), until: None });
                }
            }
            ("h1", true) => {
                if let Some(heading) = &mut self.heading {
                    heading.until = heading.until.or(Some(self.out.len()));
                }
            }
            ("pre", false) => self.as_it_stands += 1,
            ("pre", true) => self.as_it_stands = self.as_it_stands.saturating_sub(1),
            ("main", false) if matches!(self.main, Main::Nowhere) => self.main = Main::From(self.out.len()),
            ("main", true) => {
                if let Main::From(from) = self.main {
                    self.main = Main::Within(from, self.out.len());
                }
            }
            _ => {}
        }
    }

    fn separate(&mut self, gap: Gap) {
        // A bullet or the mark of a heading stays with its words.
        let marked = match gap {
            Gap::Space => self.out.ends_with(' '),
            Gap::Line | Gap::Block => self.out.ends_with("- ") || self.out.ends_with("# "),
            Gap::None => false,
        };
        if !marked {
            self.gap = self.gap.max(gap);
        }
    }

    /// Says something after the gap that is due.
    fn say(&mut self, words: &str) {
        if !self.out.is_empty() {
            self.out.push_str(match self.gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Block => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.out.push_str(words);
    }

    fn text(&mut self, raw: &str) {
        if self.passing.is_some() || raw.is_empty() {
            return;
        }
        let text = decoded(raw);
        if self.as_it_stands > 0 {
            if !text.is_empty() {
                self.say(&text);
            }
            return;
        }
        if text.starts_with(char::is_whitespace) {
            self.separate(Gap::Space);
        }
        for word in text.split_whitespace() {
            self.say(word);
            self.gap = Gap::Space;
        }
        if !text.ends_with(char::is_whitespace) && !text.trim().is_empty() {
            self.gap = Gap::None;
        }
    }

    fn done(self) -> Piece {
        let heading = self.heading.and_then(|heading| {
            let said = self.out.get(heading.from..heading.until.unwrap_or(self.out.len()))?;
            Some(words(said)).filter(|words| !words.is_empty())
        });
        let whole = match self.main {
            Main::Nowhere => &self.out[..],
            Main::From(from) => &self.out[from..],
            Main::Within(from, until) => &self.out[from..until],
        };
        let body = if whole.trim().is_empty() { self.out.trim() } else { whole.trim() };
        Piece { title: heading.or(self.title), body: body.to_owned() }
    }
}

/// The tag at the beginning of `rest`, which is a `<`; `None` if it is a mere sign. What never ends has everything in it.
fn tag(rest: &str) -> Option<Tag<'_>> {
    let bytes = rest.as_bytes();
    let closes = bytes.get(1) == Some(&b'/');
    let from = if closes { 2 } else { 1 };
    if !bytes.get(from)?.is_ascii_alphabetic() {
        return None;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    let until = bytes[from..].iter().position(ends).map_or(bytes.len(), |length| from + length);
    // A value in quotes may hold a `>`.
    let (mut quote, mut before) = (None, b' ');
    for (at, &byte) in bytes.iter().enumerate().skip(until) {
        match quote {
            Some(mark) if byte == mark => quote = None,
            Some(_) => {}
            None if byte == b'>' => {
                return Some(Tag { name: &rest[from..until], closes, rest: &rest[at + 1..] });
            }
            None if before == b'=' && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    Some(Tag { name: &rest[from..until], closes, rest: "" })
}

/// What stands before the end of an element that holds text alone, and what follows it.
fn until_closed<'a>(rest: &'a str, name: &str) -> (&'a str, &'a str) {
    for (at, _) in rest.match_indices("</") {
        let named = rest.as_bytes()[at + 2..].get(..name.len());
        if named.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            let after = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
            return (&rest[..at], after);
        }
    }
    (rest, "")
}

/// Text with its entities resolved and without what cannot be seen.
fn decoded(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST_ENTITY + 2).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((resolved, end)) => {
                text.push_str(&resolved);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    let unseen = |c: char| {
        c.is_control() && !c.is_whitespace() || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
    };
    text.retain(|c| !unseen(c));
    text
}

fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(str::to_owned) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    let resolved = char::from_u32(code).filter(|&c| c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER);
    Some(resolved.to_string())
}

/// On one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(html: &str) -> String {
        read(html).body
    }

    #[test]
    fn a_page_is_read_as_a_person_reads_it() {
        let page = read(
            "<!doctype html><html><head><title>Help &ndash; Fern &amp; Pot</title><style>p > a { color: red }</style>
             <script>if (a < b) document.write('<p>no</p>');</script></head>
             <body><nav><a href=/>Home</a><nav>deep</nav></nav>
             <main><h1>Shipping\n  and <em>returns</em></h1><p>Within&nbsp;Germany: <b>two</b> days,<br>abroad four.</p>
             <ul><li>DHL</li><li>UPS &mdash; on&#32;request</ul><!-- <p>hidden</p> -->
             <table><tr><th>Land<th>Price</tr><tr><td>DE</td><td>4,90&nbsp;&euro;</td></tr></table>
             <pre>a\n  b</pre></main><footer>&copy; 2026</footer></body></html>",
        );
        assert_eq!(page.title.as_deref(), Some("Shipping and returns"));
        assert_eq!(
            page.body,
            "# Shipping and returns\n\nWithin Germany: two days,\nabroad four.\n\n- DHL\n- UPS — on request\n\nLand | Price\nDE | 4,90 €\n\na\n  b"
        );
        assert_eq!(read("<title>Only &lt;this&gt;</title>text").title.as_deref(), Some("Only <this>"));
    }

    #[test]
    fn words_stay_apart_or_together_as_they_are_shown() {
        assert_eq!(body("a<b>b</b> c<i> d</i>e<span> </span>f"), "ab c de f");
        assert_eq!(body("<div>one</div><div>two</div>three"), "one\n\ntwo\n\nthree");
        assert_eq!(
            body("5 < 6 && 7 > 6 &unknown; &amp &#0; &#x1F33F; &#xD800;"),
            "5 < 6 && 7 > 6 &unknown; &amp \u{fffd} 🌿 \u{fffd}"
        );
        assert_eq!(body("so\u{ad}ft\u{200b}\u{7}"), "soft");
    }

    #[test]
    fn what_breaks_off_or_lies_about_itself_is_no_trouble() {
        for nothing in [
            "<script>alert(1)",
            "<style>",
            "<!-- ",
            "<p title='",
            "<",
            "</",
            "<nav>menu",
            "<svg><title>x</title>",
            "<iframe src=x>",
        ] {
            let read = body(nothing);
            assert!(read.is_empty() || read == nothing, "{nothing}: {read}");
        }
        assert_eq!(body("<p title=\"a > b\" data-x='</p>'>text</p>"), "text");
        assert_eq!(body("<SCRIPT>x</sCrIpT >text"), "text");
        assert_eq!(body("</nav></pre></main></h1>text"), "text");
        assert_eq!(body("&lt;script&gt;alert(1)&lt;/script&gt;"), "<script>alert(1)</script>");
    }

    proptest! {
        #[test]
        fn every_text_is_read_to_its_end(html in "(<[a-z/!?\"'= -]{0,12}>?|&[#a-zA-Z0-9]{0,6};?|[^<&]{0,6}|</?(script|title|nav|pre|main|h1|li|td)>){0,40}") {
            let text = body(&html);
            prop_assert!(text.len() <= html.len() * 4 + 64);
        }
    }
}
