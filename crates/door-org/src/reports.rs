//! `/api/reports/`: what became of the conversations, in numbers and as a table (`org.md` N).

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use http::header;
use jiff::{Timestamp, civil::Date};
use parlor_core::{
    Actor,
    ids::ChannelId,
    reports::{self, AgentNumbers, Day, Line, MOST_LINES, Report, Spread, Totals},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Asked, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/reports/", get(report))
        .both_ways("/api/reports/conversations.csv", get(table))
}

#[derive(Deserialize)]
struct Query {
    from: String,
    to: String,
    timezone: Option<String>,
    channel_id: Option<Uuid>,
}

impl Query {
    fn asked(&self) -> parlor_core::Result<reports::Asked> {
        let channel_id = self.channel_id.map(ChannelId);
        reports::Asked::new(&self.from, &self.to, self.timezone.as_deref(), channel_id)
    }
}

#[derive(Serialize)]
struct ReportShown {
    from: Date,
    to: Date,
    totals: TotalsShown,
    previous: TotalsShown,
    days: Vec<DayShown>,
    hours: [[i64; 24]; 7],
    tags: Vec<TagShown>,
    agents: Vec<AgentShown>,
}

#[derive(Serialize)]
struct TotalsShown {
    conversations: i64,
    resolved: i64,
    messages_in: i64,
    messages_out: i64,
    first_response_seconds: SpreadShown,
    resolution_seconds: SpreadShown,
    answered_by_assistant: i64,
    handed_over: i64,
    tokens: Tokens,
    rating: RatingShown,
}

#[derive(Serialize)]
struct SpreadShown {
    median: Option<i64>,
    p90: Option<i64>,
}

#[derive(Serialize)]
struct Tokens {
    input: i64,
    output: i64,
}

#[derive(Serialize)]
struct RatingShown {
    count: i64,
    average: Option<f64>,
    by_score: [i64; 5],
}

#[derive(Serialize)]
struct DayShown {
    date: Date,
    conversations: i64,
    resolved: i64,
    messages_in: i64,
    first_response_median: Option<i64>,
}

#[derive(Serialize)]
struct TagShown {
    tag: String,
    count: i64,
}

#[derive(Serialize)]
struct AgentShown {
    id: Uuid,
    name: String,
    conversations: i64,
    replies: i64,
    resolved: i64,
    first_response_median: Option<i64>,
    rating_average: Option<f64>,
}

impl From<Spread> for SpreadShown {
    fn from(spread: Spread) -> SpreadShown {
        SpreadShown { median: spread.median, p90: spread.p90 }
    }
}

impl From<Totals> for TotalsShown {
    fn from(totals: Totals) -> TotalsShown {
        let (count, average) = totals.rating();
        TotalsShown {
            conversations: totals.conversations,
            resolved: totals.resolved,
            messages_in: totals.messages_in,
            messages_out: totals.messages_out,
            first_response_seconds: totals.first_response.into(),
            resolution_seconds: totals.resolution.into(),
            answered_by_assistant: totals.answered_by_assistant,
            handed_over: totals.handed_over,
            tokens: Tokens { input: totals.input_tokens, output: totals.output_tokens },
            rating: RatingShown { count, average: average.map(hundredths), by_score: totals.ratings },
        }
    }
}

impl From<Day> for DayShown {
    fn from(day: Day) -> DayShown {
        let Day { date, conversations, resolved, messages_in, first_response_median } = day;
        DayShown { date, conversations, resolved, messages_in, first_response_median }
    }
}

impl From<AgentNumbers> for AgentShown {
    fn from(agent: AgentNumbers) -> AgentShown {
        AgentShown {
            id: agent.id.0,
            name: agent.name,
            conversations: agent.conversations,
            replies: agent.replies,
            resolved: agent.resolved,
            first_response_median: agent.first_response_median,
            rating_average: agent.rating_average.map(hundredths),
        }
    }
}

fn hundredths(average: f64) -> f64 {
    (average * 100.0).round() / 100.0
}

/// N1. Numbers of some days, with those of as many days before.
async fn report(
    State(door): State<Door>,
    Staff(actor): Staff,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let asked = query.asked()?;
    let Report { totals, previous, days, hours, tags, agents } =
        reports::report(&door.app, &actor, &asked).await?;
    let shown = ReportShown {
        from: asked.from(),
        to: asked.to(),
        totals: totals.into(),
        previous: previous.into(),
        days: days.into_iter().map(DayShown::from).collect(),
        hours,
        tags: tags.into_iter().map(|(tag, count)| TagShown { tag, count }).collect(),
        agents: agents.into_iter().map(AgentShown::from).collect(),
    };
    Ok(Json(shown).into_response())
}

const HEADING: &str = "began_at,resolved_at,status,channel,contact,email,assignee,tags,messages_in,messages_out,\
    first_response_seconds,resolution_seconds,answered_by_assistant,handed_over,rating,rating_comment,\
    conversation_id,session_id\r\n";

/// N3. A line a session, read and sent some at a time.
async fn table(
    State(door): State<Door>,
    Staff(actor): Staff,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let asked = query.asked()?;
    let name = format!("conversations-{}-{}.csv", asked.from(), asked.to());
    // What is refused is refused before the first byte.
    let first = reports::lines(&door.app, &actor, &asked, None).await?;
    let heading = format!("\u{feff}{HEADING}{}", written(&first, &asked));
    let reading = Reading { door, actor, asked, last: goes_on(first) };
    let rest = stream::try_unfold(reading, |mut reading| async move {
        let Some(last) = reading.last.take() else { return Ok(None) };
        let Reading { door, actor, asked, .. } = &reading;
        let lines = reports::lines(&door.app, actor, asked, Some(&last)).await?;
        let text = written(&lines, asked);
        reading.last = goes_on(lines);
        Ok::<_, parlor_core::Error>(Some((text, reading)))
    });
    let whole = futures_util::StreamExt::chain(stream::iter([Ok(heading)]), rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(whole)).into_response())
}

/// How far a table has been sent.
struct Reading {
    door: Door,
    actor: Actor,
    asked: reports::Asked,
    /// `None` after the last line.
    last: Option<Line>,
}

fn goes_on(mut lines: Vec<Line>) -> Option<Line> {
    let full = lines.len() as i64 == MOST_LINES;
    lines.pop().filter(|_| full)
}

fn written(lines: &[Line], asked: &reports::Asked) -> String {
    let mut text = String::new();
    for line in lines {
        let local =
            |at: Timestamp| at.to_zoned(asked.zone().clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let yes = |is: bool| String::from(if is { "yes" } else { "no" });
        let cells = [
            local(line.began_at),
            line.resolved_at.map(local).unwrap_or_default(),
            line.status.as_str().to_owned(),
            line.channel.clone(),
            given(&line.contact_name),
            given(&line.contact_email),
            given(&line.assignee),
            line.tags.join("; "),
            line.messages_in.to_string(),
            line.messages_out.to_string(),
            number(line.first_response),
            number(line.resolution),
            yes(line.by_assistant),
            yes(line.handed_over),
            number(line.rating),
            given(&line.rating_comment),
            line.conversation_id.to_string(),
            line.id.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell by RFC 4180. A spreadsheet would take one that begins like a formula for one: an apostrophe says that it is text.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let apostrophe = if formula { "'" } else { "" };
    if formula || cell.contains([',', '"', '\r', '\n', ';']) {
        return format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}
