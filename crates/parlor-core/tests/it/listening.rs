//! Listening equals reloading: whoever folds the events by version ends where a fresh look would have begun.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
};

use jiff::SignedDuration;
use parlor_core::{
    Actor, App, Error, Event,
    accounts::{self, NewAccount},
    actor::{Agent, Role},
    assistants::{AssistantChange, flow},
    bus::Heard,
    channels::{self, AutoReply, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{
        self, Around, ContactChange, Conversation, Filter, Message, NewMessage, NewNote, NewRating, Note,
        Page, SenderType, Start, Status,
    },
    ids::{ConversationId, NoteId, SignInId},
};
use testkit::TestApp;

/// What somebody who only listens knows.
#[derive(Default)]
struct Listened {
    conversations: HashMap<ConversationId, Conversation>,
    messages: HashMap<ConversationId, BTreeMap<i64, Message>>,
    notes: HashMap<ConversationId, BTreeMap<NoteId, Note>>,
}

impl Listened {
    fn hear(&mut self, event: &Event) {
        let conversation = match event {
            Event::ConversationOpened { conversation }
            | Event::ConversationChanged { conversation }
            | Event::InboxChanged { conversation } => conversation,
            Event::NoteAdded { conversation, note } => {
                self.notes.entry(conversation.id).or_default().insert(note.id, note.clone());
                conversation
            }
            Event::NoteDeleted { conversation, note_id } => {
                self.notes.entry(conversation.id).or_default().remove(note_id);
                conversation
            }
            Event::MessageSent { conversation, message } => {
                self.messages.entry(conversation.id).or_default().insert(message.seq, message.clone());
                conversation
            }
            Event::MessagesRead { conversation, read, message_ids } => {
                let messages = self.messages.entry(conversation.id).or_default();
                for message in messages.values_mut().filter(|message| message_ids.contains(&message.id)) {
                    message.read_by.push(*read);
                }
                conversation
            }
            Event::Assigned { .. }
            | Event::ChannelChanged { .. }
            | Event::ContactVerified { .. }
            | Event::SignedOut { .. }
            | Event::DraftChanged { .. }
            | Event::Changed { .. }
            | Event::ViewersChanged { .. }
            | Event::PresenceChanged { .. }
            | Event::Typing { .. } => return,
        };
        let known = self.conversations.get(&conversation.id);
        if known.is_none_or(|known| known.version < conversation.version) {
            self.conversations.insert(conversation.id, conversation.clone());
        }
    }
}

/// A small generator of chance whose seed is in every failure message.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// What can be seen of a conversation, without how it is represented.
fn seen(conversation: &Conversation) -> String {
    format!("{conversation:?}")
}

#[tokio::test]
async fn listening_equals_reloading() {
    let product = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    product
        .within(|app| async move {
            for seed in 0..12 {
                history(&app, seed).await;
            }
        })
        .await;
}

async fn history(app: &App, seed: u64) {
    let new = NewAccount {
        name: "A shop".into(),
        email: format!("owner-{seed}@shop.example"),
        password: "correct horse".into(),
    };
    let (account, owner) = accounts::create(app, new).await.expect("an account");
    let operator = Actor::Operator(account.id);
    let agent = Actor::Agent(Agent {
        id: owner,
        account_id: account.id,
        name: "Olga".into(),
        email: String::new(),
        role: Role::Owner,
        sign_in: SignInId(app.new_id()),
    });
    let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
    let channel = channels::create_website(app, &operator, new).await.expect("a channel");
    if seed.is_multiple_of(3) {
        // A flow keeps addresses and hands over, so that it changes more than messages.
        let steps = serde_json::json!([
            { "id": "word", "type": "ask", "text": "Next?", "save_as": "word" },
            { "id": "turn", "type": "condition", "answer": "word", "cases": [{ "contains": "4", "goto": "person" }] },
            { "id": "email", "type": "collect", "what": "email", "text": "Where?", "retries": 1, "otherwise": "word" },
            { "id": "person", "type": "handover", "to": "person" }
        ]);
        let flow = serde_json::json!({ "steps": steps });
        flow::save(app, &operator, channel.assistant.id, flow).await.expect("a flow");
    }
    if seed.is_multiple_of(2) {
        let off = channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off));
        off.await.expect("a switch");
    }

    let mut listener = app.bus.listen();
    // Four people at once on three conversations, so that their writes meet.
    let writers = (0..4).map(|writer| {
        let (app, token, agent) = (app.clone(), channel.token.clone(), agent.clone());
        tokio::spawn(async move { verbs(&app, &token, &agent, Chance(seed * 101 + writer)).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    settle(app, &operator).await;

    let mut listened = Listened::default();
    let marker = channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off)).await;
    marker.expect("a last event to listen up to");
    loop {
        match listener.next().await {
            Some(Heard::Event(event)) => match &*event {
                Event::ChannelChanged { channel_id, .. } if *channel_id == channel.id => break,
                event => listened.hear(event),
            },
            other => panic!("seed {seed}: {other:?}"),
        }
    }

    let page = Page { start: Start::Offset(0), size: 100 };
    let (fetched, total) =
        conversations::list(app, &operator, Filter::default(), page).await.expect("a list");
    assert_eq!(listened.conversations.len() as i64, total, "seed {seed}");
    for listed in fetched {
        let id = listed.conversation.id;
        assert_eq!(seen(&listened.conversations[&id]), seen(&listed.conversation), "seed {seed}");
        let thread = conversations::thread(app, &operator, id).await.expect("a thread");
        let heard: Vec<_> =
            listened.notes.entry(id).or_default().values().map(|note| format!("{note:?}")).collect();
        // The thread begins with its newest 50 messages.
        let first = thread.timeline.messages[0].seq;
        let (_, whole) =
            conversations::timeline(app, &operator, id, Around::After(0), 1000).await.expect("all");
        let stored: Vec<_> = whole.notes.iter().map(|note| format!("{note:?}")).collect();
        assert_eq!(heard, stored, "seed {seed}");
        let begun = whole.notes.iter().filter(|note| note.after_seq >= first).map(|note| format!("{note:?}"));
        let shown: Vec<_> = thread.timeline.notes.iter().map(|note| format!("{note:?}")).collect();
        assert_eq!(shown, begun.collect::<Vec<_>>(), "seed {seed}");
        let (_, messages) = conversations::get(app, &operator, id, None).await.expect("a history");
        let heard: Vec<_> = listened.messages[&id].values().map(|message| format!("{message:?}")).collect();
        let stored: Vec<_> = messages.iter().map(|message| format!("{message:?}")).collect();
        assert_eq!(heard, stored, "seed {seed}");
        holds(&listed.conversation, &messages, seed);
        let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (1..=messages.len() as i64).collect::<Vec<_>>(), "seed {seed}: gaps");
        assert!(messages.is_sorted_by_key(|message| message.created_at), "seed {seed}: times run backwards");
    }
}

