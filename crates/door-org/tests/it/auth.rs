//! Signing in and out of a browser (`org.md` A).

use testkit::TestApp;

#[tokio::test]
async fn a_browser_signs_in_and_out() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let out = browser.post_empty("/auth/logout").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
    assert_eq!(browser.post_empty("/auth/logout").await.expect(401)["error"], "Sign in first.");
}

#[tokio::test]
async fn a_change_without_the_pages_csrf_token_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let refused = browser.without_csrf().post_empty("/auth/logout").await;
    assert_eq!(refused.expect(403)["error"], "The CSRF token is missing or wrong.");
    assert_eq!(browser.post_empty("/auth/logout").await.status, 204);
}
