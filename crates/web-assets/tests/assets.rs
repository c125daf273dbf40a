//! What a visitor's browser loads: small, named by its content, and free of what a strict page forbids.

use std::{fs, path::Path};

use web_assets::Asset;

const LOADER_LIMIT: usize = 2450;
const WIDGET_LIMIT: usize = 16 * 1024;
const INBOX_LIMIT: usize = 120 * 1024;

fn asset(path: &str) -> &'static Asset {
    web_assets::get(path).unwrap_or_else(|| panic!("no {path}"))
}

fn text(asset: &Asset) -> &str {
    std::str::from_utf8(asset.bytes).expect("pages and scripts are UTF-8")
}

fn on_the_wire(asset: &Asset) -> usize {
    asset.gzip.unwrap_or(asset.bytes).len()
}

/// What opening the panel loads in English: other languages and rare parts have files of their own.
fn panel() -> Vec<&'static Asset> {
    web_assets::all()
        .iter()
        .filter(|asset| asset.path == "widget/panel.html" || asset.path.starts_with("widget/assets/panel-"))
        .collect()
}

#[test]
fn the_loaders_keep_to_two_and_a_half_kilobytes() {
    for loader in ["widget.js", "embed.js"] {
        let size = on_the_wire(asset(loader));
        assert!(size <= LOADER_LIMIT, "{loader}: {size} bytes");
    }
}

#[test]
fn the_whole_widget_keeps_to_sixteen_kilobytes() {
    let panel = panel();
    let paths: Vec<&str> = panel.iter().map(|asset| asset.path).collect();
    assert_eq!(paths.len(), 3, "page, script and style sheet: {paths:?}");
    let size: usize = on_the_wire(asset("widget.js")) + panel.into_iter().map(on_the_wire).sum::<usize>();
    assert!(size <= WIDGET_LIMIT, "loader and panel: {size} bytes");
}

/// What opening the inbox loads in English: what the page names, and what that imports by itself.
fn inbox() -> Vec<&'static Asset> {
    let mut loaded = vec![asset("inbox/index.html")];
    let mut at = 0;
    while let Some(next) = loaded.get(at) {
        let words = text(next).split(['"', '\'', '`']).collect::<Vec<_>>();
        for pair in words.windows(2) {
            // `import("…")` comes when it is needed.
            let name = pair[1].trim_start_matches("./").trim_start_matches("/inbox/assets/");
            let found = web_assets::get(&format!("inbox/assets/{name}"));
            let later = pair[0].ends_with("import(");
            if let Some(found) = found.filter(|_| !later)
                && !loaded.iter().any(|known| std::ptr::eq(*known, found))
            {
                loaded.push(found);
            }
        }
        at += 1;
    }
    loaded
}

#[test]
fn the_inbox_keeps_to_a_hundred_and_twenty_kilobytes() {
    let loaded = inbox();
    let sizes: Vec<_> = loaded.iter().map(|asset| (asset.path, on_the_wire(asset))).collect();
    assert!(sizes.iter().any(|(path, _)| path.ends_with(".js")), "{sizes:?}");
    assert!(sizes.iter().any(|(path, _)| path.ends_with(".css")), "{sizes:?}");
    assert!(sizes.iter().map(|(_, size)| size).sum::<usize>() <= INBOX_LIMIT, "{sizes:?}");
    let later = web_assets::all().iter().filter(|asset| asset.path.starts_with("inbox/assets/"));
    assert!(later.count() > loaded.len(), "languages come when they are needed");
}

#[test]
fn every_file_is_found_by_its_path() {
    for asset in web_assets::all() {
        assert!(std::ptr::eq(web_assets::get(asset.path).expect(asset.path), asset));
        assert_eq!(asset.immutable, asset.path.contains("/assets/"), "{}", asset.path);
    }
    assert!(web_assets::get("widget").is_none());
    assert!(web_assets::get("/widget.js").is_none());
}

#[test]
fn pages_name_files_that_exist() {
    for page in [
        "widget/panel.html",
        "widget/preview.html",
        "chat-widget.html",
        "demo/index.html",
        "auth/login.html",
        "auth/account.html",
        "auth/invite.html",
        "auth/over.html",
        "inbox/index.html",
    ] {
        let folder = page.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let html = text(asset(page));
        let values = html.split('"').skip(1).step_by(2);
        let links: Vec<&str> = values.filter(|value| value.contains("assets/")).collect();
        assert!(!links.is_empty(), "{page}");
        for link in links {
            // From the root, or beside the page.
            match link.strip_prefix('/') {
                Some(path) => asset(path),
                None => asset(&format!("{folder}{link}")),
            };
        }
    }
    assert!(
        text(asset("demo/index.html"))
            .contains(r#"<script src="/widget.js" data-channel="{{CHANNEL_TOKEN}}" async></script>"#)
    );
}

#[test]
fn nothing_needs_what_a_strict_page_forbids() {
    for asset in web_assets::all() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            " style=",
            " onclick=",
        ] {
            // Preact and Socket.IO's client could, where our own sources asked for it or a browser had no `self`. The page's policy
            // forbids both.
            let vendored =
                asset.path.starts_with("inbox/assets/") && matches!(forbidden, "innerHTML" | "Function(");
            assert!(vendored || !text(asset).contains(forbidden), "{} has {forbidden}", asset.path);
        }
        for line in text(asset).lines().filter(|line| line.contains("<script")) {
            assert!(line.contains("src="), "{}: {line}", asset.path);
        }
    }
}

#[test]
fn the_inbox_asks_for_no_html_and_no_code_from_text() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/inbox")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).expect("sources are UTF-8");
            for forbidden in
                ["innerHTML", "InnerHTML", "outerHTML", "insertAdjacentHTML", "Function(", "eval("]
            {
                assert!(!source.contains(forbidden), "{}: {forbidden}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn no_file_is_fetched_from_elsewhere() {
    for asset in web_assets::all() {
        let text = text(asset).replace("http://www.w3.org/", "");
        for scheme in ["src=\"http", "href=\"http", "url(http", "import(`http", "fetch(`http"] {
            assert!(!text.contains(scheme), "{} has {scheme}", asset.path);
        }
    }
}