/// What a conversation says of its messages is true of them.
fn holds(conversation: &Conversation, messages: &[Message], seed: u64) {
    let newest = messages.last().expect("a message");
    let last = conversation.last_message.as_ref().expect("a newest message");
    assert_eq!((last.id, conversation.last_seq), (newest.id, newest.seq), "seed {seed}");
    assert_eq!((last.sender, last.kind), (newest.sender.kind(), newest.content.kind), "seed {seed}");
    assert_eq!(last.preview, newest.content.text, "seed {seed}");
    assert_eq!(conversation.last_message_at, newest.created_at, "seed {seed}");
    // Whatever stands before an agent's reply, or an agent has read, has been seen.
    let seen = messages.iter().rposition(|message| {
        message.sender.kind() == SenderType::Agent
            || message.sender.kind() == SenderType::EndUser && !message.read_by.is_empty()
    });
    let of_contact = |message: &&Message| message.sender.kind() == SenderType::EndUser;
    let unread = messages[seen.map_or(0, |seen| seen + 1)..].iter().filter(of_contact).count() as i64;
    assert!(conversation.unread <= unread, "seed {seed}: {} of {unread}", conversation.unread);
    if conversation.session.status == Status::Resolved {
        assert_eq!(conversation.snoozed_until, None, "seed {seed}: what is resolved does not sleep");
    }
}

