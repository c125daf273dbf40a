//! The pages under `/auth`: `web/auth`, filled in. They need no script.

use std::borrow::Cow;

use axum::response::{Html, IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, RETRY_AFTER},
};
use parlor_core::{
    Error,
    accounts::Invitation,
    actor::{Agent, Role},
};

use crate::error::Refusal;

/// The sign-in page, after a failed attempt with what was wrong.
pub fn login(email: &str, next: &str, problem: Option<Error>) -> Response {
    answer("auth/login.html", &[("EMAIL", email), ("NEXT", next)], problem)
}

/// What a person's own page shows.
pub struct Account<'a> {
    pub agent: &'a Agent,
    pub account: &'a str,
    pub others: i64,
    pub csrf: &'a str,
    /// What was just done, or nothing.
    pub news: &'a str,
}

pub fn account(shown: &Account<'_>, problem: Option<Error>) -> Response {
    let Account { agent, account, others, csrf, news } = shown;
    let others = match others {
        0 => "You are signed in nowhere else.".to_owned(),
        1 => "You are signed in once more: in another browser, or by a program.".to_owned(),
        more => format!("You are signed in {more} times more: in other browsers, or by programs."),
    };
    let values = [
        ("NAME", agent.name.as_str()),
        ("EMAIL", &agent.email),
        ("ROLE", role(agent.role)),
        ("ACCOUNT", account),
        ("OTHERS", &others),
        ("CSRF", csrf),
        ("NEWS", news),
    ];
    answer("auth/account.html", &values, problem)
}

pub fn invite(invitation: &Invitation, token: &str, name: &str, problem: Option<Error>) -> Response {
    let values = [
        ("ACCOUNT", invitation.account_name.as_str()),
        ("EMAIL", &invitation.email),
        ("ROLE", role(invitation.role)),
        ("TOKEN", token),
        ("NAME", name),
    ];
    answer("auth/invite.html", &values, problem)
}

/// A link that leads nowhere, and why.
pub fn no_invite(error: Error) -> Response {
    answer("auth/over.html", &[], Some(error))
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Agent => "Agent",
        Role::Viewer => "Viewer",
    }
}

/// A page, filled in; with a problem its status and its words.
fn answer(page: &str, values: &[(&str, &str)], problem: Option<Error>) -> Response {
    let words = problem.as_ref().map(in_words).unwrap_or_default();
    let refusal = problem.map(Refusal::from);
    let asset = web_assets::get(page).and_then(|asset| std::str::from_utf8(asset.bytes).ok());
    let Some(template) = asset else { return StatusCode::NOT_FOUND.into_response() };
    let status = refusal.as_ref().map_or(StatusCode::OK, Refusal::status);
    let mut response = (status, Html(fill(template, values, &words))).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = refusal.as_ref().and_then(Refusal::retry_after) {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// What was wrong, to a person at a form: fields are called what the form calls them.
fn in_words(error: &Error) -> Cow<'static, str> {
    let (field, problem) = match error {
        Error::Invalid { field, problem } => (&**field, problem),
        Error::NotFound(_) => return Cow::Borrowed("It was used, taken back, or is older than seven days."),
        other => return Cow::Owned(other.to_string()),
    };
    let field = match field {
        "password" => "The password",
        "current_password" => "The current password",
        "new_password" => "The new password",
        "name" => "The name",
        other => other,
    };
    Cow::Owned(format!("{field} {problem}."))
}

/// Puts values into a template's `{{PLACES}}`, as text: nothing in a value is read as HTML or as a place.
fn fill(template: &str, values: &[(&str, &str)], problem: &str) -> String {
    let mut page = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        let value = match place {
            "PROBLEM" => problem,
            place => values.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value),
        };
        escape(value, &mut page);
        rest = after;
    }
    page.push_str(rest);
    page
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No page may hold one.
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_text_and_no_places() {
        let page = fill("<a title=\"{{A}}\">{{B}}</a>{{PROBLEM}}", &[("A", "\"{{B}}'"), ("B", "<b>&")], "");
        assert_eq!(page, "<a title=\"&quot;{{B}}&#39;\">&lt;b&gt;&amp;</a>");
    }
}
