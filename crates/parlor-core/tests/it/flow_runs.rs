//! Scripted flows in conversations: whoever writes is answered step by step, also across restarts, staff and editors.

use std::net::Ipv4Addr;

use parlor_core::{
    Actor, App, Error, Event,
    accounts::{self, NewAccount},
    actor::{Agent, Role},
    assistants::{self, AssistantChange, Kind, NEEDS_PERSON, Provider, flow},
    bus::Heard,
    channels::{self, AutoReply, Channel, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Answering, ContentType, Conversation, Message, NewMessage, SenderType},
    ids::{AssistantId, SignInId},
    jobs,
    limits::RateLimits,
    usage,
};
use serde_json::{Value, json};
use testkit::TestApp;

/// A shop whose channel follows a flow, one person who works there, and one who comes.
#[derive(Clone)]
struct Shop {
    app: App,
    operator: Actor,
    agent: Actor,
    channel: Channel,
    visitor: Visitor,
}

impl Shop {
    async fn open(app: App, steps: Value) -> Shop {
        let email = format!("owner-{}@shop.example", app.new_id());
        let new = NewAccount { name: "A shop".into(), email, password: "correct horse".into() };
        let (account, owner) = accounts::create(&app, new).await.expect("an account");
        let operator = Actor::Operator(account.id);
        let agent = person(&app, &operator, owner, Role::Owner);
        let assistant = AssistantChange { provider: Some(Provider::Local), ..AssistantChange::default() };
        let new = NewChannel { display_name: "Chat".into(), assistant };
        let channel = channels::create_website(&app, &operator, new).await.expect("a channel");
        let shop = Shop { visitor: visitor(&channel, "ada"), app, operator, agent, channel };
        shop.follows(steps).await;
        shop
    }

    fn assistant(&self) -> AssistantId {
        self.channel.assistant.id
    }

    async fn follows(&self, steps: Value) {
        let flow = json!({ "steps": steps });
        flow::save(&self.app, &self.operator, self.assistant(), flow).await.expect("a flow");
    }

    /// The visitor writes; nobody waits for an answer.
    async fn hears(&self, text: &str) -> Conversation {
        let new = NewMessage::text(text, None).expect("a text");
        conversations::receive(&self.app, &self.visitor, new, None).await.expect("a message").conversation
    }

    /// The visitor writes, and is answered with all there is to answer.
    async fn answers(&self, text: &str) -> Vec<Message> {
        let before = self.hears(text).await.last_seq;
        let all = self.settled().await.1;
        all.into_iter().filter(|message| message.seq > before).collect()
    }

    /// The conversation, once nothing is owed any more.
    async fn settled(&self) -> (Conversation, Vec<Message>) {
        let view = conversations::view(&self.app, &self.visitor, None).await.expect("a view");
        let id = view.conversation.expect("a conversation").id;
        loop {
            let report = assistants::report(&self.app, &self.operator, id).await.expect("a report");
            match report.map(|report| report.state) {
                Some(jobs::State::Pending | jobs::State::Running) => tokio::task::yield_now().await,
                Some(jobs::State::Dead) => panic!("a job died"),
                Some(jobs::State::Done) | None => break,
            }
        }
        conversations::get(&self.app, &self.operator, id, None).await.expect("a history")
    }
}

fn person(app: &App, of: &Actor, id: parlor_core::ids::AgentId, role: Role) -> Actor {
    Actor::Agent(Agent {
        id,
        account_id: of.account_id(),
        name: "Olga".into(),
        email: String::new(),
        role,
        sign_in: SignInId(app.new_id()),
    })
}

fn visitor(channel: &Channel, session: &str) -> Visitor {
    Visitor {
        way_in: WayIn::Token(channel.token.clone()),
        external_id: ExternalId::parse(session).expect("an id"),
        proof: None,
        address: Ipv4Addr::LOCALHOST.into(),
    }
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.content.text.as_str()).collect()
}

/// Asks for a colour, then for an e-mail address, then gives the session to a person.
fn questions() -> Value {
    json!([
        { "id": "hello", "type": "say", "text": "Hello {{contact.name|you}}" },
        { "id": "colour", "type": "ask", "text": "Which colour?", "save_as": "colour",
          "buttons": [{ "label": "Red", "value": "r" }, { "label": "Green", "value": "g" }] },
        { "id": "picture", "type": "say", "text": "{{colour}} it is", "content_type": "image",
          "rich_media": { "url": "https://shop.example/c.png", "alt": "A mug" } },
        { "id": "email", "type": "collect", "what": "email", "text": "Your address?", "hint": "An address, please." },
        { "id": "bye", "type": "handover", "to": "person", "text": "Somebody writes to {{email}}" }
    ])
}

