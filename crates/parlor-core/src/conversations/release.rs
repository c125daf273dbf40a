//! What an agent was working on goes back to the queue when they leave the team.

use super::{Session, Status, sql, staff, store};
use crate::{
    Result,
    app::App,
    ids::AgentId,
    jobs::{self, Job, Setback, State},
};

/// So many conversations share a transaction.
const AT_ONCE: i64 = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Some,
}

/// Takes an agent off their open conversations, some at a time; each is told of.
pub(crate) async fn release(app: &App, job: &Job, agent_id: AgentId) -> Result<(), Setback> {
    loop {
        match some(app, job, agent_id).await {
            Ok(Left::Some) => {}
            Ok(Left::Nothing) => return Ok(()),
            Err(error) => return Err(Setback::Again { reason: error.to_string(), after: None }),
        }
    }
}

async fn some(app: &App, job: &Job, agent_id: AgentId) -> Result<Left> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let assigned = sql::open_of(tx, job.account_id, agent_id, AT_ONCE).await?;
                if assigned.is_empty() {
                    jobs::sql::finish(tx, &job, State::Done, None, now).await?;
                    return Ok(Left::Nothing);
                }
                for id in assigned {
                    let mut conversation = sql::lock(tx, job.account_id, id).await?;
                    // Somebody may have taken or closed it since it was looked for.
                    let Session { assignee, status, .. } = conversation.session;
                    if assignee != Some(agent_id) || status != Status::Open {
                        continue;
                    }
                    staff::give(tx, &mut conversation, None, now);
                    store::changed(tx, &mut conversation, now).await?;
                }
                Ok(Left::Some)
            })
        })
        .await
}
