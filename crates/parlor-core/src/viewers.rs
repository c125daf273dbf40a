//! Which agents have which conversation open. Nothing here is stored: whoever comes back says so again.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use parking_lot::Mutex;

use crate::{
    Event,
    actor::Agent,
    app::App,
    conversations::Conversation,
    ids::{AccountId, AgentId, ConversationId},
};

/// Who looks at what, with how many pages.
#[derive(Default)]
pub struct Viewers(Mutex<HashMap<ConversationId, BTreeMap<AgentId, usize>>>);

/// One page of an agent that shows a conversation. The agent is a viewer as long as there is one.
pub struct Viewing {
    app: App,
    account_id: AccountId,
    agent_id: AgentId,
    conversation_id: ConversationId,
}

/// Notes that a page shows a conversation; it lasts until the answer is dropped.
pub fn view(app: &App, agent: &Agent, conversation: &Conversation) -> Viewing {
    let (account_id, agent_id, conversation_id) = (conversation.account_id, agent.id, conversation.id);
    let mut viewers = app.viewers.0.lock();
    let there = viewers.entry(conversation_id).or_default();
    let pages = there.entry(agent_id).or_default();
    *pages += 1;
    if *pages == 1 {
        tell(app, account_id, conversation_id, there.keys().copied().collect());
    }
    drop(viewers);
    Viewing { app: app.clone(), account_id, agent_id, conversation_id }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let mut viewers = self.app.viewers.0.lock();
        let Entry::Occupied(mut there) = viewers.entry(self.conversation_id) else { return };
        let Some(pages) = there.get_mut().get_mut(&self.agent_id) else { return };
        *pages -= 1;
        if *pages > 0 {
            return;
        }
        there.get_mut().remove(&self.agent_id);
        let left = there.get().keys().copied().collect::<Vec<_>>();
        if left.is_empty() {
            there.remove();
        }
        tell(&self.app, self.account_id, self.conversation_id, left);
    }
}

/// Told while the viewers are held, so that nobody hears an older state after a newer one.
fn tell(app: &App, account_id: AccountId, conversation_id: ConversationId, viewers: Vec<AgentId>) {
    app.bus.publish(Event::ViewersChanged { account_id, conversation_id, viewers });
}

/// Who has a conversation open now, in the order of their ids.
pub fn of(app: &App, conversation_id: ConversationId) -> Vec<AgentId> {
    let viewers = app.viewers.0.lock();
    viewers.get(&conversation_id).map(|there| there.keys().copied().collect()).unwrap_or_default()
}
