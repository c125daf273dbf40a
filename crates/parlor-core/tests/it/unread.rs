//! What is unread, after any history of one conversation.

use std::net::{IpAddr, Ipv4Addr};

use parlor_core::{
    Actor, App,
    actor::{Agent, Role},
    assistants::AssistantChange,
    channels::{self, AutoReply, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Conversation, NewMessage, SenderType},
    ids::{AccountId, AgentId, SignInId},
};
use proptest::prelude::*;
use testkit::TestApp;

/// What happens in it.
#[derive(Clone, Copy, Debug)]
enum Step {
    VisitorWrites,
    AgentReplies,
    Seen(i64),
    /// The agent marks one message as read, counted from the newest.
    Read(usize),
    VisitorReads,
    Resolve,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::VisitorWrites),
        1 => Just(Step::AgentReplies),
        3 => (0..20_i64).prop_map(Step::Seen),
        2 => (0..8_usize).prop_map(Step::Read),
        1 => Just(Step::VisitorReads),
        1 => Just(Step::Resolve),
        1 => Just(Step::Reopen),
    ]
}

#[tokio::test]
async fn what_is_unread_is_true_after_any_history() {
    let app = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let mut runner = proptest::test_runner::TestRunner::default();
    let histories: Vec<Vec<Step>> = (0..24)
        .map(|_| {
            let tree = proptest::collection::vec(step(), 1..40).new_tree(&mut runner).expect("a history");
            proptest::strategy::ValueTree::current(&tree)
        })
        .collect();
    app.within(|app| async move {
        for (number, history) in histories.into_iter().enumerate() {
            plays(&app, number, &history).await;
        }
    })
    .await;
}

async fn plays(app: &App, number: usize, history: &[Step]) {
    let new = parlor_core::accounts::NewAccount {
        name: "A shop".into(),
        email: format!("owner-{number}@unread.example"),
        password: "correct horse".into(),
    };
    let (account, owner) = parlor_core::accounts::create(app, new).await.expect("an account");
    let agent = agent(app, account.id, owner);
    let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
    let operator = Actor::Operator(account.id);
    let channel = channels::create_website(app, &operator, new).await.expect("a channel");
    channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off)).await.expect("a switch");
    let visitor = Visitor {
        way_in: WayIn::Token(channel.token.clone()),
        external_id: ExternalId::parse("visitor").expect("an id"),
        proof: None,
        address: IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    let text = || NewMessage::text("Hello", None).expect("a text");
    let id = conversations::receive(app, &visitor, text(), None).await.expect("a message").conversation.id;
    // The place up to which somebody of the team has seen it.
    let mut seen_to = 0;
    for step in history {
        let (before, messages) = conversations::get(app, &agent, id, None).await.expect("a history");
        match *step {
            Step::VisitorWrites => {
                drop(conversations::receive(app, &visitor, text(), None).await.expect("it"))
            }
            Step::AgentReplies => {
                seen_to = conversations::reply(app, &agent, id, text()).await.expect("a reply").message.seq;
            }
            Step::Seen(seq) => {
                conversations::seen(app, &agent, id, seq).await.expect("seen");
                seen_to = seen_to.max(seq.min(before.last_seq));
            }
            Step::Read(back) => {
                let Some(message) = messages.iter().rev().nth(back) else { continue };
                let fresh = conversations::mark_read(app, &agent, id, vec![message.id]).await.expect("marks");
                if !fresh.is_empty() {
                    seen_to = seen_to.max(message.seq);
                }
            }
            Step::VisitorReads => {
                let ids = messages.iter().map(|message| message.id).collect();
                conversations::mark_read_by_visitor(app, &visitor, ids).await.expect("marks");
            }
            Step::Resolve => drop(conversations::resolve(app, &agent, id, Vec::new()).await),
            Step::Reopen => drop(conversations::reopen(app, &agent, id).await),
        }
        let (after, messages) = conversations::get(app, &agent, id, None).await.expect("a history");
        let of_contact = |message: &&conversations::Message| {
            message.seq > seen_to && message.sender.kind() == SenderType::EndUser
        };
        let unread = messages.iter().filter(of_contact).count() as i64;
        assert_eq!(after.unread, unread, "after {step:?} of {history:?}");
        raised(&before, &after, step);
    }
}

/// Whoever holds a newer version may ignore an older one.
fn raised(before: &Conversation, after: &Conversation, step: &Step) {
    let same =
        |conversation: &Conversation| format!("{:?}", Conversation { version: 0, ..conversation.clone() });
    assert!(after.version > before.version || same(before) == same(after), "{step:?} changes no version");
}

fn agent(app: &App, account_id: AccountId, id: AgentId) -> Actor {
    let sign_in = SignInId(app.new_id());
    let (name, email) = ("Olga".into(), String::new());
    Actor::Agent(Agent { id, account_id, name, email, role: Role::Owner, sign_in })
}
