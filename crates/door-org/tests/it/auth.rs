//! Signing in and out of a browser (`org.md` A).

use parlor_core::{Error, accounts};
use serde_json::json;
use testkit::{Answer, TestApp};

use crate::forms::{browser_with, cookie, csrf, send, submit, submit_from};

const USAGE: &str = "/api/v1/store/usage";
const NEW: &str = "a whole new password";

#[tokio::test]
async fn a_browser_signs_in_and_out() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let me = browser.get("/api/me").await.expect(200);
    assert_eq!(me["email"], shop.owner.email);
    assert_eq!(me["organization_id"], shop.account_id.to_string());
    assert_eq!(me["role"], "owner");
    assert_eq!(me["permissions"].as_array().map(Vec::len), Some(4));
    let out = browser.post_empty("/auth/logout").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
    assert_eq!(browser.post_empty("/auth/logout").await.expect(401)["error"], "Sign in first.");
    assert_eq!(browser.get("/api/me").await.expect(401)["error"], "Sign in first.");
}

#[tokio::test]
async fn a_change_without_the_pages_csrf_token_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let other = app.browser(&shop.owner).await;
    let refused = browser.without_csrf().post_empty("/auth/logout").await;
    assert_eq!(refused.expect(403)["error"], "The CSRF token is missing or wrong.");
    // The token of another sign-in, even of the same person, is none.
    let foreign = other.get("/api/me").await.expect(200)["csrf_token"].as_str().expect("a token").to_owned();
    let own = cookie(&sign_in(&app, &shop.owner.email, shop.owner.password).await);
    app.anonymous().browser(&own, &foreign).post_empty("/auth/logout").await.expect(403);
    app.anonymous().browser(&own, &foreign).get("/api/me").await.expect(200);
    assert_eq!(browser.post_empty("/auth/logout").await.status, 204);
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.anonymous().post("/auth/login", &json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn a_form_signs_in_and_goes_on_to_an_own_path_only() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let fields =
        |next| [("email", shop.owner.email.as_str()), ("password", shop.owner.password), ("next", next)];
    for (next, place) in [
        ("/inbox?filter=mine", "/inbox?filter=mine"),
        ("", "/inbox"),
        ("//evil.example", "/inbox"),
        ("/\\evil.example", "/inbox"),
        ("https://evil.example", "/inbox"),
        ("/\r\nSet-Cookie: a=b", "/inbox"),
    ] {
        let answer = submit(&app.anonymous(), "/auth/login", &fields(next)).await;
        assert_eq!((answer.status, answer.header("location")), (303, place), "{next:?}");
        let set = answer.header("set-cookie").to_owned();
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{set}");
        app.anonymous().browser(&cookie(&answer), "").get("/api/me").await.expect(200);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_look_alike_also_on_the_page() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let mut pages = Vec::new();
    for email in [shop.owner.email.as_str(), "nobody@shop.example"] {
        let fields = [("email", email), ("password", "wrong password"), ("next", "/inbox")];
        let page = submit(&app.anonymous(), "/auth/login", &fields).await;
        assert_eq!((page.status, page.header("set-cookie")), (401, ""));
        assert!(page.text.contains("E-mail address or password is wrong."), "{}", page.text);
        assert!(page.text.contains(r#"name="next" value="/inbox""#), "{}", page.text);
        pages.push(page.text.replace(email, ""));
        let json = sign_in(&app, email, "wrong password").await;
        assert_eq!(json.expect(401)["error"], "E-mail address or password is wrong.");
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn what_somebody_typed_stays_text() {
    let app = TestApp::start().await;
    let hostile = r#""><script>alert(1)</script>{{NEXT}}&amp;\u{0}"#.replace("\\u{0}", "\0");
    let page = submit(&app.anonymous(), "/auth/login", &[("email", &hostile), ("password", "x")]).await;
    assert_eq!(page.status, 401);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert!(
        page.text
            .contains("value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{NEXT}}&amp;amp;\u{fffd}\"")
    );
}

#[tokio::test]
async fn a_foreign_page_signs_nobody_in() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let fields = [("email", shop.owner.email.as_str()), ("password", shop.owner.password)];
    let own = app.url();
    let refused: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in refused {
        let answer = submit_from(&app.anonymous(), "/auth/login", &fields, headers).await;
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.expect(403)["error"], "This form was sent by a foreign page.", "{headers:?}");
    }
    let taken: &[&[(&str, &str)]] = &[&[("sec-fetch-site", "same-origin")], &[("origin", &own)]];
    for headers in taken {
        let answer = submit_from(&app.anonymous(), "/auth/login", &fields, headers).await;
        assert_eq!(answer.status, 303, "{headers:?}");
    }
}

#[tokio::test]
async fn a_new_sign_in_ends_the_one_the_browser_had() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let colleague = app.agent(&shop, "agent").await;
    let old = app.browser(&shop.owner).await;
    let login = json!({ "email": colleague.email, "password": colleague.password });
    let new = old.post("/auth/login", &login).await;
    assert_eq!(new.status, 200);
    old.get("/api/me").await.expect(401);
    let new = browser_with(&app.anonymous(), &cookie(&new)).await;
    assert_eq!(new.get("/api/me").await.expect(200)["email"], colleague.email);
    // A failed attempt ends nothing.
    let wrong = json!({ "email": colleague.email, "password": "wrong password" });
    new.post("/auth/login", &wrong).await.expect(401);
    new.get("/api/me").await.expect(200);
    // A cookie that only looks like one of somebody's sign-ins ends nothing either.
    let forged = format!("bs_{}_{}", "0".repeat(32), "A".repeat(43));
    app.anonymous().browser(&forged, "").post("/auth/login", &login).await.expect(200);
    new.get("/api/me").await.expect(200);
}

#[tokio::test]
async fn pages_send_strangers_to_the_sign_in_and_back() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let sent = app.anonymous().get("/auth/account?said=password").await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, "/auth/login?next=%2Fauth%2Faccount%3Fsaid%3Dpassword")
    );
    let page = app.anonymous().get(sent.header("location")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(r#"name="next" value="/auth/account?said=password""#), "{}", page.text);
    // Whoever has signed in already goes on at once.
    let browser = app.browser(&shop.owner).await;
    let on = browser.get("/auth/login?next=/inbox").await;
    assert_eq!((on.status, on.header("location")), (303, "/inbox"));
}

#[tokio::test]
async fn pages_are_framed_by_nobody_and_kept_by_nobody() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    for page in [
        app.anonymous().get("/auth/login").await,
        browser.get("/auth/account").await,
        app.anonymous().get("/auth/invite/pi_0").await,
    ] {
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert!(!page.text.contains("{{"), "{}", page.text);
        assert!(!page.text.contains("<script"), "{}", page.text);
        let (_, rest) = page.text.split_once("href=\"/auth/assets/").expect("a style sheet");
        let style = rest.split('"').next().expect("a quote");
        assert_eq!(app.anonymous().get(&format!("/auth/assets/{style}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_person_works_from_their_page_without_a_script() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let fields = [("email", shop.owner.email.as_str()), ("password", shop.owner.password)];
    let here = cookie(&submit(&app.anonymous(), "/auth/login", &fields).await);
    let browser = app.anonymous().browser(&here, "");
    let page = browser.get("/auth/account").await;
    assert!(
        page.text.contains(&shop.owner.email) && page.text.contains("signed in once more"),
        "{}",
        page.text
    );
    let token = csrf(&page);

    let sent = submit(&browser, "/auth/sign-out-others", &[("csrf_token", &token)]).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/auth/account?said=others"));
    let page = browser.get("/auth/account?said=others").await;
    assert!(
        page.text.contains("You are signed in here only.") && page.text.contains("nowhere else"),
        "{}",
        page.text
    );
    shop.owner.get(USAGE).await.expect(401);

    let change = |current, new| {
        let token = token.clone();
        let browser = browser.clone();
        async move {
            let fields =
                [("csrf_token", token.as_str()), ("current_password", current), ("new_password", new)];
            submit(&browser, "/auth/password", &fields).await
        }
    };
    let wrong = change("wrong password", NEW).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("The current password is wrong."), "{}", wrong.text);
    let short = change(shop.owner.password, "short").await;
    assert_eq!(short.status, 400);
    assert!(short.text.contains("The new password must have 8 to 256 characters."), "{}", short.text);
    let changed = change(shop.owner.password, NEW).await;
    assert_eq!((changed.status, changed.header("location")), (303, "/auth/account?said=password"));
    sign_in(&app, &shop.owner.email, NEW).await.expect(200);

    // A page from before is shown afresh, and nothing is done.
    let stale = submit(&browser, "/auth/logout", &[("csrf_token", "stale")]).await;
    assert_eq!((stale.status, stale.header("location")), (303, "/auth/account?said=stale"));
    let out = submit(&browser, "/auth/logout", &[("csrf_token", &token)]).await;
    assert_eq!((out.status, out.header("location")), (303, "/auth/login"));
    assert!(out.header("set-cookie").starts_with("session=; "));
    browser.get("/api/me").await.expect(401);
    let again = submit(&browser, "/auth/logout", &[("csrf_token", &token)]).await;
    assert_eq!((again.status, again.header("location")), (303, "/auth/login"));
}

#[tokio::test]
async fn a_changed_password_ends_every_other_sign_in_and_what_it_holds_open() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let here = app.browser(&shop.owner).await;
    let elsewhere = app.browser(&shop.owner).await;
    let hub = shop.owner.hub().await;
    let colleague = app.agent(&shop, "admin").await;
    let change = json!({ "current_password": shop.owner.password, "new_password": NEW });
    assert_eq!(here.post("/auth/password", &change).await.status, 204);
    hub.closed().await;
    shop.owner.get(USAGE).await.expect(401);
    elsewhere.get("/api/me").await.expect(401);
    let renewal = json!({ "refreshToken": shop.owner.refresh_token });
    app.anonymous().post("/api/v1/auth/refresh", &renewal).await.expect(401);
    here.get("/api/me").await.expect(200);
    colleague.get(USAGE).await.expect(200);
    sign_in(&app, &shop.owner.email, shop.owner.password).await.expect(401);
    sign_in(&app, &shop.owner.email, NEW).await.expect(200);
}

#[tokio::test]
async fn a_bad_change_of_password_changes_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let long = "a".repeat(257);
    for (change, reason) in [
        (json!({ "current_password": "wrong password", "new_password": NEW }), "current_password is wrong."),
        (json!({ "current_password": long, "new_password": NEW }), "current_password is wrong."),
        (
            json!({ "current_password": shop.owner.password, "new_password": "short" }),
            "new_password must have 8 to 256 characters.",
        ),
        (
            json!({ "current_password": shop.owner.password, "new_password": long }),
            "new_password must have 8 to 256 characters.",
        ),
    ] {
        assert_eq!(browser.post("/auth/password", &change).await.expect(400)["error"], reason);
    }
    for change in [json!({}), json!([]), json!({ "current_password": 1, "new_password": NEW })] {
        assert!(browser.post("/auth/password", &change).await.expect(400)["error"].is_string());
    }
    browser.post_empty("/auth/password").await.expect(400);
    let change = json!({ "current_password": shop.owner.password, "new_password": NEW });
    browser.without_csrf().post("/auth/password", &change).await.expect(403);
    app.anonymous().post("/auth/password", &change).await.expect(401);
    shop.owner.get(USAGE).await.expect(200);
}

#[tokio::test]
async fn passwords_are_not_guessed_from_an_open_browser() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let guess = json!({ "current_password": "wrong password", "new_password": NEW });
    let mut refused = None;
    for _ in 0..20 {
        let answer = browser.post("/auth/password", &guess).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 400);
    }
    let refused = refused.expect("guessing comes to an end");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
}

