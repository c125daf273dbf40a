//! What a visitor's browser loads: small, named by its content, and free of what a strict page forbids.

use web_assets::Asset;

const LOADER_LIMIT: usize = 2450;
const WIDGET_LIMIT: usize = 16 * 1024;

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
        "chat-widget.html",
        "demo/index.html",
        "auth/login.html",
        "auth/account.html",
        "auth/invite.html",
        "auth/over.html",
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
            assert!(!text(asset).contains(forbidden), "{} has {forbidden}", asset.path);
        }
        for line in text(asset).lines().filter(|line| line.contains("<script")) {
            assert!(line.contains("src="), "{}: {line}", asset.path);
        }
    }
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
