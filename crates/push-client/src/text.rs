//! Cuts texts so that the JSON around them stays as small as a service wants it.

/// What a character takes up inside a JSON string.
fn size(c: char) -> usize {
    match c {
        '"' | '\\' | '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

/// As much of the text as takes up at most `room` bytes of JSON; what is cut off shows as `…`.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if text.chars().map(size).sum::<usize>() <= room {
        return text.to_owned();
    }
    let Some(mut left) = room.checked_sub(size('…')) else { return String::new() };
    let fits = |c: &char| match left.checked_sub(size(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_as_it_is_written() {
        for text in ["", "plain", "\"\\\n\t\r\u{8}\u{c}", "\u{1}\u{1f}\u{7f}", "Größe 😀 漢字"] {
            let written = serde_json::to_string(text).expect("a text is JSON").len() - 2;
            assert_eq!(text.chars().map(size).sum::<usize>(), written, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "lo…");
        assert_eq!(cut("äöüäöü", 8), "äö…");
        assert_eq!(cut("😀😀😀", 8), "😀…");
        assert_eq!(cut("\"\"\"", 5), "\"…");
        assert_eq!(cut("abcd", 3), "…");
        assert_eq!(cut("abc", 2), "");
    }
}