/// Waits until the assistant has nothing more to say and nothing sleeps: every conversation's last jobs are over.
async fn settle(app: &App, operator: &Actor) {
    let page = Page { start: Start::Offset(0), size: 100 };
    loop {
        let (listed, _) = conversations::list(app, operator, Filter::default(), page).await.expect("a list");
        let mut busy = false;
        for one in listed {
            let report =
                parlor_core::assistants::report(app, operator, one.conversation.id).await.expect("a report");
            busy |= one.conversation.snoozed_until.is_some();
            busy |= report.is_some_and(|report| {
                matches!(report.state, parlor_core::jobs::State::Pending | parlor_core::jobs::State::Running)
            });
        }
        if !busy {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn verbs(app: &App, token: &str, agent: &Actor, mut chance: Chance) {
    for step in 0..25 {
        let visitor = Visitor {
            way_in: WayIn::Token(token.to_owned()),
            external_id: ExternalId::parse(&format!("visitor-{}", chance.below(3))).expect("an id"),
            proof: None,
            address: IpAddr::from(Ipv4Addr::LOCALHOST),
        };
        let view = conversations::view(app, &visitor, None).await.expect("a view");
        let Some(conversation) = view.conversation else {
            let new = NewMessage::text("Hello", None).expect("a text");
            conversations::receive(app, &visitor, new, None).await.expect("a message");
            continue;
        };
        let id = conversation.id;
        let text = |who: &str| NewMessage::text(&format!("{who}-{step}@shop.example"), None).expect("a text");
        // What does not fit the present state is refused, and a refusal must not be heard.
        match chance.below(19) {
            18 => {
                let rating = NewRating::new(1 + chance.below(5) as i64, None).expect("a rating");
                drop(conversations::rate(app, &visitor, rating).await);
            }
            0 => drop(conversations::resolve(app, agent, id, Vec::new()).await),
            1 => drop(conversations::reopen(app, agent, id).await),
            2 => drop(conversations::assign(app, agent, id, None).await),
            3 => drop(conversations::resume_assistant(app, agent, id).await),
            4 => drop(conversations::reply(app, agent, id, text("agent")).await.expect("a reply")),
            5 | 6 => {
                let ids: Vec<_> = view.messages.iter().map(|message| message.id).collect();
                let read = conversations::mark_read(app, agent, id, ids.clone()).await.expect("read marks");
                assert!(read.iter().all(|read| ids.contains(read)));
                let marked = conversations::mark_read_by_visitor(app, &visitor, ids).await;
                assert!(matches!(marked, Ok(_) | Err(Error::Disabled)), "{marked:?}");
            }
            7 => {
                let new = NewNote::new(format!("note {step}"), Vec::new(), None).expect("a note");
                conversations::add_note(app, agent, id, new).await.expect("a note");
            }
            8 => {
                let thread = conversations::thread(app, agent, id).await.expect("a thread");
                if let Some(note) = thread.timeline.notes.first() {
                    drop(conversations::delete_note(app, agent, id, note.id).await);
                }
            }
            9 => {
                let until = app.now() + SignedDuration::from_millis(chance.below(40) as i64);
                drop(conversations::snooze(app, agent, id, until).await);
            }
            10 => drop(conversations::unsnooze(app, agent, id).await.expect("awake")),
            11 => {
                let seq = chance.below(view.messages.len() as u64 + 2) as i64;
                let seen = conversations::seen(app, agent, id, seq).await.expect("seen");
                assert!(seen.unread <= (seen.last_seq - seq).max(0), "what was seen is not unread");
            }
            12 => {
                let contact = conversation.contact.id;
                drop(conversations::block(app, agent, contact).await.expect("blocked"));
                let refused = conversations::receive(app, &visitor, text("blocked"), None).await;
                assert!(matches!(refused, Ok(_) | Err(Error::Disabled)), "{refused:?}");
                drop(conversations::unblock(app, agent, contact).await.expect("unblocked"));
            }
            13 => {
                let change = ContactChange {
                    email: Some((chance.below(2) == 0).then(|| format!("Ann-{step}@shop.example"))),
                    attributes: [("plan".to_owned(), Some(step.to_string()))].into(),
                    ..ContactChange::default()
                };
                let contact = conversation.contact.id;
                conversations::change_contact(app, agent, contact, change).await.expect("a change");
            }
            _ => {
                let name = (chance.below(4) == 0).then(|| "Ahmed".to_owned());
                let taken = conversations::receive(app, &visitor, text("visitor"), name).await;
                // Somebody may have blocked them just now.
                assert!(matches!(taken, Ok(_) | Err(Error::Disabled)), "{taken:?}");
            }
        }
    }
}
