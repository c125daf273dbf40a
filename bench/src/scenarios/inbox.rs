//! One agent's page, on an account that `parlor demo` has filled: each request of a kind in turn, one after the other on a kept-alive
//! connection. The time is the agent's: what the server takes, and some hundred microseconds of ours.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::figures::{Figures, Tally, Window};
use crate::http1::Connection;
use crate::server::Server;

/// What the agent asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    List,
    Thread,
    Search,
    Reports,
}

/// A request, and what is special about it.
struct Request {
    label: &'static str,
    paths: Vec<String>,
}

/// Every request of the kind, as often as the time allows; a line for each label, and first one for all of them.
pub async fn play(
    server: &Server,
    kind: Kind,
    warm_up: Duration,
    duration: Duration,
) -> anyhow::Result<Vec<Figures>> {
    let mut http = Connection::open(server.address).await?;
    http.sign_in(&server.demo_sign_in()?).await?;
    let mut requests = match kind {
        Kind::List => lists(&mut http).await?,
        Kind::Thread => threads(&mut http).await?,
        Kind::Search => searches(&mut http).await?,
        Kind::Reports => reports(),
    };
    // A small account may have nobody with a phone.
    requests.retain(|request| !request.paths.is_empty());
    let window = Window::after(warm_up, duration);
    let mut tallies: Vec<Tally> = requests.iter().map(|_| Tally::default()).collect();
    for round in 0.. {
        if Instant::now() >= window.end {
            break;
        }
        for (request, tally) in requests.iter().zip(&mut tallies) {
            let path = &request.paths[round % request.paths.len()];
            let sent = Instant::now();
            let (status, body) = http.read(path).await?;
            if status.is_success() {
                tally.within(window, sent, Instant::now());
            } else {
                tally.error(format!("{path}: {status} {}", String::from_utf8_lossy(&body)));
            }
        }
    }
    let name = kind.name();
    let mut all = Tally::default();
    tallies.iter().for_each(|tally| all.add_all(tally));
    let mut figures = vec![all.into_figures(name, 1, duration)];
    figures.extend(requests.iter().zip(tallies).map(|(request, tally)| Figures {
        request: Some(request.label),
        ..tally.into_figures(name, 1, duration)
    }));
    Ok(figures)
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::List => "inbox-list",
            Kind::Thread => "inbox-thread",
            Kind::Search => "inbox-search",
            Kind::Reports => "inbox-reports",
        }
    }
}

const LIST: &str = "/api/inbox/conversations/";

async fn listed(http: &mut Connection, query: &str) -> anyhow::Result<Vec<Value>> {
    let (status, body) = http.read(&format!("{LIST}?{query}")).await?;
    ensure!(status.is_success(), "{query}: {status}");
    serde_json::from_slice(&body).context("a list is no list")
}

