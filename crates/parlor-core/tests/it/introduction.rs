//! What a visitor is asked before the first message: what becomes of the answers, and which are refused.

use std::collections::BTreeMap;

use parlor_core::{
    Actor, App, Error,
    accounts::{self, NewAccount},
    actor::{Agent, Role},
    assistants::AssistantChange,
    channels::{self, AutoReply, ChannelChange, NewChannel, SettingsChange},
    contacts::{ExternalId, Proof, Visitor, WayIn},
    conversations::{self, ContactChange, Conversation, Known, NewMessage},
    identity,
    ids::{ChannelId, SignInId},
};
use serde_json::{Value, json};
use testkit::{TestApp, proofs};

struct Shop {
    olga: Actor,
    token: String,
    channel: ChannelId,
}

impl Shop {
    async fn open(app: &App, email: &str, fields: Value) -> Shop {
        let new = NewAccount { name: "A shop".into(), email: email.into(), password: "correct horse".into() };
        let (account, owner) = accounts::create(app, new).await.expect("an account");
        let operator = Actor::Operator(account.id);
        let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
        let channel = channels::create_website(app, &operator, new).await.expect("a channel");
        let off = channels::switch_auto_reply(app, &operator, channel.id, Some(AutoReply::Off));
        off.await.expect("a switch");
        let form = json!({ "pre_chat": { "enabled": true, "fields": fields } });
        let settings = SettingsChange::parse("settings", &form).expect("settings");
        let change = ChannelChange { settings, ..ChannelChange::default() };
        channels::update(app, &operator, channel.id, change).await.expect("a form");
        let olga = Actor::Agent(Agent {
            id: owner,
            account_id: account.id,
            name: "Olga".into(),
            email: String::new(),
            role: Role::Owner,
            sign_in: SignInId(app.new_id()),
        });
        Shop { olga, token: channel.token, channel: channel.id }
    }

    fn visitor(&self, external_id: &str) -> Visitor {
        Visitor {
            way_in: WayIn::Token(self.token.clone()),
            external_id: ExternalId::parse(external_id).expect("an id"),
            proof: None,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// The contact as staff know them, once they have written.
    async fn known(&self, app: &App, conversation: &Conversation) -> Known {
        let id = conversation.contact.id;
        let change = ContactChange::default();
        conversations::change_contact(app, &self.olga, id, change).await.expect("a contact")
    }
}

fn fields() -> Value {
    json!([
        { "key": "name", "label": "Name", "type": "text", "required": true },
        { "key": "email", "label": "E-mail", "type": "email", "required": true },
        { "key": "phone", "label": "Phone", "type": "phone" },
        { "key": "topic", "label": "About", "type": "select", "options": ["An order", "A plant"] },
        { "key": "order", "label": "Order", "type": "text" }
    ])
}

async fn answers(app: &App, visitor: &Visitor, given: &[(&str, &str)]) -> parlor_core::Result<()> {
    let given: BTreeMap<_, _> =
        given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    conversations::introduce(app, visitor, given).await
}

async fn writes(app: &App, visitor: &Visitor, name: Option<&str>) -> Conversation {
    let new = NewMessage::text("Hello", None).expect("a text");
    let sent = conversations::receive(app, visitor, new, name.map(str::to_owned)).await;
    sent.expect("a message").conversation
}

fn contact(known: &Known) -> [Option<&str>; 3] {
    let contact = &known.conversation.contact;
    [contact.display_name.as_deref(), contact.email.as_deref(), contact.phone.as_deref()]
}

#[tokio::test]
async fn the_answers_become_what_is_known_of_the_contact() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "asked@one.example", fields()).await;
            let visitor = shop.visitor("ada");
            let given = [
                ("name", "  Ada Lovelace "),
                ("email", "Ada@Example.com"),
                ("phone", "+44 20 7946 0000"),
                ("topic", "A plant"),
                ("order", "  "),
                ("unasked", "What is this?"),
            ];
            answers(&app, &visitor, &given).await.expect("they fit");
            let filter = conversations::Filter::default();
            let page = conversations::Page { start: conversations::Start::Offset(0), size: 10 };
            let (_, count) = conversations::list(&app, &shop.olga, filter, page).await.expect("a list");
            assert_eq!(count, 0, "staff see nobody who has not written");

