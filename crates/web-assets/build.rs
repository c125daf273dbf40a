//! Bundles `web/` into the table that `src/lib.rs` embeds: TypeScript through rolldown, style sheets and pages as they
//! are, each hashed and compressed once here instead of at every request. Needs neither Node nor a network.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use rolldown::{
    Bundler, BundlerOptions, ChunkFilenamesOutputOption, InputItem, OutputFormat, Platform, RawMinifyOptions,
    ResolveOptions, TsConfig,
};
use rolldown_common::{BundlerTransformOptions, Either, JsxOptions, Output};
use sha2::{Digest, Sha256};

/// Served path to content.
type Files = BTreeMap<String, Vec<u8>>;

/// A script that pages include by a fixed name: one file, no modules.
struct Classic {
    entry: &'static str,
    served: &'static str,
}

/// A page with its module scripts and style sheets, which get hashed names under `<folder>/assets/`.
struct Page {
    html: &'static str,
    served: &'static str,
    scripts: &'static [&'static str],
    styles: &'static [&'static str],
    /// The same page elsewhere, and where its files are from there.
    also: Option<(&'static str, &'static str)>,
}

const CLASSICS: &[Classic] = &[
    Classic { entry: "loader/widget.ts", served: "widget.js" },
    Classic { entry: "loader/embed.ts", served: "embed.js" },
];

const PAGES: &[Page] = &[
    Page {
        html: "widget/panel.html",
        served: "widget/panel.html",
        scripts: &["widget/panel.ts"],
        styles: &["widget/panel.css"],
        also: Some(("chat-widget.html", "widget/assets/")),
    },
    Page {
        html: "widget/preview.html",
        served: "widget/preview.html",
        scripts: &["widget/preview.ts"],
        styles: &["widget/preview.css"],
        also: None,
    },
    Page {
        html: "demo/index.html",
        served: "demo/index.html",
        scripts: &[],
        styles: &["demo/style.css"],
        also: None,
    },
    Page {
        html: "auth/login.html",
        served: "auth/login.html",
        scripts: &[],
        styles: &["auth/style.css"],
        also: None,
    },
    Page {
        html: "auth/account.html",
        served: "auth/account.html",
        scripts: &[],
        styles: &["auth/style.css"],
        also: None,
    },
    Page {
        html: "auth/invite.html",
        served: "auth/invite.html",
        scripts: &[],
        styles: &["auth/style.css"],
        also: None,
    },
    Page {
        html: "auth/over.html",
        served: "auth/over.html",
        scripts: &[],
        styles: &["auth/style.css"],
        also: None,
    },
    Page {
        html: "inbox/index.html",
        served: "inbox/index.html",
        scripts: &["inbox/main.tsx"],
        styles: &["inbox/inbox.css"],
        also: None,
    },
];

/// The modules that others have written, by the names under which they are imported. `tsconfig.json` has their types.
const VENDORED: &[(&str, &str)] = &[
    ("preact", "preact/dist/preact.mjs"),
    ("preact/hooks", "preact/hooks/dist/hooks.mjs"),
    ("preact/jsx-runtime", "preact/jsx-runtime/dist/jsxRuntime.mjs"),
    ("@preact/signals", "@preact/signals/signals.mjs"),
    ("@preact/signals-core", "@preact/signals-core/signals-core.mjs"),
    ("socket.io-client", "socket.io-client/socket.io.esm.min.js"),
];

/// The folders of `web/` that reach the bundles; `node_modules` and tests do not.
const SOURCES: &[&str] = &["loader", "widget", "inbox", "shared", "demo", "auth", "vendor"];

/// Under this many bytes a compressed copy saves nothing worth its place in the binary.
const WORTH_COMPRESSING: usize = 200;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PARLOR_ASSETS");
    let files = match std::env::var_os("PARLOR_ASSETS") {
        Some(dir) => prebuilt(Path::new(&dir))?,
        None => bundle(&Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../web"))?,
    };
    emit(&files, &PathBuf::from(std::env::var("OUT_DIR")?))
}

