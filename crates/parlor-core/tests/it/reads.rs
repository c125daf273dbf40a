//! Read marks: whose, of what, and told once.

use parlor_core::{
    Actor, App, Error, Event,
    accounts::{self, NewAccount},
    actor::{Agent, Role},
    assistants::AssistantChange,
    bus::{Heard, Listener},
    channels::{self, AutoReply, NewChannel},
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, MOST_READ, Message, NewMessage, Reader},
    ids::{AccountId, AgentId, MessageId, SignInId},
};
use testkit::TestApp;

struct Shop {
    account_id: AccountId,
    owner: AgentId,
    token: String,
}

impl Shop {
    async fn open(app: &App, email: &str) -> Shop {
        let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
        let (account, owner) = accounts::create(app, new).await.expect("an account");
        let operator = Actor::Operator(account.id);
        let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
        let channel = channels::create_website(app, &operator, new).await.expect("a channel");
        let off = channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off));
        off.await.expect("a switch");
        Shop { account_id: account.id, owner, token: channel.token }
    }

    fn agent(&self, app: &App, id: AgentId, role: Role) -> Actor {
        let sign_in = SignInId(app.new_id());
        Actor::Agent(Agent {
            id,
            account_id: self.account_id,
            name: "Olga".into(),
            email: String::new(),
            role,
            sign_in,
        })
    }

    fn visitor(&self, external_id: &str) -> Visitor {
        Visitor {
            way_in: WayIn::Token(self.token.clone()),
            external_id: ExternalId::parse(external_id).expect("an id"),
            proof: None,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }
}

async fn says(app: &App, visitor: &Visitor, text: &str) -> Message {
    let new = NewMessage::text(text, None).expect("a text");
    conversations::receive(app, visitor, new, None).await.expect("a message").message
}

/// The next read marks that are told, and whose.
async fn next_read(listener: &mut Listener) -> (Reader, Vec<MessageId>) {
    loop {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("the house closed") };
        if let Event::MessagesRead { read, message_ids, .. } = &*event {
            return (read.reader, message_ids.clone());
        }
    }
}

#[tokio::test]
async fn each_side_marks_what_the_other_has_written_and_only_news_is_told() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "reads@one.example").await;
            let (olga, visitor) = (shop.agent(&app, shop.owner, Role::Owner), shop.visitor("reader"));
            let asked = says(&app, &visitor, "Hello").await;
            let again = says(&app, &visitor, "Anybody there?").await;
            let id = asked.conversation_id;
            let new = NewMessage::text("Yes!", None).expect("a text");
            let answer = conversations::reply(&app, &olga, id, new).await.expect("a reply").message;
            let mut listener = app.bus.listen();

            let everything = vec![asked.id, answer.id, asked.id];
            let read = conversations::mark_read(&app, &olga, id, everything.clone()).await.expect("marks");
            assert_eq!(read, [asked.id], "neither one's own side's message nor the one not named");
            assert_eq!(conversations::mark_read(&app, &olga, id, everything).await.expect("nothing new"), []);
            let both = vec![asked.id, again.id];
            assert_eq!(
                conversations::mark_read(&app, &olga, id, both.clone()).await.expect("marks"),
                [again.id]
            );
            let read = conversations::mark_read_by_visitor(&app, &visitor, vec![answer.id, asked.id]).await;
            assert_eq!(read.expect("marks"), [answer.id]);
            let second = AgentId(app.new_id());
            let anna = shop.agent(&app, second, Role::Agent);
            assert_eq!(conversations::mark_read(&app, &anna, id, both.clone()).await.expect("marks"), both);

            let owner = Reader::Agent(shop.owner);
            assert_eq!(next_read(&mut listener).await, (owner, vec![asked.id]));
            assert_eq!(
                next_read(&mut listener).await,
                (owner, vec![again.id]),
                "the repetition was not told"
            );
            assert!(
                matches!(next_read(&mut listener).await, (Reader::Contact(_), ids) if ids == [answer.id])
            );
            assert_eq!(next_read(&mut listener).await, (Reader::Agent(second), both));

            let (_, messages) = conversations::get(&app, &olga, id, None).await.expect("a history");
            let readers =
                |message: &Message| message.read_by.iter().map(|read| read.reader).collect::<Vec<_>>();
            assert_eq!(readers(&messages[0]), [owner, Reader::Agent(second)]);
            assert_eq!(readers(&messages[1]), [owner, Reader::Agent(second)]);
            assert!(messages[0].read_by[0].at < messages[1].read_by[0].at, "each keeps its own time");
            assert!(matches!(readers(&messages[2])[..], [Reader::Contact(_)]));
        })
        .await;
}

