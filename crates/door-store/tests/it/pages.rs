//! W8: the loader, the panel, and what their headers say.

use http::Method;
use testkit::{Answer, TestApp, answer};

async fn get(app: &TestApp, path: &str, encoding: &str) -> Answer {
    answer(app.anonymous().request(Method::GET, path).header("Accept-Encoding", encoding)).await
}

#[tokio::test]
async fn the_loader_is_a_script_for_any_page() {
    let app = TestApp::start().await;
    let plain = get(&app, "/widget.js", "identity").await;
    assert_eq!(plain.status, 200);
    assert!(plain.header("content-type").starts_with("text/javascript"), "{}", plain.header("content-type"));
    assert_eq!(plain.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    assert!(
        plain.header("cache-control").starts_with("public, max-age="),
        "{}",
        plain.header("cache-control")
    );
    assert!(plain.header("vary").contains("Accept-Encoding"));
    assert!(
        !plain.headers.contains_key("content-encoding") && plain.text.contains("data-channel")
            || plain.text.contains("dataset")
    );
    let again =
        app.anonymous().request(Method::GET, "/widget.js").header("If-None-Match", plain.header("etag"));
    assert_eq!(answer(again).await.status, 304);
    for refused in ["br;q=0, gzip;q=0", "", "identity", "gzip;q=0.0"] {
        assert!(
            !get(&app, "/widget.js", refused).await.headers.contains_key("content-encoding"),
            "{refused}"
        );
    }
    let small = app.anonymous().request(Method::GET, "/widget.js").header("Accept-Encoding", "gzip, br");
    let small = small.send().await.expect("the product answers");
    assert_eq!(small.headers()["content-encoding"], "br");
}

#[tokio::test]
async fn the_panel_may_be_framed_and_runs_nothing_inline() {
    let app = TestApp::start().await;
    let panel = get(&app, "/widget/panel?channel=whatever", "identity").await;
    assert_eq!(panel.status, 200);
    assert!(panel.header("content-type").starts_with("text/html"));
    let policy = panel.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("frame-ancestors"), "{policy}");
    assert!(!panel.headers.contains_key("x-frame-options"));
    assert_eq!(panel.header("referrer-policy"), "no-referrer");
    assert_eq!(panel.header("x-content-type-options"), "nosniff");
    assert!(
        !panel.text.contains("<style") && !panel.text.contains("style=") && !panel.text.contains(" onload=")
    );
    let mut assets = 0;
    for part in panel.text.split("\"assets/").skip(1) {
        let name: String = part.chars().take_while(|c| !matches!(c, '"' | '\'' | '>' | ' ')).collect();
        let asset = get(&app, &format!("/widget/assets/{name}"), "identity").await;
        assert_eq!(asset.status, 200, "{name}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{name}");
        assets += 1;
    }
    assert!(assets >= 2, "script and style: {}", panel.text);
    for inline in panel.text.split("<script").skip(1) {
        assert!(inline.split_once('>').is_some_and(|(tag, rest)| tag.contains("src=") && rest.trim_start().starts_with("</script>")));
    }
}

#[tokio::test]
async fn assets_that_do_not_exist_are_404_wherever_the_path_climbs() {
    let app = TestApp::start().await;
    for path in [
        "/widget/assets/none.js",
        "/widget/assets/..%2fpanel.html",
        "/widget/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/demo/assets/x",
        "/widget/nothing",
        "/none",
    ] {
        assert_eq!(get(&app, path, "identity").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_other_page_forbids_framing() {
    let app = TestApp::start().await;
    let start = get(&app, "/", "identity").await;
    assert_eq!(
        (start.status, start.header("location")),
        (307, "/docs/"),
        "without a demo the documentation is shown"
    );
    for path in ["/", "/docs/", "/docs/index.css", "/demo/assets/none"] {
        assert_eq!(get(&app, path, "identity").await.header("x-frame-options"), "DENY", "{path}");
    }
    for path in ["/", "/demo/assets/none"] {
        let page = get(&app, path, "identity").await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn the_preview_shows_a_channels_widget_in_our_own_pages_alone() {
    let app = TestApp::start().await;
    let token = "0123456789abcdef0123456789abcdef";
    let page = get(&app, &format!("/widget/preview?channel={token}"), "identity").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&format!("src=\"/widget.js\" data-channel=\"{token}\"")), "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(page.header("cache-control"), "no-store");
    for hostile in
        ["", "short", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "0123456789ABCDEF0123456789ABCDEF"]
    {
        let refused = get(&app, &format!("/widget/preview?channel={hostile}"), "identity").await;
        assert_eq!(refused.status, 404, "{hostile}");
        assert!(!refused.text.contains("script"), "{hostile}");
    }
}