async fn product() -> TestApp {
    TestApp::builder().rate_limits(RateLimits::Off).start().await
}

/// Writes down whatever it is told.
fn echo() -> Value {
    json!([
        { "id": "ask", "type": "ask", "text": "Next?", "save_as": "word" },
        { "id": "tell", "type": "say", "text": "{{word}}", "goto": "ask" }
    ])
}

#[tokio::test]
async fn a_flow_answers_with_rich_media_keeps_the_address_and_hands_over() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), questions()).await;
        let mut listener = app.bus.listen();
        let first = shop.answers("Hi").await;
        assert_eq!(texts(&first), ["Hello you", "Which colour?"]);
        assert_eq!(first[1].content.kind, ContentType::QuickButton);
        let buttons =
            json!({ "buttons": [{ "label": "Red", "value": "r" }, { "label": "Green", "value": "g" }] });
        assert_eq!(first[1].content.rich_media, Some(buttons));
        assert!(first.iter().all(|message| message.sender.kind() == SenderType::Bot));

        let second = shop.answers("GREEN").await;
        assert_eq!(texts(&second), ["g it is", "Your address?"]);
        assert_eq!(second[0].content.kind, ContentType::Image);
        assert_eq!(texts(&shop.answers("What for?").await), ["An address, please."]);
        assert_eq!(texts(&shop.answers("Ada@shop.example").await), ["Somebody writes to ada@shop.example"]);
        assert_eq!(texts(&shop.answers("Hello?").await), [""; 0], "a person answers now");

        let (conversation, messages) = shop.settled().await;
        assert_eq!(conversation.contact.email.as_deref(), Some("ada@shop.example"));
        assert_eq!(conversation.session.answering, Answering::Person);
        assert_eq!(conversation.session.tags, [NEEDS_PERSON]);
        assert_eq!(
            messages.iter().map(|message| message.seq).collect::<Vec<_>>(),
            (1..=11).collect::<Vec<_>>()
        );
        let (_, used) = usage::this_month(&app, &shop.operator).await.expect("usage");
        assert_eq!((used.messages, used.answers, used.input_tokens, used.output_tokens), (5, 4, 0, 0));

        // Whoever only listens has been told all of it.
        let marker =
            channels::switch_auto_reply(&app, &shop.operator, shop.channel.id, Some(AutoReply::Off)).await;
        marker.expect("a last event");
        let mut told = (0, None);
        loop {
            match listener.next().await {
                Some(Heard::Event(event)) => match &*event {
                    Event::MessageSent { .. } => told.0 += 1,
                    Event::ConversationChanged { conversation } => told.1 = Some(conversation.clone()),
                    Event::ChannelChanged { .. } => break,
                    _ => {}
                },
                other => panic!("{other:?}"),
            }
        }
        let changed = told.1.expect("a change was told");
        assert_eq!(
            (told.0, changed.contact.email, changed.session.tags),
            (11, conversation.contact.email, vec![NEEDS_PERSON.to_owned()])
        );
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn a_burst_is_one_answer_each_in_order_however_many_there_are() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), echo()).await;
        let switch = |to| channels::switch_auto_reply(&shop.app, &shop.operator, shop.channel.id, Some(to));
        // All of these are heard in one go, and there are more than are heard in one transaction.
        switch(AutoReply::Off).await.expect("a switch");
        for number in 0..25 {
            shop.hears(&number.to_string()).await;
        }
        switch(AutoReply::On).await.expect("a switch");
        let said = shop.answers("25").await;
        let mut expected = vec!["Next?".to_owned()];
        for number in 1..=25 {
            expected.extend([number.to_string(), "Next?".to_owned()]);
        }
        assert_eq!(texts(&said), expected);
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn a_restart_and_a_power_cut_leave_a_flow_where_it_waited() {
    let mut product = product().await;
    let shop = product.within(|app| async move {
        let shop = Shop::open(app, questions()).await;
        shop.answers("Hi").await;
        shop
    });
    let mut shop = shop.await;
    product.restart().await;
    shop.app = product.core();
    let again = shop.clone();
    let said = product.within(|_| async move { again.answers("r").await }).await;
    assert_eq!(texts(&said), ["r it is", "Your address?"]);
    product.crash().await;
    shop.app = product.core();
    let said = product.within(|_| async move { shop.answers("ada@shop.example").await }).await;
    assert_eq!(texts(&said), ["Somebody writes to ada@shop.example"]);
}

