//! What a file is: found in its bytes, whatever its sender says.

use crate::text_enum;

text_enum! {
    /// What is taken. Nothing in it runs anywhere by being shown.
    Kind {
        Png = "image/png",
        Jpeg = "image/jpeg",
        Gif = "image/gif",
        Webp = "image/webp",
        Pdf = "application/pdf",
        Zip = "application/zip",
        Docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Mp3 = "audio/mpeg",
        M4a = "audio/mp4",
        Ogg = "audio/ogg",
        Wav = "audio/wav",
        Mp4 = "video/mp4",
        Webm = "video/webm",
        Text = "text/plain",
        Csv = "text/csv",
    }
}

impl Kind {
    /// The extensions that its names may have; the first is given to a name that has none of them.
    pub(super) const fn extensions(self) -> &'static [&'static str] {
        match self {
            Kind::Png => &["png"],
            Kind::Jpeg => &["jpg", "jpeg"],
            Kind::Gif => &["gif"],
            Kind::Webp => &["webp"],
            Kind::Pdf => &["pdf"],
            // An office document whose parts come in another order looks like any archive.
            Kind::Zip => &["zip", "docx", "xlsx", "pptx"],
            Kind::Docx => &["docx"],
            Kind::Xlsx => &["xlsx"],
            Kind::Pptx => &["pptx"],
            Kind::Mp3 => &["mp3"],
            Kind::M4a => &["m4a"],
            Kind::Ogg => &["ogg", "oga", "opus"],
            Kind::Wav => &["wav"],
            Kind::Mp4 => &["mp4", "m4v"],
            Kind::Webm => &["webm"],
            Kind::Text => &["txt", "log", "md"],
            Kind::Csv => &["csv"],
        }
    }

    /// Whether it is a picture that can be decoded and shown.
    pub fn is_picture(self) -> bool {
        matches!(self, Kind::Png | Kind::Jpeg | Kind::Gif | Kind::Webp)
    }

    /// Whether all of it has to be text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::Csv)
    }
}

/// How many bytes [`sniff`] wants to see, if there are so many.
pub(super) const HEAD: usize = 8 * 1024;

/// What begins like this; `None` for whatever is not taken. A text still has to prove that it goes on as one.
pub(super) fn sniff(head: &[u8], name: &str) -> Option<Kind> {
    let found = infer::get(head).map(|found| found.mime_type());
    let kind = match found {
        Some("image/png") => Kind::Png,
        Some("image/jpeg") => Kind::Jpeg,
        Some("image/gif") => Kind::Gif,
        Some("image/webp") => Kind::Webp,
        Some("application/pdf") => Kind::Pdf,
        Some("application/zip") => Kind::Zip,
        Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document") => Kind::Docx,
        Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet") => Kind::Xlsx,
        Some("application/vnd.openxmlformats-officedocument.presentationml.presentation") => Kind::Pptx,
        Some("audio/mpeg") => Kind::Mp3,
        Some("audio/m4a") => Kind::M4a,
        Some("audio/ogg" | "audio/opus") => Kind::Ogg,
        Some("audio/x-wav") => Kind::Wav,
        Some("video/mp4" | "video/x-m4v") => Kind::Mp4,
        Some("video/webm") => Kind::Webm,
        // Some formats are known by two letters that a text may begin with, too.
        _ => text(head, name)?,
    };
    Some(kind)
}

fn text(head: &[u8], name: &str) -> Option<Kind> {
    let mut reader = TextReader::default();
    reader.read(head)?;
    let begin = String::from_utf8_lossy(head);
    if begin.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with('<') {
        // Markup of some kind: HTML, SVG, XML.
        return None;
    }
    let csv = name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("csv"));
    Some(if csv { Kind::Csv } else { Kind::Text })
}

/// Reads a text piece by piece: UTF-8 without control characters other than those of lines.
#[derive(Default)]
pub(super) struct TextReader {
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl TextReader {
    /// `None` when it is no text.
    pub fn read(&mut self, piece: &[u8]) -> Option<()> {
        let foreign = |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
        if piece.iter().any(foreign) {
            return None;
        }
        self.begun.extend_from_slice(piece);
        match std::str::from_utf8(&self.begun) {
            Ok(_) => self.begun.clear(),
            Err(error) if error.error_len().is_none() => drop(self.begun.drain(..error.valid_up_to())),
            Err(_) => return None,
        }
        Some(())
    }

    /// `None` when it ends within a character.
    pub fn end(&self) -> Option<()> {
        self.begun.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_stands_in_its_bytes() {
        let taken: [(&[u8], &str, Kind); 9] = [
            (b"\x89PNG\r\n\x1a\nrest", "x.html", Kind::Png),
            (b"GIF89a/*", "x.js", Kind::Gif),
            (b"%PDF-1.7\n", "invoice", Kind::Pdf),
            (b"PK\x03\x04rest", "x", Kind::Zip),
            (b"RIFF\x00\x00\x00\x00WAVEfmt ", "x", Kind::Wav),
            (b"a,b\r\n1,2\r\n", "table.CSV", Kind::Csv),
            (b"BMW, MZ and #!/bin/sh are words", "x", Kind::Text),
            ("Grüße".as_bytes(), "x.csv.txt", Kind::Text),
            (b"1 < 2", "x", Kind::Text),
        ];
        for (bytes, name, kind) in taken {
            assert_eq!(sniff(bytes, name), Some(kind), "{bytes:?}");
        }
        let refused: [&[u8]; 9] = [
            b"<!DOCTYPE html><p>hi",
            b"\xef\xbb\xbf \n<html>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<?xml version='1.0'?>",
            b"MZ\x90\x00\x03",
            b"\x7fELF\x02\x01",
            b"BM\x00\x00\x00\x00",
            b"a text with a NUL\0 in it",
            b"no \xff UTF-8",
        ];
        for bytes in refused {
            assert_eq!(sniff(bytes, "x.txt"), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_text_may_be_cut_anywhere_but_at_its_end() {
        for at in 0.."Grüße 🎉".len() {
            let (one, other) = "Grüße 🎉".as_bytes().split_at(at);
            let mut reader = TextReader::default();
            assert!(reader.read(one).and(reader.read(other)).and(reader.end()).is_some(), "{at}");
        }
        let mut reader = TextReader::default();
        assert!(reader.read(&"é".as_bytes()[..1]).is_some());
        assert!(reader.end().is_none());
    }
}
