//! What browsers do that no script helps with.

use http::Method;
use testkit::{Answer, Client, answer};

/// Sends a form as a page of ours does.
pub async fn submit(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    submit_from(client, path, fields, &[("sec-fetch-site", "same-origin")]).await
}

/// Sends a form with what the browser says of where it stood.
pub async fn submit_from(
    client: &Client,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    send(client, path, "application/x-www-form-urlencoded", body.finish(), headers).await
}

/// Sends anything.
pub async fn send(
    client: &Client,
    path: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
    headers: &[(&str, &str)],
) -> Answer {
    let request = client.request(Method::POST, path).header("content-type", content_type).body(body);
    answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// The `session` cookie that an answer sets.
pub fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").split(';').next().unwrap_or_default();
    set.strip_prefix("session=").unwrap_or_else(|| panic!("no cookie: {}", answer.text)).to_owned()
}

/// The CSRF token that a page shows.
pub fn csrf(page: &Answer) -> String {
    let (_, rest) =
        page.text.split_once("<meta name=\"csrf-token\" content=\"").expect("the page has a token");
    rest.split('"').next().expect("an attribute ends").to_owned()
}

/// Somebody's browser, whose page shows this CSRF token.
pub async fn browser_with(anonymous: &Client, cookie: &str) -> Client {
    let page = anonymous.browser(cookie, "").get("/auth/account").await;
    assert_eq!(page.status, 200, "{}", page.text);
    anonymous.browser(cookie, &csrf(&page))
}
