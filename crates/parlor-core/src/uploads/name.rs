//! The name that a file is offered under: its sender's word, so it is only ever shown.

use super::kind::Kind;

/// The most characters a name has.
const LONGEST: usize = 100;

/// Without folders, without characters that hide, reorder or mean something to a file system, with an extension that fits the bytes.
pub(super) fn clean(given: &str, kind: Kind) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = last.chars().filter(|&c| !hides(c)).map(|c| if forbidden(c) { '_' } else { c });
    let plain: String = plain.collect();
    let plain = plain.trim_matches(|c: char| c.is_whitespace() || c == '.');
    let (stem, extension) = match plain.rsplit_once('.') {
        Some((stem, extension)) if fits(extension, kind) => (stem, extension.to_owned()),
        _ => (plain, kind.extensions()[0].to_owned()),
    };
    let stem: String = stem.chars().take(LONGEST - 1 - extension.len()).collect();
    let stem = stem.trim_end_matches(|c: char| c.is_whitespace() || c == '.');
    let stem = if stem.is_empty() { "file" } else { stem };
    format!("{stem}.{extension}")
}

fn fits(extension: &str, kind: Kind) -> bool {
    kind.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension))
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn forbidden(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_only_a_name() {
        let cases = [
            ("photo.JPG", Kind::Jpeg, "photo.JPG"),
            ("../../etc/passwd", Kind::Text, "passwd.txt"),
            (r"C:\Users\me\bill.pdf", Kind::Pdf, "bill.pdf"),
            ("page.html", Kind::Text, "page.html.txt"),
            ("invoice\u{202e}fdp.exe", Kind::Pdf, "invoicefdp.exe.pdf"),
            ("a\r\nSet-Cookie: b.png", Kind::Png, "aSet-Cookie_ b.png"),
            ("...", Kind::Zip, "file.zip"),
            ("", Kind::Mp3, "file.mp3"),
            (".png", Kind::Png, "png.png"),
            ("Lieferschein Müller.pdf", Kind::Pdf, "Lieferschein Müller.pdf"),
        ];
        for (given, kind, name) in cases {
            assert_eq!(clean(given, kind), name);
        }
        assert_eq!(clean(&"ü".repeat(5000), Kind::Webp).chars().count(), LONGEST);
    }
}