#[tokio::test]
async fn sign_ins_are_throttled_on_the_page_too() {
    let app = TestApp::start().await;
    let fields = [("email", "nobody@shop.example"), ("password", "wrong password")];
    let mut page = submit(&app.anonymous(), "/auth/login", &fields).await;
    for _ in 0..20 {
        if page.status == 429 {
            break;
        }
        page = submit(&app.anonymous(), "/auth/login", &fields).await;
    }
    assert_eq!(page.status, 429);
    assert!(page.text.contains("Too many requests."), "{}", page.text);
    assert!(!page.header("retry-after").is_empty());
}

#[tokio::test]
async fn what_is_no_sign_in_is_refused_clearly() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let form = "application/x-www-form-urlencoded";
    let ours = [("sec-fetch-site", "same-origin")];
    for (kind, body, status) in [
        ("text/plain", "email=a&password=b".to_owned(), 415),
        ("multipart/form-data; boundary=x", "--x--".to_owned(), 415),
        ("application/json", "[\"a\", \"b\"]".to_owned(), 400),
        ("application/json", "{\"email\": \"a@b.example\"".to_owned(), 400),
        ("application/json", "{\"email\": 1, \"password\": {}}".to_owned(), 400),
        ("application/json", format!("{{\"email\": \"{}\", \"password\": \"x\"}}", "a".repeat(20_000)), 413),
        (form, "email=a@b.example".to_owned(), 400),
        (form, "email=a&email=b&password=c".to_owned(), 400),
        (form, format!("email={}&password=x", "a".repeat(20_000)), 413),
        (form, "email=%00&password=%00".to_owned(), 401),
        (form, "email=%ff%fe&password=x".to_owned(), 401),
        ("application/json", r#"{"email": "\u0000@b.example", "password": "\u0000"}"#.to_owned(), 401),
    ] {
        let answer = send(&anonymous, "/auth/login", kind, body.clone(), &ours).await;
        let shown: String = body.chars().take(60).collect();
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (status, ""),
            "{kind}: {shown}: {}",
            answer.text
        );
    }
    assert_eq!(anonymous.put("/auth/login", &json!({})).await.status, 405);
}

