//! What the team has seen: how many of a contact's messages are unread, and in which notes an agent is mentioned.

use jiff::Timestamp;

use super::{Conversation, sql, staff, store};
use crate::{Actor, Error, Permission, Result, app::App, db::Tx, ids::ConversationId};

/// Notes that an agent has seen the conversation up to the place `seq`, and the notes that mention them. The whole team has seen it then.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for a place that is none.
pub async fn seen(app: &App, actor: &Actor, id: ConversationId, seq: i64) -> Result<Conversation> {
    actor.require(Permission::ManageConversations)?;
    let (agent_id, _) = staff::agent_of(actor)?;
    if seq < 0 {
        return Err(Error::invalid("seq", "must be 0 or more"));
    }
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                let unread = unread_after(tx, &conversation, seq).await?;
                let mentions = sql::forget_mentions(tx, agent_id, id).await?;
                if unread < conversation.unread || mentions > 0 {
                    conversation.unread = unread;
                    store::inbox_changed(tx, &mut conversation, inner.now()).await?;
                }
                Ok(conversation)
            })
        })
        .await
}

/// The same for a reader of messages; the caller tells it with them.
pub(super) async fn up_to(
    tx: &mut Tx,
    conversation: &mut Conversation,
    seq: i64,
    now: Timestamp,
) -> Result<()> {
    let unread = unread_after(tx, conversation, seq).await?;
    if unread < conversation.unread {
        conversation.unread = unread;
        store::touched(tx, conversation, now).await?;
    }
    Ok(())
}

/// What stays unread: what was seen before stays seen, however far somebody else has come.
async fn unread_after(tx: &mut Tx, conversation: &Conversation, seq: i64) -> Result<i64> {
    if conversation.unread == 0 || seq >= conversation.last_seq {
        return Ok(0);
    }
    sql::written_after(tx, conversation.id, seq, conversation.unread).await
}
