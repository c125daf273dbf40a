//! Searching the list of conversations: what many have and what few have is found alike.

use jiff::{SignedDuration, Timestamp};
use parlor_core::{
    Actor, App,
    accounts::{self, NewAccount},
    assistants::AssistantChange,
    channels::{self, NewChannel},
    contacts::ExternalId,
    conversations::{self, Answering, Content, Filter, Page, Search, Start, Status},
    ids::ChannelId,
    import::{self, PastConversation, PastMessage, PastSender, PastSession},
};
use testkit::TestApp;

/// More than are gathered.
const MANY: usize = 2250;

struct Shop {
    operator: Actor,
    channel_id: ChannelId,
}

async fn shop(app: &App, email: &str) -> Shop {
    let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
    let (account, _) = accounts::create(app, new).await.expect("an account");
    let operator = Actor::Operator(account.id);
    let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
    let channel = channels::create_website(app, &operator, new).await.expect("a channel");
    Shop { operator, channel_id: channel.id }
}

impl Shop {
    /// So many conversations, a second apart; the one of number 0 is the oldest, and every ninth is open.
    async fn fill(&self, app: &App, many: usize) {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let told: Vec<PastConversation> = (0..many)
            .map(|number| {
                let at = begin + SignedDuration::from_secs(i64::try_from(number).expect("a number"));
                let text = if number == 3 { "A rare Stephanotis" } else { "Where is my parcel?" };
                let tags = if number < 2 { vec!["Odd".to_owned()] } else { vec!["usual".to_owned()] };
                let message = PastMessage {
                    sender: PastSender::Contact,
                    content: Content::text(text).expect("a text"),
                    at,
                };
                let session = PastSession {
                    assignee: None,
                    assigned_at: None,
                    answering: Answering::Assistant,
                    tags,
                    resolved_at: (!number.is_multiple_of(9)).then_some(at),
                    handed_over_at: None,
                    rating: None,
                    messages: vec![message],
                };
                PastConversation {
                    channel_id: self.channel_id,
                    external_id: ExternalId::parse(&format!("visitor-{number}")).expect("an id"),
                    display_name: Some(format!("Maja Nr{number}")),
                    email: None,
                    phone: None,
                    sessions: vec![session],
                }
            })
            .collect();
        for some in told.chunks(import::AT_ONCE) {
            import::conversations(app, &self.operator, some.to_vec()).await.expect("they are stored");
        }
    }

    /// The numbers of those that are found.
    async fn found(&self, app: &App, filter: Filter, start: Start) -> Vec<String> {
        let page = Page { start, size: 50 };
        let listed = conversations::page(app, &self.operator, filter, page).await.expect("a page");
        let name = |listed: conversations::Listed| listed.conversation.contact.display_name.expect("a name");
        listed.into_iter().map(|listed| name(listed).trim_start_matches("Maja Nr").to_owned()).collect()
    }
}

fn searched(text: &str) -> Filter {
    Filter { search: Search::parse(text).expect("it can be searched for"), ..Filter::default() }
}

#[tokio::test]
async fn what_many_have_is_found_page_by_page_in_the_order_of_the_list() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = shop(&app, "owner@one.example").await;
            shop.fill(&app, MANY).await;
            let newest = |many: usize| -> Vec<String> {
                (0..many).map(|passed| (MANY - 1 - passed).to_string()).collect()
            };
            for common in ["maja", "MAJA N", "a", "usual"] {
                let first = shop.found(&app, searched(common), Start::Offset(0)).await;
                assert_eq!(first, newest(50), "{common}");
                let second = shop.found(&app, searched(common), Start::Offset(50)).await;
                assert_eq!(second, newest(100)[50..], "{common}");
            }
            let page = Page { start: Start::Offset(0), size: 50 };
            let listed =
                conversations::page(&app, &shop.operator, searched("maja"), page).await.expect("a page");
            let last = Start::After(listed[49].conversation.id);
            assert_eq!(shop.found(&app, searched("maja"), last).await, newest(100)[50..]);
            let open = Filter { status: Some(Status::Open), ..searched("maja") };
            let expected: Vec<String> = (0..MANY)
                .rev()
                .filter(|number| number.is_multiple_of(9))
                .map(|number| number.to_string())
                .collect();
            assert_eq!(shop.found(&app, open, Start::Offset(0)).await, expected[..50]);
        })
        .await;
}

#[tokio::test]
async fn what_few_have_is_found_however_long_ago() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = shop(&app, "owner@one.example").await;
            shop.fill(&app, MANY).await;
            for (rare, number) in
                [("stephan", "3"), ("maja nr2217", "2217"), ("visitor-1234", "1234"), ("odd", "1")]
            {
                let found = shop.found(&app, searched(rare), Start::Offset(0)).await;
                assert!(found.contains(&number.to_owned()), "{rare}: {found:?}");
            }
            assert_eq!(shop.found(&app, searched("stephanotis"), Start::Offset(0)).await, ["3"]);
            assert_eq!(shop.found(&app, searched("ODD"), Start::Offset(0)).await, ["1", "0"]);
            let tagged = Filter { tag: Some("oDD".into()), ..Filter::default() };
            assert_eq!(shop.found(&app, tagged.clone(), Start::Offset(0)).await, ["1", "0"]);
            let resolved = Filter { status: Some(Status::Resolved), ..tagged };
            assert_eq!(shop.found(&app, resolved, Start::Offset(0)).await, ["1"]);
            for nothing in ["stephanotis parcel", "maja nr99999", "visitor-x", "eddo"] {
                assert!(shop.found(&app, searched(nothing), Start::Offset(0)).await.is_empty(), "{nothing}");
            }
        })
        .await;
}

#[tokio::test]
async fn what_belongs_to_another_shop_is_not_found() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let (one, other) = (shop(&app, "owner@one.example").await, shop(&app, "owner@two.example").await);
            one.fill(&app, 5).await;
            for text in ["maja", "a", "usual", "stephanotis", "visitor-4", "odd"] {
                assert!(!one.found(&app, searched(text), Start::Offset(0)).await.is_empty(), "{text}");
                assert!(other.found(&app, searched(text), Start::Offset(0)).await.is_empty(), "{text}");
            }
        })
        .await;
}
