//! Parlor's web pages and scripts, embedded in the binary: bundled, minified, named by their content and compressed by
//! `build.rs` from `web/`.
//!
//! A packager who builds the front end elsewhere sets `PARLOR_ASSETS` to a folder when this crate is built. The folder
//! mirrors the served paths (`widget.js`, `widget/panel.html`, `widget/assets/…`, `demo/index.html`, …) and is embedded
//! as it stands; whatever lies in a folder named `assets` is served as immutable, so its names must change with its content.
//! `cargo run -p web-assets --example export -- DIR` writes such a folder.

/// One file as it is served.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served, without a leading slash: `widget/panel.html`.
    pub path: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    /// The same bytes for `Content-Encoding: gzip`; absent where that would not be smaller.
    pub gzip: Option<&'static [u8]>,
    /// The same bytes for `Content-Encoding: br`; absent where that would not be smaller.
    pub brotli: Option<&'static [u8]>,
    /// The path names the content, so a browser may keep it for ever.
    pub immutable: bool,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file served at `path`, which has no leading slash.
pub fn get(path: &str) -> Option<&'static Asset> {
    let found = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    Some(&ASSETS[found])
}

/// Every file, in the order of its path.
pub fn all() -> &'static [Asset] {
    ASSETS
}