/// Takes the files as a packager built them; the folder mirrors the served paths.
fn prebuilt(dir: &Path) -> Result<Files> {
    println!("cargo::rerun-if-changed={}", dir.display());
    let mut files = Files::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("PARLOR_ASSETS: {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let served = path.strip_prefix(dir)?.to_string_lossy().replace('\\', "/");
            files.insert(served, fs::read(&path)?);
        }
    }
    for needed in CLASSICS.iter().map(|c| c.served).chain(PAGES.iter().map(|p| p.served)) {
        if !files.contains_key(needed) {
            bail!("PARLOR_ASSETS: {} has no {needed}", dir.display());
        }
    }
    Ok(files)
}

fn bundle(web: &Path) -> Result<Files> {
    for folder in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(folder).display());
    }
    let web = web.canonicalize().with_context(|| format!("{}", web.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let mut files = Files::new();

    for classic in CLASSICS {
        let chunks = runtime.block_on(rolldown(&web, &[classic.entry], OutputFormat::Iife))?;
        let [chunk] = <[Chunk; 1]>::try_from(chunks)
            .map_err(|chunks| anyhow!("{} became {} files", classic.entry, chunks.len()))?;
        files.insert(classic.served.into(), chunk.code.into_bytes());
    }
    for page in PAGES {
        let folder = page.served.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut html = read(&web.join(page.html))?;
        if !page.scripts.is_empty() {
            for chunk in runtime.block_on(rolldown(&web, page.scripts, OutputFormat::Esm))? {
                if let Some(name) = &chunk.entry {
                    html = linked(&html, &format!("assets/{name}.js"), &format!("assets/{}", chunk.file))?;
                }
                files.insert(format!("{folder}/assets/{}", chunk.file), chunk.code.into_bytes());
            }
        }
        for style in page.styles {
            let css = minified_css(&style_sheet(&web.join(style))?);
            let stem = style.rsplit('/').next().and_then(|file| file.strip_suffix(".css")).unwrap_or(style);
            let hashed = format!("assets/{stem}-{}.css", short_hash(css.as_bytes()));
            html = linked(&html, &format!("assets/{stem}.css"), &hashed)?;
            files.insert(format!("{folder}/{hashed}"), css.into_bytes());
        }
        let html = minified_html(&html);
        if let Some((served, assets)) = page.also {
            let moved = html.replace("\"assets/", &format!("\"{assets}"));
            files.insert(served.into(), moved.into_bytes());
        }
        files.insert(page.served.into(), html.into_bytes());
    }
    Ok(files)
}

struct Chunk {
    /// The entry's name, absent for a part that is loaded on demand.
    entry: Option<String>,
    file: String,
    code: String,
}

async fn rolldown(web: &Path, entries: &[&str], format: OutputFormat) -> Result<Vec<Chunk>> {
    let input = entries
        .iter()
        .map(|entry| {
            let stem = entry.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem);
            InputItem { name: stem.map(str::to_owned), import: format!("./{entry}") }
        })
        .collect();
    let mut bundler = Bundler::new(BundlerOptions {
        input: Some(input),
        cwd: Some(web.to_path_buf()),
        platform: Some(Platform::Browser),
        format: Some(format),
        minify: Some(RawMinifyOptions::Bool(true)),
        entry_filenames: Some(ChunkFilenamesOutputOption::String("[name]-[hash].js".into())),
        chunk_filenames: Some(ChunkFilenamesOutputOption::String("[name]-[hash].js".into())),
        tsconfig: Some(TsConfig::Auto(false)),
        transform: Some(BundlerTransformOptions { jsx: Some(Either::Right(jsx())), ..Default::default() }),
        resolve: Some(ResolveOptions { alias: Some(vendored(web)), ..Default::default() }),
        ..Default::default()
    })
    .map_err(|errors| anyhow!("{errors:?}"))?;
    let output = bundler.generate().await.map_err(|errors| anyhow!("{errors:?}"))?;
    for warning in &output.warnings {
        println!("cargo::warning={}", warning.to_diagnostic());
    }
    let mut chunks = Vec::new();
    for asset in output.assets {
        let Output::Chunk(chunk) = asset else { bail!("unexpected output {}", asset.filename()) };
        chunks.push(Chunk {
            entry: chunk.is_entry.then(|| chunk.name.to_string()),
            file: chunk.filename.to_string(),
            code: chunk.code.clone(),
        });
    }
    Ok(chunks)
}

