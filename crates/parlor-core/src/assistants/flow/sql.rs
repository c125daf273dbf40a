use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Afterwards, At, Run, Saved, Takeover};
use crate::{
    Result,
    db::{Row, Tx},
    ids::{AccountId, AssistantId, SessionId},
    params,
};

pub async fn get(tx: &mut Tx, id: AssistantId) -> Result<Option<Saved>> {
    let sql = "select revision, definition, updated_at from flows where assistant_id = $1";
    let saved =
        |row: &Row<'_>| Ok(Saved { revision: row.get(0)?, definition: row.get(1)?, updated_at: row.get(2)? });
    tx.opt(sql, params![id], saved).await
}

pub async fn revision(tx: &mut Tx, id: AssistantId) -> Result<Option<i64>> {
    tx.opt("select revision from flows where assistant_id = $1", params![id], |row| row.get(0)).await
}

pub async fn save(
    tx: &mut Tx,
    account_id: AccountId,
    id: AssistantId,
    definition: &Json,
    now: Timestamp,
) -> Result<i64> {
    let sql = "insert into flows (assistant_id, account_id, revision, definition, updated_at) values ($1, $2, 1, $3, $4)
               on conflict (assistant_id) do update set
                 revision = flows.revision + 1, definition = excluded.definition, updated_at = excluded.updated_at
               returning revision";
    tx.one(sql, params![id, account_id, definition, now], |row| row.get(0)).await
}

pub async fn delete(tx: &mut Tx, id: AssistantId) -> Result<u64> {
    tx.exec("delete from flows where assistant_id = $1", params![id]).await
}

/// A session's place in the flow of an assistant.
pub struct Progress {
    pub assistant_id: AssistantId,
    pub run: Run,
    /// The last message of the visitor that was heard.
    pub seq: i64,
}

pub async fn progress(tx: &mut Tx, id: SessionId) -> Result<Option<Progress>> {
    let sql = "select assistant_id, state, seq from flow_runs where session_id = $1";
    let progress = |row: &Row<'_>| {
        Ok(Progress {
            assistant_id: row.get(0)?,
            run: run(&row.get(1)?).unwrap_or_default(),
            seq: row.get(2)?,
        })
    };
    tx.opt(sql, params![id], progress).await
}

pub async fn save_progress(
    tx: &mut Tx,
    account_id: AccountId,
    id: SessionId,
    progress: &Progress,
    now: Timestamp,
) -> Result<u64> {
    let sql = "insert into flow_runs (session_id, account_id, assistant_id, state, seq, updated_at)
               values ($1, $2, $3, $4, $5, $6)
               on conflict (session_id) do update set
                 assistant_id = excluded.assistant_id, state = excluded.state, seq = excluded.seq, updated_at = excluded.updated_at";
    let state = run_json(&progress.run);
    tx.exec(sql, params![id, account_id, progress.assistant_id, &state, progress.seq, now]).await
}

fn run_json(run: &Run) -> Json {
    let (at, step) = match &run.at {
        At::Start => ("start", None),
        At::Waiting(step) => ("waiting", Some(step)),
        At::Over(Afterwards::Restart) => ("over, restarts", None),
        At::Over(Afterwards::Silence) => ("over, silent", None),
        At::WithAi(Takeover::AtOnce) => ("with ai, at once", None),
        At::WithAi(Takeover::FromNext) => ("with ai, from next", None),
        At::WithPerson => ("with person", None),
    };
    json!({ "at": at, "step": step, "answers": run.answers, "retries": run.retries })
}

fn run(state: &Json) -> Option<Run> {
    let at = match state["at"].as_str()? {
        "start" => At::Start,
        "waiting" => At::Waiting(state["step"].as_str()?.to_owned()),
        "over, restarts" => At::Over(Afterwards::Restart),
        "over, silent" => At::Over(Afterwards::Silence),
        "with ai, at once" => At::WithAi(Takeover::AtOnce),
        "with ai, from next" => At::WithAi(Takeover::FromNext),
        "with person" => At::WithPerson,
        _ => return None,
    };
    let answer = |(name, answer): (&String, &Json)| Some((name.clone(), answer.as_str()?.to_owned()));
    let answers: BTreeMap<_, _> = state["answers"].as_object()?.iter().filter_map(answer).collect();
    Some(Run { at, answers, retries: u32::try_from(state["retries"].as_u64()?).ok()? })
}
