//! Drafts: what an agent has begun to write, kept so that it is there on every screen of theirs.

use jiff::Timestamp;

use super::{sql, staff};
use crate::{Actor, Error, Event, Permission, Result, app::App, ids::ConversationId};

/// The most characters of a draft.
pub const LONGEST_DRAFT: usize = 10_000;
/// How many drafts of an agent are kept, the newest ones.
const KEPT: i64 = 500;

/// What an agent has begun to write.
#[derive(Clone, Debug)]
pub struct Draft {
    pub content: String,
    pub updated_at: Timestamp,
}

/// Keeps the caller's draft in a conversation; an empty one is removed.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for a text that is too long.
pub async fn save_draft(app: &App, actor: &Actor, id: ConversationId, content: String) -> Result<()> {
    actor.require(Permission::ManageConversations)?;
    let (agent_id, _) = staff::agent_of(actor)?;
    if content.chars().count() > LONGEST_DRAFT || content.contains('\0') {
        return Err(Error::invalid("content", "must have at most 10,000 characters"));
    }
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                let content = (!content.trim().is_empty()).then_some(content);
                let touched = match &content {
                    Some(content) => {
                        let kept =
                            sql::save_draft(tx, account_id, agent_id, id, content, inner.now()).await?;
                        sql::forget_drafts(tx, agent_id, KEPT).await?;
                        kept
                    }
                    None => sql::delete_draft(tx, agent_id, id).await?,
                };
                if touched > 0 {
                    tx.tell(Event::DraftChanged { account_id, agent_id, conversation_id: id, content });
                }
                Ok(())
            })
        })
        .await
}