#[tokio::test]
async fn what_is_not_of_the_conversation_is_not_found_and_nothing_is_marked() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let (shop, other) =
                (Shop::open(&app, "reads@two.example").await, Shop::open(&app, "reads@three.example").await);
            let olga = shop.agent(&app, shop.owner, Role::Owner);
            let (visitor, neighbour) = (shop.visitor("one"), shop.visitor("two"));
            let asked = says(&app, &visitor, "Hello").await;
            let theirs = says(&app, &neighbour, "Hello, too").await;
            let foreign = says(&app, &other.visitor("one"), "Elsewhere").await;
            let id = asked.conversation_id;

            for stranger in [theirs.id, foreign.id, MessageId(app.new_id())] {
                let refused = conversations::mark_read(&app, &olga, id, vec![asked.id, stranger]).await;
                assert!(matches!(refused, Err(Error::NotFound("Message"))), "{refused:?}");
                let refused = conversations::mark_read_by_visitor(&app, &visitor, vec![stranger]).await;
                assert!(matches!(refused, Err(Error::NotFound("Message"))), "{refused:?}");
            }
            let nobody =
                conversations::mark_read_by_visitor(&app, &shop.visitor("new"), vec![asked.id]).await;
            assert!(matches!(nobody, Err(Error::NotFound("Message"))), "{nobody:?}");
            let refused =
                conversations::mark_read(&app, &olga, foreign.conversation_id, vec![foreign.id]).await;
            assert!(matches!(refused, Err(Error::NotFound("Conversation"))), "{refused:?}");
            let viewer = shop.agent(&app, shop.owner, Role::Viewer);
            let refused = conversations::mark_read(&app, &viewer, id, vec![asked.id]).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
            for count in [0, MOST_READ + 1] {
                let refused = conversations::mark_read(&app, &olga, id, vec![asked.id; count]).await;
                assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
            }
            let (_, messages) = conversations::get(&app, &olga, id, None).await.expect("a history");
            assert!(messages[0].read_by.is_empty());
        })
        .await;
}

#[tokio::test]
async fn five_hundred_are_marked_at_once_also_when_two_read_them_at_the_same_time() {
    let product = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "reads@four.example").await;
            let visitor = shop.visitor("talkative");
            let mut ids = Vec::new();
            for number in 0..MOST_READ {
                ids.push(says(&app, &visitor, &number.to_string()).await);
            }
            let id = ids[0].conversation_id;
            let ids: Vec<_> = ids.iter().map(|message| message.id).collect();
            let readers =
                [shop.owner, AgentId(app.new_id())].map(|reader| shop.agent(&app, reader, Role::Agent));
            let mark = |reader: &Actor, ids: &[MessageId]| {
                let (app, reader, ids) = (app.clone(), reader.clone(), ids.to_vec());
                tokio::spawn(async move { conversations::mark_read(&app, &reader, id, ids).await })
            };
            let (one, other) = (mark(&readers[0], &ids), mark(&readers[1], &ids[..300]));
            assert_eq!(one.await.expect("no panic").expect("marks").len(), 500);
            assert_eq!(other.await.expect("no panic").expect("marks").len(), 300);
            assert_eq!(mark(&readers[1], &ids).await.expect("no panic").expect("marks").len(), 200);
            let (_, messages) = conversations::get(&app, &readers[0], id, None).await.expect("a history");
            assert!(messages.iter().all(|message| message.read_by.len() == 2));
        })
        .await;
}