fn texts<'a>(found: &'a [Value], member: &str) -> Vec<&'a str> {
    let mut texts: Vec<&str> = found.iter().filter_map(|one| one[member].as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn request(label: &'static str, queries: impl IntoIterator<Item = impl AsRef<str>>) -> Request {
    let paths = queries.into_iter().map(|query| format!("{LIST}?{}", query.as_ref())).collect();
    Request { label, paths }
}

async fn lists(http: &mut Connection) -> anyhow::Result<Vec<Request>> {
    let newest = listed(http, "view=all&status=any&limit=100").await?;
    let ids = texts(&newest, "id");
    let each = |view: &str| {
        ["open", "snoozed", "resolved", "any"].map(|status| format!("view={view}&status={status}"))
    };
    let channels = texts(&newest, "channel_id");
    let by_channel: Vec<String> =
        channels.iter().flat_map(|id| each("all").map(|query| format!("{query}&channel_id={id}"))).collect();
    let tags = ["shipping", "plant-care", "refund", "vip", "feedback", "needs-person", "nobody-has-it"];
    let by_tag = tags.iter().flat_map(|tag| each("all").map(|query| format!("{query}&tag={tag}")));
    let mut deep = Vec::new();
    let mut last = ids.last().copied().unwrap_or_default().to_owned();
    for _ in 0..5 {
        deep.push(format!("view=all&status=any&after={last}"));
        let page = listed(http, &format!("view=all&status=any&limit=100&after={last}")).await?;
        last = page.last().and_then(|one| one["id"].as_str()).unwrap_or_default().to_owned();
    }
    let since = newest.get(30).and_then(|one| one["updated_at"].as_str()).unwrap_or_default();
    Ok(vec![
        request("all", each("all")),
        request("unassigned", each("unassigned")),
        request("mine", each("mine")),
        request("mentions", ["view=mentions"]),
        request("channel", by_channel),
        request("tag", by_tag.collect::<Vec<_>>()),
        request("after", deep),
        request("updated_after", [format!("view=all&status=any&updated_after={since}")]),
        Request { label: "counts", paths: vec!["/api/inbox/counts/".into()] },
        Request { label: "guide's list", paths: vec!["/api/conversations/?filter=all".into()] },
    ])
}

async fn threads(http: &mut Connection) -> anyhow::Result<Vec<Request>> {
    let mut all = listed(http, "view=all&status=any&limit=100").await?;
    all.extend(listed(http, "view=all&status=resolved&tag=vip&limit=100").await?);
    let ids = texts(&all, "id");
    let of = |label, path: &dyn Fn(&str) -> String| Request {
        label,
        paths: ids.iter().map(|id| path(id)).collect(),
    };
    Ok(vec![
        of("open", &|id| format!("/api/inbox/conversations/{id}")),
        of("timeline", &|id| format!("/api/inbox/conversations/{id}/timeline?before=40")),
        of("guide's history", &|id| format!("/api/conversations/{id}/messages")),
    ])
}

async fn searches(http: &mut Connection) -> anyhow::Result<Vec<Request>> {
    let some = listed(http, "view=all&status=resolved&limit=100").await?;
    let contact = |member: &str| -> Vec<String> {
        let found = some.iter().filter_map(|one| one["contact"][member].as_str());
        found.take(30).map(str::to_owned).collect()
    };
    let mut orders = Vec::new();
    for id in texts(&some, "id").into_iter().take(30) {
        let (_, body) = http.read(&format!("/api/conversations/{id}/messages")).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        orders.extend(
            body.split("FP-").nth(1).and_then(|rest| rest.get(..6)).map(|order| format!("FP-{order}")),
        );
    }
    let surnames =
        contact("display_name").iter().filter_map(|name| name.split(' ').nth(1).map(str::to_owned)).collect();
    let search = |label, texts: Vec<String>| {
        request(label, texts.iter().map(|text| format!("view=all&search={}", encoded(text))))
    };
    let fixed = |label, texts: &[&str]| search(label, texts.iter().map(|text| (*text).to_owned()).collect());
    Ok(vec![
        search("name", contact("display_name")),
        search("surname", surnames),
        search("e-mail", contact("email")),
        fixed("part of an e-mail", &["@post", "mail.example", ".lindner", "whitfield4"]),
        search("phone", contact("phone")),
        fixed("tag", &["shipping", "vip", "refund"]),
        search("rare word", orders),
        fixed("common word", &["the", "paket", "order", "die", "merci", "danke"]),
        fixed("middling word", &["monstera", "radiator", "heizung", "invoice", "strasbourg", "tillandsia"]),
        fixed(
            "two words",
            &["calathea radiator", "paket nachbarn", "yellow leaves", "hoya strasbourg", "danke merci"],
        ),
        fixed("prefix", &["cala", "umto", "s", "re", "1", "ge"]),
        fixed("no match", &["qqxxzz", "zzyzx blorp", "the qqxxzz", "ŵŷ"]),
        request(
            "narrowed",
            [
                "view=unassigned&status=open&search=the",
                "view=all&status=open&tag=vip&search=paket",
                "view=mine&status=any&search=qqxxzz",
            ],
        ),
    ])
}

fn reports() -> Vec<Request> {
    let report = |query: &str| format!("/api/reports/?{query}");
    let zones = ["UTC", "Europe/Berlin", "America/New_York"];
    let of = |label, from: &str, to: &str| Request {
        label,
        paths: zones.iter().map(|zone| report(&format!("from={from}&to={to}&timezone={zone}"))).collect(),
    };
    vec![
        of("a year", "2026-01-01", "2026-12-31"),
        of("a month", "2026-10-01", "2026-10-31"),
        of("a week", "2026-11-09", "2026-11-15"),
    ]
}

/// As it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        if byte.is_ascii_alphanumeric() {
            done.push(char::from(byte));
        } else {
            done.push_str(&format!("%{byte:02X}"));
        }
        done
    })
}