            let conversation = writes(&app, &visitor, Some("Somebody else")).await;
            let known = shop.known(&app, &conversation).await;
            assert_eq!(
                contact(&known),
                [Some("Ada Lovelace"), Some("ada@example.com"), Some("+442079460000")]
            );
            assert_eq!(Value::Object(known.attributes), json!({ "topic": "A plant" }));
        })
        .await;
}

#[tokio::test]
async fn what_is_known_already_is_not_changed_by_an_answer() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "asked@two.example", fields()).await;
            let visitor = shop.visitor("ada");
            let conversation = writes(&app, &visitor, None).await;
            let text = |text: &str| Some(Some(text.to_owned()));
            let change = ContactChange {
                display_name: text("Mrs Lovelace"),
                email: text("countess@example.com"),
                attributes: [("order".to_owned(), Some("17".to_owned()))].into(),
                ..ContactChange::default()
            };
            let id = conversation.contact.id;
            conversations::change_contact(&app, &shop.olga, id, change).await.expect("a change");
            let given =
                [("name", "Eve"), ("email", "eve@example.com"), ("phone", "555 0199 99"), ("order", "18")];
            answers(&app, &visitor, &given).await.expect("they fit");
            let known = shop.known(&app, &conversation).await;
            assert_eq!(
                contact(&known),
                [Some("Mrs Lovelace"), Some("countess@example.com"), Some("555019999")]
            );
            assert_eq!(Value::Object(known.attributes), json!({ "order": "17" }));
        })
        .await;
}

#[tokio::test]
async fn an_answer_that_does_not_fit_or_is_missing_is_named_and_nothing_is_kept() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = Shop::open(&app, "asked@three.example", fields()).await;
            let visitor = shop.visitor("ada");
            let long = "x".repeat(501);
            let name = "ü".repeat(101);
            let fits = ("email", "ada@example.com");
            for (given, field) in [
                (vec![fits], "answers.name"),
                (vec![("name", "Ada"), ("email", "   ")], "answers.email"),
                (vec![("name", "Ada"), ("email", "ada")], "answers.email"),
                (vec![("name", "Ada"), fits, ("phone", "call me")], "answers.phone"),
                (vec![("name", "Ada"), fits, ("topic", "A dog")], "answers.topic"),
                (vec![("name", "Ada"), fits, ("order", long.as_str())], "answers.order"),
                (vec![("name", "Ada"), fits, ("order", "1\u{0}7")], "answers.order"),
                (vec![("name", name.as_str()), fits], "answers.name"),
            ] {
                match answers(&app, &visitor, &given).await {
                    Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field),
                    other => panic!("{given:?}: {other:?}"),
                }
            }
            let conversation = writes(&app, &visitor, None).await;
            let known = shop.known(&app, &conversation).await;
            assert_eq!(contact(&known), [None, None, None]);
            assert!(known.attributes.is_empty());
        })
        .await;
}

#[tokio::test]
async fn of_whoever_is_proved_nothing_is_demanded_that_the_proof_could_have_said() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let mut asked = fields();
            asked[4]["required"] = json!(true);
            let shop = Shop::open(&app, "asked@four.example", asked).await;
            let (_, secret) = identity::rotate(&app, &shop.olga, shop.channel).await.expect("a secret");
            let claims = json!({ "sub": "ada", "exp": 4_000_000_000_u64, "email": "ada@example.com" });
            let mut visitor = shop.visitor("ada");
            visitor.proof = Some(Proof::Jwt(proofs::jwt(&secret, &claims)));
            let refused = answers(&app, &visitor, &[("topic", "A plant")]).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { field, .. }) if field == "answers.order"),
                "{refused:?}"
            );
            let given = [("order", "17"), ("email", "eve@example.com")];
            answers(&app, &visitor, &given).await.expect("the rest is vouched for");
            let bare = answers(&app, &shop.visitor("ada"), &given).await;
            assert!(matches!(bare, Err(Error::Unverified)), "{bare:?}");
            let conversation = writes(&app, &visitor, None).await;
            let known = shop.known(&app, &conversation).await;
            assert_eq!(contact(&known), [None, Some("ada@example.com"), None]);
            assert_eq!(Value::Object(known.attributes), json!({ "order": "17" }));
        })
        .await;
}
