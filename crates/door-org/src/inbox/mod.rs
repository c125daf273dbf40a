//! What the inbox asks for (`org.md` I): lists, counts, one thread whole, and what an agent does beside answering.

mod canned;
mod contacts;
mod desk;
pub mod push;
pub mod wire;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use parlor_core::{
    conversations::{self, Around, Assigned, Count, Filter, Page, Search, Snoozed, Start, Status},
    ids::{AgentId, ChannelId, ConversationId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    conversations::caller,
    error::{Asked, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};
use wire::{InboxConversation, InboxDetails, InboxDraft, InboxTimeline, ids};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/inbox/conversations/", get(list))
        .both_ways("/api/inbox/conversations/{id}", get(thread))
        .both_ways("/api/inbox/conversations/{id}/timeline", get(timeline))
        .both_ways("/api/inbox/counts/", get(counts))
        .both_ways("/api/inbox/mentions/", get(mentions))
        .both_ways("/api/inbox/tags/", get(tags))
        .merge(desk::router())
        .merge(contacts::router())
        .merge(canned::router())
}

/// The most conversations in one answer, and the most messages.
const MOST_LISTED: i64 = 100;
const MOST_MESSAGES: i64 = 200;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whose {
    Unassigned,
    Mine,
    #[default]
    All,
    Mentions,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Open,
    Snoozed,
    Resolved,
    Any,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    view: Whose,
    status: Option<Standing>,
    channel_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    tag: Option<String>,
    search: Option<String>,
    after: Option<Uuid>,
    updated_after: Option<Timestamp>,
    limit: Option<i64>,
}

/// I1. A view of the inbox.
async fn list(state: State<Door>, staff: Staff, Asked(query): Asked<ListQuery>) -> Result<Response> {
    listed(state, staff, query).await
}

/// I1. The view of one's mentions under a path of its own.
async fn mentions(state: State<Door>, staff: Staff, Asked(query): Asked<ListQuery>) -> Result<Response> {
    listed(state, staff, ListQuery { view: Whose::Mentions, ..query }).await
}

async fn listed(State(door): State<Door>, Staff(actor): Staff, query: ListQuery) -> Result<Response> {
    let assigned = match (query.view, query.assignee_id) {
        (Whose::All, None) => Assigned::Whatever,
        (Whose::All, Some(agent)) => Assigned::To(AgentId(agent)),
        (_, Some(_)) => return Err(Refusal::bad_request("assignee_id goes with view=all.")),
        (Whose::Unassigned, None) => Assigned::ToNobody,
        (Whose::Mine, None) => Assigned::To(caller(&actor)?),
        (Whose::Mentions, None) => Assigned::Mentioning(caller(&actor)?),
    };
    let search = query.search.as_deref().map(Search::parse).transpose()?.flatten();
    // What is looked for, mentioned or was missed may stand anywhere.
    let wide = search.is_some() || query.updated_after.is_some() || matches!(query.view, Whose::Mentions);
    let (status, snoozed) = match query.status {
        None if wide => (None, None),
        None | Some(Standing::Open) => (Some(Status::Open), Some(Snoozed::No)),
        Some(Standing::Snoozed) => (Some(Status::Open), Some(Snoozed::Yes)),
        Some(Standing::Resolved) => (Some(Status::Resolved), None),
        Some(Standing::Any) => (None, None),
    };
    let start = match (query.after, query.updated_after) {
        (None, None) => Start::Offset(0),
        (Some(after), None) => Start::After(ConversationId(after)),
        (None, Some(since)) => Start::Changed(since),
        (Some(_), Some(_)) => return Err(Refusal::bad_request("Give one of after and updated_after.")),
    };
    let channel_id = query.channel_id.map(ChannelId);
    let filter = Filter { status, snoozed, assigned, channel_id, tag: query.tag, search };
    let page = Page { start, size: limit(query.limit, 50, MOST_LISTED)? };
    let listed = conversations::page(&door.app, &actor, filter, page).await?;
    let shown: Vec<_> = listed.iter().map(|listed| InboxConversation::from(&listed.conversation)).collect();
    Ok(Json(shown).into_response())
}

/// The most that somebody may ask for, and what they get if they do not.
fn limit(asked: Option<i64>, default: i64, most: i64) -> Result<i64> {
    let limit = asked.unwrap_or(default);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Refusal::bad_request(format!("limit must be 1 to {most}.")))
}

#[derive(Serialize)]
struct CountShown {
    open: i64,
    unread: i64,
}

impl From<Count> for CountShown {
    fn from(count: Count) -> CountShown {
        CountShown { open: count.open, unread: count.unread }
    }
}

#[derive(Serialize)]
struct CountsShown {
    unassigned: CountShown,
    mine: CountShown,
    all: CountShown,
    mentions: Unread,
    snoozed: Open,
}

#[derive(Serialize)]
struct Unread {
    unread: i64,
}

#[derive(Serialize)]
struct Open {
    open: i64,
}

/// I2. The numbers beside the views.
async fn counts(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    let counts = conversations::counts(&door.app, &actor).await?;
    let shown = CountsShown {
        unassigned: counts.unassigned.into(),
        mine: counts.mine.into(),
        all: counts.all.into(),
        mentions: Unread { unread: counts.mentions },
        snoozed: Open { open: counts.snoozed },
    };
    Ok(Json(shown).into_response())
}

#[derive(Serialize)]
struct ThreadShown<'a> {
    conversation: InboxConversation<'a>,
    details: InboxDetails<'a>,
    #[serde(flatten)]
    timeline: InboxTimeline<'a>,
    draft: Option<InboxDraft<'a>>,
    viewers: Vec<Uuid>,
}

/// I3. Everything that opens a thread.
async fn thread(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let thread = conversations::thread(&door.app, &actor, ConversationId(id)).await?;
    let shown = ThreadShown {
        conversation: (&thread.conversation).into(),
        details: InboxDetails::new(&thread.details, &thread.conversation),
        timeline: (&thread.timeline).into(),
        draft: thread.draft.as_ref().map(InboxDraft::from),
        viewers: ids(&thread.viewers),
    };
    Ok(Json(shown).into_response())
}

#[derive(Deserialize)]
struct TimelineQuery {
    before: Option<i64>,
    after: Option<i64>,
    limit: Option<i64>,
}

/// I4. A stretch of a thread.
async fn timeline(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Asked(query): Asked<TimelineQuery>,
) -> Result<Response> {
    let around = match (query.before, query.after) {
        (None, None) => Around::End,
        (Some(seq), None) => Around::Before(seq),
        (None, Some(seq)) => Around::After(seq),
        (Some(_), Some(_)) => return Err(Refusal::bad_request("Give one of before and after.")),
    };
    let limit = limit(query.limit, 50, MOST_MESSAGES)?;
    let (_, timeline) = conversations::timeline(&door.app, &actor, ConversationId(id), around, limit).await?;
    Ok(Json(InboxTimeline::from(&timeline)).into_response())
}

#[derive(Serialize)]
struct TagCount {
    tag: String,
    count: i64,
}

/// I12. The labels that were used lately.
async fn tags(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    let tags = conversations::tags(&door.app, &actor).await?;
    let shown: Vec<_> = tags.into_iter().map(|(tag, count)| TagCount { tag, count }).collect();
    Ok(Json(shown).into_response())
}