#[tokio::test]
async fn a_person_who_steps_in_pauses_the_flow_and_it_goes_on_where_it_waited() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), questions()).await;
        shop.answers("Hi").await;
        let id = shop.settled().await.0.id;
        let reply = NewMessage::text("Olga here", None).expect("a text");
        conversations::reply(&app, &shop.agent, id, reply).await.expect("a reply");
        assert_eq!(texts(&shop.answers("red").await), [""; 0], "said to Olga");
        conversations::resume_assistant(&app, &shop.agent, id).await.expect("a change");
        assert_eq!(texts(&shop.answers("green").await), ["g it is", "Your address?"]);

        // Given away by the flow itself and handed back, it begins again.
        assert_eq!(shop.answers("ada@shop.example").await.len(), 1);
        conversations::resume_assistant(&app, &shop.agent, id).await.expect("a change");
        assert_eq!(texts(&shop.answers("Hello again").await), ["Hello you", "Which colour?"]);

        // Whoever steps in before the flow has begun does not make it an answer either.
        let shop = Shop { visitor: visitor(&shop.channel, "bob"), ..shop };
        let switch = |to| channels::switch_auto_reply(&app, &shop.operator, shop.channel.id, Some(to));
        switch(AutoReply::Off).await.expect("a switch");
        let id = shop.hears("One").await.id;
        conversations::assign(&app, &shop.agent, id, None).await.expect("a change");
        let reply = NewMessage::text("Olga here", None).expect("a text");
        conversations::reply(&app, &shop.agent, id, reply).await.expect("a reply");
        shop.hears("Two").await;
        switch(AutoReply::On).await.expect("a switch");
        conversations::resume_assistant(&app, &shop.agent, id).await.expect("a change");
        assert_eq!(texts(&shop.answers("Three").await), ["Hello you", "Which colour?"]);
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn a_new_session_begins_the_flow_anew() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), questions()).await;
        shop.answers("Hi").await;
        let id = shop.settled().await.0.id;
        conversations::resolve(&app, &shop.agent, id, Vec::new()).await.expect("a change");
        assert_eq!(texts(&shop.answers("red").await), ["Hello you", "Which colour?"]);
        assert_eq!(texts(&shop.answers("red").await), ["r it is", "Your address?"]);
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn an_edited_flow_is_in_force_at_once() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), questions()).await;
        shop.answers("Hi").await;
        // The step that waits is still there, and offers something else.
        shop.follows(json!([
            { "id": "new", "type": "say", "text": "New" },
            { "id": "colour", "type": "ask", "text": "Which?", "save_as": "colour", "buttons": [{ "label": "Blue", "value": "b" }] },
            { "id": "size", "type": "ask", "text": "{{colour}}, which size?", "save_as": "size" }
        ]))
        .await;
        assert_eq!(texts(&shop.answers("red").await), ["Which?"]);
        assert_eq!(texts(&shop.answers("blue").await), ["b, which size?"]);
        // Now it is gone: the flow begins again.
        shop.follows(json!([{ "id": "colour", "type": "ask", "text": "Colour?", "save_as": "colour" }]))
            .await;
        assert_eq!(texts(&shop.answers("XL").await), ["Colour?"]);
        // Without a flow the model answers.
        flow::remove(&app, &shop.operator, shop.assistant()).await.expect("it had one");
        let by_local = shop.answers("Do you sell mugs?").await;
        assert!(texts(&by_local)[0].starts_with("I could not find"), "{by_local:?}");
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn a_flow_hands_over_to_the_model() {
    let product = product().await;
    let verbs = |app: App| async move {
        let article = parlor_core::knowledge::NewArticle {
            title: "Mugs".into(),
            body: "Our mugs hold three decilitres.".into(),
            url: None,
        };
        let steps = |handover: Value| {
            json!([
                { "id": "ask", "type": "ask", "text": "What is it?", "save_as": "it" },
                { "id": "wait", "type": "say", "text": "Let me see." },
                handover
            ])
        };
        let shop =
            Shop::open(app.clone(), steps(json!({ "id": "ai", "type": "handover", "to": "ai" }))).await;
        parlor_core::knowledge::create(&app, &shop.operator, article).await.expect("an article");
        shop.answers("Hi").await;
        let said = shop.answers("How much do your mugs hold?").await;
        assert_eq!(texts(&said), ["Let me see.", "Our mugs hold three decilitres."], "at once");
        assert_eq!(texts(&shop.answers("Thanks").await).len(), 1, "and for the rest of the session");

        shop.follows(steps(json!({ "id": "ai", "type": "handover", "to": "ai", "text": "Ask me." }))).await;
        let shop = Shop { visitor: visitor(&shop.channel, "bob"), ..shop };
        shop.answers("Hi").await;
        assert_eq!(texts(&shop.answers("mugs").await), ["Let me see.", "Ask me."]);
        assert_eq!(texts(&shop.answers("mugs?").await), ["Our mugs hold three decilitres."]);
    };
    product.within(verbs).await;
}