fn jsx() -> JsxOptions {
    JsxOptions {
        runtime: Some("automatic".into()),
        import_source: Some("preact".into()),
        ..Default::default()
    }
}

/// Where the vendored modules lie. The mark at a name's end makes it the whole name: `preact` is no folder of `preact/hooks`.
fn vendored(web: &Path) -> Vec<(String, Vec<Option<String>>)> {
    let place = |file: &str| web.join("vendor").join(file).to_string_lossy().into_owned();
    VENDORED.iter().map(|(name, file)| (format!("{name}$"), vec![Some(place(file))])).collect()
}

/// A style sheet with the ones that it imports, `@import "./other.css";` at a line's beginning, in their place.
fn style_sheet(path: &Path) -> Result<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut whole = String::new();
    for line in read(path)?.lines() {
        match line.strip_prefix("@import \"").and_then(|rest| rest.strip_suffix("\";")) {
            Some(other) => whole.push_str(&style_sheet(&folder.join(other))?),
            None => whole.push_str(line),
        }
        whole.push('\n');
    }
    Ok(whole)
}

/// The page with the plain name of a file replaced by the hashed one.
fn linked(html: &str, plain: &str, hashed: &str) -> Result<String> {
    if !html.contains(plain) {
        bail!("the page does not mention {plain}");
    }
    Ok(html.replace(plain, hashed))
}

/// Our own style sheets, without comments and spare white space. Not a general minifier: it relies on a blank
/// before a pseudo-class meaning nothing in them.
fn minified_css(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut quote = None;
    let mut rest = css.chars().peekable();
    while let Some(c) = rest.next() {
        if let Some(q) = quote {
            out.push(c);
            if c == q {
                quote = None;
            }
        } else if c == '"' || c == '\'' {
            quote = Some(c);
            out.push(c);
        } else if c == '/' && rest.peek() == Some(&'*') {
            rest.next();
            let mut last = ' ';
            for c in rest.by_ref() {
                if last == '*' && c == '/' {
                    break;
                }
                last = c;
            }
        } else if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with([' ', '{', '}', ';', ',', ':', '>']) {
                out.push(' ');
            }
        } else {
            if matches!(c, '{' | '}' | ';' | ',' | '>') && out.ends_with(' ') {
                out.pop();
            }
            if c == '}' && out.ends_with(';') {
                out.pop();
            }
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

/// Our own pages without indentation and comments.
fn minified_html(html: &str) -> String {
    let mut text = html.to_owned();
    while let Some(start) = text.find("<!--") {
        let end = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
        text.replace_range(start..end, "");
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(5).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{}", path.display()))
}

/// Writes the files, their compressed copies and the table that embeds them.
fn emit(files: &Files, out: &Path) -> Result<()> {
    let dir = out.join("assets");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for (number, (path, bytes)) in files.iter().enumerate() {
        let stored = |suffix: &str, bytes: &[u8]| -> Result<String> {
            let file = format!("{number}{suffix}");
            fs::write(dir.join(&file), bytes)?;
            Ok(format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/assets/{file}\"))"))
        };
        let smaller = |suffix: &str, packed: Vec<u8>| -> Result<String> {
            if bytes.len() < WORTH_COMPRESSING || packed.len() >= bytes.len() {
                return Ok("None".into());
            }
            Ok(format!("Some({})", stored(suffix, &packed)?))
        };
        writeln!(
            table,
            "    Asset {{ path: {path:?}, content_type: {:?}, bytes: {}, gzip: {}, brotli: {}, immutable: {} }},",
            content_type(path),
            stored("", bytes)?,
            smaller(".gz", gzip(bytes)?)?,
            smaller(".br", brotli(bytes)?)?,
            path.contains("/assets/"),
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut packer = brotli::CompressorWriter::new(&mut packed, 4096, 11, 22);
    packer.write_all(bytes)?;
    drop(packer);
    Ok(packed)
}
