//! Pictures: whether they are any, how large, and a small preview.

use std::{fs::File, io::BufReader, path::Path};

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};

use super::kind::Kind;

/// The longer side of a preview, in pixels.
const PREVIEW: u32 = 320;
/// The longest side that is decoded, in pixels.
const LONGEST_SIDE: u32 = 20_000;
/// The most memory a decoded picture takes, in bytes: some 60 million pixels.
const MOST_BYTES: u64 = 192 * 1024 * 1024;
/// JPEG's quality, of 100.
const QUALITY: u8 = 80;

/// What a picture looks like.
pub(super) struct Drawn {
    /// In pixels, the right way up.
    pub width: u32,
    pub height: u32,
    /// No metadata are in it.
    pub preview: Vec<u8>,
    pub preview_kind: Kind,
}

/// Decodes a picture and draws its preview; `None` if it cannot be decoded, or not within bounds. Takes long: not for the runtime.
pub(super) fn draw(path: &Path, kind: Kind) -> Option<Drawn> {
    let mut reader = ImageReader::with_format(BufReader::new(File::open(path).ok()?), format(kind)?);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    if decoder.total_bytes() > MOST_BYTES {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let (width, height) = (whole.width(), whole.height());
    let mut small = if width.max(height) > PREVIEW { whole.thumbnail(PREVIEW, PREVIEW) } else { whole };
    small.apply_orientation(orientation);
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    let mut preview = Vec::new();
    let preview_kind = if small.color().has_alpha() {
        let flat = DynamicImage::from(small.into_rgba8());
        flat.write_to(&mut std::io::Cursor::new(&mut preview), ImageFormat::Png).ok()?;
        Kind::Png
    } else {
        JpegEncoder::new_with_quality(&mut preview, QUALITY).encode_image(&small.into_rgb8()).ok()?;
        Kind::Jpeg
    };
    Some(Drawn { width, height, preview, preview_kind })
}

fn format(kind: Kind) -> Option<ImageFormat> {
    match kind {
        Kind::Png => Some(ImageFormat::Png),
        Kind::Jpeg => Some(ImageFormat::Jpeg),
        Kind::Gif => Some(ImageFormat::Gif),
        Kind::Webp => Some(ImageFormat::WebP),
        _ => None,
    }
}