#[tokio::test]
async fn only_a_browsers_secret_is_a_cookie() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let good = cookie(&sign_in(&app, &shop.owner.email, shop.owner.password).await);
    let cut = &good[..good.len() - 1];
    let changed = format!("{cut}{}", if good.ends_with('A') { 'B' } else { 'A' });
    let other_kind = good.replacen("bs_", "rt_", 1);
    let refresh_as_cookie = shop.owner.refresh_token.replacen("rt_", "bs_", 1);
    for forged in [
        shop.owner.refresh_token.as_str(),
        &refresh_as_cookie,
        shop.owner.token.as_str(),
        cut,
        &changed,
        &other_kind,
        "bs_",
        "bs__",
        "bs_00000000000000000000000000000000_",
        "",
        "null",
    ] {
        app.anonymous().browser(forged, "").get("/api/me").await.expect(401);
    }
    // A cookie renews no access token, and what only looks like one ends nothing.
    for forged in [good.as_str(), &other_kind] {
        let renewal = json!({ "refreshToken": forged });
        app.anonymous().post("/api/v1/auth/refresh", &renewal).await.expect(401);
        app.anonymous().post("/api/v1/auth/logout", &renewal).await;
    }
    app.anonymous().bearer(&good).get(USAGE).await.expect(401);
    app.anonymous().browser(&good, "").get("/api/me").await.expect(200);
    // Of several cookies of that name the first counts.
    for (cookies, status) in [
        (format!("session=bs_x; session={good}"), 401),
        (format!("a=b; session={good}; session=bs_x"), 200),
        (format!("Session={good}"), 401),
    ] {
        let request = app.anonymous().request(http::Method::GET, "/api/me").header("cookie", &cookies);
        assert_eq!(testkit::answer(request).await.status, status, "{cookies}");
    }
}

#[tokio::test]
async fn a_restart_keeps_browsers_signed_in() {
    let mut app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    app.restart().await;
    // The CSRF token of the page that is open is still good, too.
    let change = json!({ "current_password": shop.owner.password, "new_password": NEW });
    assert_eq!(browser.post("/auth/password", &change).await.status, 204);
}

#[tokio::test]
async fn who_is_signing_in_while_the_password_changes_is_not_signed_in_by_the_old_one() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let (email, password) = (shop.owner.email.clone(), shop.owner.password.to_owned());
    let address = std::net::IpAddr::from([192, 0, 2, 1]);
    // Whichever of them comes first: afterwards no sign-in by the old password lives.
    let begun = app
        .within(|app| async move {
            let sign_in = accounts::sign_in(&app, &email, password, address);
            let reset = accounts::reset_password(&app, &email, NEW.to_owned());
            let (begun, reset) = tokio::join!(sign_in, reset);
            reset.expect("the operator may");
            match begun {
                Ok(begun) => accounts::signed_in(&app, begun.agent.sign_in).await.map(drop),
                Err(refused) => Err(refused),
            }
        })
        .await;
    assert!(matches!(begun, Err(Error::Unauthenticated(_))), "{begun:?}");
}