#[tokio::test]
async fn assistants_belong_to_their_account_and_to_those_who_may() {
    let product = product().await;
    let verbs = |app: App| async move {
        let shop = Shop::open(app.clone(), questions()).await;
        let other = Shop::open(app.clone(), echo()).await;
        let viewer = person(&app, &shop.operator, parlor_core::ids::AgentId(app.new_id()), Role::Viewer);
        let owner = &shop.agent;
        let definition = || json!({ "steps": echo() });

        let change = AssistantChange { name: Some("Bot".into()), ..AssistantChange::default() };
        let made = assistants::create(&app, owner, change.clone()).await.expect("an assistant");
        assert_eq!((made.name.as_str(), made.kind), ("Bot", Kind::Model));
        let first = flow::save(&app, owner, made.id, definition()).await.expect("a flow");
        let second = flow::save(&app, owner, made.id, definition()).await.expect("a flow");
        assert_eq!((first, second), (1, 2));
        let saved = flow::get(&app, &viewer, made.id).await.expect("the flow");
        assert_eq!((saved.revision, &saved.definition), (2, &definition()));
        let listed = assistants::list(&app, &viewer).await.expect("a list");
        assert_eq!(listed.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Flow, Kind::Flow]);
        let refused = flow::save(&app, owner, made.id, json!({ "steps": [] })).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        assert_eq!(
            flow::get(&app, owner, made.id).await.expect("the flow").revision,
            2,
            "nothing was changed"
        );

        let foreign = other.assistant();
        let not_found = [
            assistants::get(&app, owner, foreign).await.map(drop),
            assistants::change(&app, owner, foreign, change.clone()).await.map(drop),
            assistants::remove(&app, owner, foreign).await,
            flow::get(&app, owner, foreign).await.map(drop),
            flow::save(&app, owner, foreign, definition()).await.map(drop),
            flow::remove(&app, owner, foreign).await,
            flow::check(&app, owner, foreign, &definition()).await.map(drop),
            flow::rehearse(&app, owner, foreign, None, flow::Known::default(), Vec::new()).await.map(drop),
            flow::rehearse(&app, owner, foreign, Some(definition()), flow::Known::default(), Vec::new())
                .await
                .map(drop),
        ];
        for refused in not_found {
            assert!(matches!(refused, Err(Error::NotFound("Assistant"))), "{refused:?}");
        }
        let forbidden = [
            assistants::create(&app, &viewer, change.clone()).await.map(drop),
            assistants::change(&app, &viewer, made.id, change).await.map(drop),
            assistants::remove(&app, &viewer, made.id).await,
            flow::save(&app, &viewer, made.id, definition()).await.map(drop),
            flow::remove(&app, &viewer, made.id).await,
        ];
        for refused in forbidden {
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }

        let used = assistants::remove(&app, owner, shop.assistant()).await;
        assert!(matches!(used, Err(Error::Conflict(_))), "{used:?}");
        assistants::remove(&app, owner, made.id).await.expect("nobody uses it");
        assert!(matches!(assistants::get(&app, owner, made.id).await, Err(Error::NotFound(_))));
        channels::delete(&app, owner, shop.channel.id).await.expect("the channel is there");
        assistants::remove(&app, owner, shop.assistant()).await.expect("its channel is gone");
        assert_eq!(assistants::list(&app, owner).await.expect("a list").len(), 0);
    };
    product.within(verbs).await;
}
