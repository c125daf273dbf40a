//! `/api/assistants/`: what answers automatically, and the scripted flows some of it follows (`org.md` F).

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    Error,
    assistants::{self, Assistant, AssistantChange, HandedOver, Provider, Speaker, Spoken, flow},
    conversations::{Content, Source},
    ids::AssistantId,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/assistants/", get(list).post(create))
        .both_ways("/api/assistants/{id}", get(read).patch(change).delete(remove))
        .both_ways("/api/assistants/{id}/try", post(try_out))
        .both_ways("/api/assistants/{id}/flow", get(read_flow).put(save_flow).delete(remove_flow))
        .both_ways("/api/assistants/{id}/flow/check", post(check_flow))
        .both_ways("/api/assistants/{id}/flow/try", post(try_flow))
}

#[derive(Serialize)]
struct AssistantResponse {
    id: Uuid,
    name: String,
    /// `model`, or `flow` when it has one.
    kind: &'static str,
    /// `anthropic`, `openai` or `local`.
    provider: &'static str,
    model: String,
    instructions: Option<String>,
}

impl From<Assistant> for AssistantResponse {
    fn from(assistant: Assistant) -> AssistantResponse {
        AssistantResponse {
            id: assistant.id.0,
            name: assistant.name,
            kind: assistant.kind.as_str(),
            provider: assistant.provider.as_str(),
            model: assistant.model,
            instructions: assistant.instructions,
        }
    }
}

/// What is left out stays as it is, or as a new assistant begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssistantPatch {
    name: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    /// `null` goes back to the standard instructions.
    #[serde(default, deserialize_with = "given")]
    instructions: Option<Option<String>>,
}

/// Tells `null` from a field that is not there.
fn given<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl AssistantPatch {
    fn change(self) -> Result<AssistantChange> {
        let provider = self.provider.map(|code| {
            Provider::parse(&code)
                .ok_or_else(|| Refusal::bad_request("provider must be anthropic, openai or local."))
        });
        Ok(AssistantChange {
            name: self.name,
            provider: provider.transpose()?,
            model: self.model,
            instructions: self.instructions,
        })
    }
}

/// A refusal, with the field called as it is called here.
fn named(error: Error) -> Refusal {
    match error {
        Error::Invalid { field, problem } if field == "assistant_name" => {
            Refusal::bad_request(format!("name {problem}."))
        }
        other => other.into(),
    }
}

/// F1. All of the account's, the oldest first.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<AssistantResponse>>> {
    let assistants = assistants::list(&door.app, &actor).await?;
    Ok(Json(assistants.into_iter().map(AssistantResponse::from).collect()))
}

