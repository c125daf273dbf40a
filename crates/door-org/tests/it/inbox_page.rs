//! The page for agents (`org.md` G).

use testkit::TestApp;

#[tokio::test]
async fn the_inbox_is_one_page_for_whoever_has_signed_in() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let inbox = browser.get("/inbox").await;
    assert_eq!(inbox.status, 200);
    assert_eq!(inbox.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(inbox.header("cache-control"), "no-store");
    assert_eq!(inbox.header("x-frame-options"), "DENY");
    for path in ["/inbox/", "/inbox/c/0197", "/inbox/settings/profile", "/inbox?view=mine"] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.text == inbox.text), (200, true), "{path}");
    }
}

#[tokio::test]
async fn strangers_are_led_to_the_sign_in_and_back() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    for (path, way) in [
        ("/inbox", "/auth/login?next=%2Finbox"),
        ("/inbox/c/1?view=mine", "/auth/login?next=%2Finbox%2Fc%2F1%3Fview%3Dmine"),
    ] {
        let sent = app.anonymous().get(path).await;
        assert_eq!((sent.status, sent.header("location")), (303, way));
        let back = app.browser(&shop.owner).await.get(way).await;
        assert_eq!((back.status, back.header("location")), (303, path));
    }
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_script() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let page = app.browser(&shop.owner).await.get("/inbox").await;
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let links: Vec<&str> = page.text.split('"').filter(|text| text.starts_with("/inbox/assets/")).collect();
    assert!(links.len() >= 2, "{}", page.text);
    for link in links {
        let file = app.anonymous().get(link).await;
        assert_eq!(file.status, 200, "{link}");
        assert!(file.header("cache-control").contains("immutable"), "{link}");
    }
    assert_eq!(app.anonymous().get("/inbox/assets/none.js").await.status, 404);
}