/// F2. It answers nobody until a channel or an embed token has it.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(body): Body<AssistantPatch>,
) -> Result<(StatusCode, Json<AssistantResponse>)> {
    let made = assistants::create(&door.app, &actor, body.change()?).await.map_err(named)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// F1.
async fn read(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Json<AssistantResponse>> {
    Ok(Json(assistants::get(&door.app, &actor, AssistantId(id)).await?.into()))
}

/// F2. What is left out stays.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<AssistantPatch>,
) -> Result<Json<AssistantResponse>> {
    let changed =
        assistants::change(&door.app, &actor, AssistantId(id), body.change()?).await.map_err(named)?;
    Ok(Json(changed.into()))
}

/// F3. 409 while a channel has it.
async fn remove(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    assistants::remove(&door.app, &actor, AssistantId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    messages: Vec<AttemptMessage>,
    /// In place of the assistant's own; `null` is the standard ones.
    #[serde(default, deserialize_with = "given")]
    instructions: Option<Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptMessage {
    role: AttemptRole,
    content: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AttemptRole {
    User,
    Assistant,
}

impl From<AttemptMessage> for Spoken {
    fn from(message: AttemptMessage) -> Spoken {
        let by = match message.role {
            AttemptRole::User => Speaker::Visitor,
            AttemptRole::Assistant => Speaker::Assistant,
        };
        Spoken { by, text: message.content }
    }
}

#[derive(Serialize)]
struct AttemptResponse {
    content: String,
    sources: Vec<SourceResponse>,
    /// `local` where there is no key for the assistant's own provider.
    provider: &'static str,
    /// As the provider calls it; null where none was asked.
    model: Option<String>,
    /// Whether staff would be called.
    handed_over: bool,
}

#[derive(Serialize)]
struct SourceResponse {
    article_id: Uuid,
    title: String,
    url: Option<String>,
}

impl From<Source> for SourceResponse {
    fn from(Source { article_id, title, url }: Source) -> SourceResponse {
        SourceResponse { article_id: article_id.0, title, url }
    }
}

/// C8. A real answer; nothing is kept but what it cost.
async fn try_out(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(attempt): Body<Attempt>,
) -> Result<Json<AttemptResponse>> {
    let spoken = attempt.messages.into_iter().map(Spoken::from).collect();
    let instructions = attempt.instructions;
    let trial = assistants::try_out(&door.app, &actor, AssistantId(id), spoken, instructions).await?;
    Ok(Json(AttemptResponse {
        content: trial.content,
        sources: trial.sources.into_iter().map(SourceResponse::from).collect(),
        provider: trial.provider.as_str(),
        model: trial.model,
        handed_over: trial.handed_over == HandedOver::Yes,
    }))
}

#[derive(Serialize)]
struct FlowResponse {
    /// Grows with every change.
    revision: i64,
    flow: Value,
    updated_at: Timestamp,
}

/// F4.
async fn read_flow(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Json<FlowResponse>> {
    let saved = flow::get(&door.app, &actor, AssistantId(id)).await?;
    Ok(Json(FlowResponse { revision: saved.revision, flow: saved.definition, updated_at: saved.updated_at }))
}

#[derive(Serialize)]
struct Revised {
    revision: i64,
}

/// F4. The body is the flow; the assistant follows it from now on.
async fn save_flow(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(definition): Body<Value>,
) -> Result<Json<Revised>> {
    let revision = flow::save(&door.app, &actor, AssistantId(id), definition).await?;
    Ok(Json(Revised { revision }))
}

/// F4. The assistant's model answers from now on.
async fn remove_flow(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    flow::remove(&door.app, &actor, AssistantId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Checked {
    valid: bool,
    /// What is wrong, as a PUT would say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The steps that nothing leads to.
    unreachable: Vec<String>,
}

/// F5. 200 also for a flow that is not valid: that is the answer to the question.
async fn check_flow(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(definition): Body<Value>,
) -> Result<Json<Checked>> {
    match flow::check(&door.app, &actor, AssistantId(id), &definition).await {
        Ok(unreachable) => Ok(Json(Checked { valid: true, error: None, unreachable })),
        Err(refused @ Error::Invalid { .. }) => {
            Ok(Json(Checked { valid: false, error: Some(refused.to_string()), unreachable: Vec::new() }))
        }
        Err(refused) => Err(refused.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rehearsed {
    /// What the visitor writes, one after another.
    messages: Vec<String>,
    /// Without it the flow that is saved.
    flow: Option<Value>,
    #[serde(default)]
    contact: KnownContact,
}

/// What is known of the visitor.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct KnownContact {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Serialize)]
struct RehearsalResponse {
    turns: Vec<TurnResponse>,
    /// What is kept in the end.
    answers: BTreeMap<String, String>,
    contact: KnownContact,
    /// `waiting`, `over`, `person`, `ai`, or `start` where nothing was said.
    status: &'static str,
    /// The id of the step that waits.
    step: Option<String>,
}

#[derive(Serialize)]
struct TurnResponse {
    message: String,
    said: Vec<Said>,
    /// `person` or `ai`.
    handed_to: Option<&'static str>,
}

#[derive(Serialize)]
struct Said {
    content_type: &'static str,
    content: String,
    rich_media: Option<Value>,
}

impl From<Content> for Said {
    fn from(content: Content) -> Said {
        Said { content_type: content.kind.as_str(), content: content.text, rich_media: content.rich_media }
    }
}

impl From<flow::Turn> for TurnResponse {
    fn from(turn: flow::Turn) -> TurnResponse {
        TurnResponse {
            message: turn.heard,
            said: turn.said.into_iter().map(Said::from).collect(),
            handed_to: turn.handed_to.map(flow::Successor::as_str),
        }
    }
}

/// F6. Nothing is kept and nobody is told.
async fn try_flow(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<Rehearsed>,
) -> Result<Json<RehearsalResponse>> {
    let KnownContact { name, email, phone } = body.contact;
    let known = flow::Known { name, email, phone };
    let id = AssistantId(id);
    let rehearsal = flow::rehearse(&door.app, &actor, id, body.flow, known, body.messages).await?;
    let (status, step) = match rehearsal.run.at {
        flow::At::Start => ("start", None),
        flow::At::Waiting(step) => ("waiting", Some(step)),
        flow::At::Over(_) => ("over", None),
        flow::At::WithAi(_) => ("ai", None),
        flow::At::WithPerson => ("person", None),
    };
    let flow::Known { name, email, phone } = rehearsal.known;
    Ok(Json(RehearsalResponse {
        turns: rehearsal.turns.into_iter().map(TurnResponse::from).collect(),
        answers: rehearsal.run.answers,
        contact: KnownContact { name, email, phone },
        status,
        step,
    }))
}
