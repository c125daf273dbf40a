//! Who a visitor is: what a proof opens, and what nothing opens without one.

use jiff::Timestamp;
use parlor_core::{
    Actor, App, Error, Event,
    assistants::AssistantChange,
    bus::Heard,
    channels::{self, AutoReply, Channel, Identity, NewChannel},
    contacts::{ExternalId, Proof, Visitor, WayIn},
    conversations::{self, NewMessage},
    identity,
    ids::MessageId,
};
use serde_json::{Value, json};
use testkit::{
    TestApp,
    proofs::{hash, jwt, jwt_as},
};

const ALICE: &str = "user_alice";

struct Place {
    app: App,
    operator: Actor,
    channel: Channel,
    secret: String,
}

/// A quiet channel with one secret, open still.
async fn place(app: App, operator: Actor) -> Place {
    let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
    let channel = channels::create_website(&app, &operator, new).await.expect("a channel");
    channels::switch_auto_reply(&app, &operator, channel.id, Some(AutoReply::Off)).await.expect("a switch");
    let (_, secret) = identity::rotate(&app, &operator, channel.id).await.expect("a secret");
    Place { app, operator, channel, secret }
}

impl Place {
    fn visitor(&self, id: &str, proof: Option<Proof>) -> Visitor {
        Visitor {
            way_in: WayIn::Token(self.channel.token.clone()),
            external_id: ExternalId::parse(id).expect("an id"),
            proof,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }

    fn hashed(&self, id: &str) -> Visitor {
        self.visitor(id, Some(Proof::Hash(hash(&self.secret, id))))
    }

    fn claiming(&self, id: &str, claims: &Value) -> Visitor {
        self.visitor(id, Some(Proof::Jwt(jwt(&self.secret, claims))))
    }

    async fn verified(&self) {
        let mode = identity::set_mode(&self.app, &self.operator, self.channel.id, Identity::Verified).await;
        assert_eq!(mode.expect("a secret is there").mode, Identity::Verified);
    }

    async fn writes(&self, visitor: &Visitor, text: &str) -> Result<conversations::Sent, Error> {
        let new = NewMessage::text(text, None).expect("a text");
        conversations::receive(&self.app, visitor, new, None).await
    }

    /// Tries every verb that a visitor has.
    async fn is_refused(&self, visitor: &Visitor, why: &str) {
        let refused = |result: Result<(), Error>, verb: &str| match result {
            Err(Error::Unverified) => {}
            other => panic!("{why}: {verb} answered {other:?}"),
        };
        let app = &self.app;
        refused(conversations::enter(app, visitor).await.map(drop), "enter");
        refused(conversations::may_listen(app, visitor).await, "may_listen");
        refused(conversations::view(app, visitor, None).await.map(drop), "view");
        refused(conversations::earlier(app, visitor, 5).await.map(drop), "earlier");
        refused(conversations::history(app, visitor, None).await.map(drop), "history");
        let read = conversations::mark_read_by_visitor(app, visitor, vec![MessageId(app.new_id())]).await;
        refused(read.map(drop), "mark_read_by_visitor");
        refused(self.writes(visitor, "Hello").await.map(drop), "receive");
    }

    async fn is_let_in(&self, visitor: &Visitor, why: &str) {
        conversations::enter(&self.app, visitor).await.unwrap_or_else(|error| panic!("{why}: {error:?}"));
        conversations::view(&self.app, visitor, None)
            .await
            .unwrap_or_else(|error| panic!("{why}: {error:?}"));
    }
}

/// Runs a story in a shop without a channel.
async fn story<F: Future<Output = ()> + Send + 'static>(tell: impl FnOnce(App, Actor) -> F + Send + 'static) {
    let product = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let operator = Actor::Operator(product.shop_without_channel().await.account_id);
    product.within(|app| tell(app, operator)).await;
}

fn in_seconds(seconds: i64) -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the shop's server has a clock of its own")]
    let now = Timestamp::now();
    now.as_second() + seconds
}

#[tokio::test]
async fn on_a_verified_channel_nothing_happens_without_a_proof() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        let stranger = shop.visitor("stranger", None);
        shop.writes(&stranger, "I was here when it was open").await.expect("an open channel");
        shop.verified().await;
        for id in ["stranger", "nobody"] {
            shop.is_refused(&shop.visitor(id, None), id).await;
            shop.is_refused(&shop.visitor(id, Some(Proof::Hash("0".repeat(64)))), id).await;
        }
        let known = shop.hashed("stranger");
        let view = conversations::view(&shop.app, &known, None).await.expect("it is proved");
        assert_eq!(view.messages.len(), 1, "nothing was stored meanwhile");
        let conversation = view.conversation.expect("a conversation").id;
        let by_id =
            |proof| Visitor { way_in: WayIn::Conversation(conversation), ..shop.visitor("stranger", proof) };
        shop.is_refused(&by_id(None), "by the conversation's id").await;
        shop.is_let_in(&by_id(known.proof.clone()), "by the conversation's id").await;
        // Whose conversation it is does not show in the refusal.
        let other = Visitor { way_in: WayIn::Conversation(conversation), ..shop.visitor("nobody", None) };
        shop.is_refused(&other, "somebody else's conversation").await;
        let other = Visitor { way_in: WayIn::Conversation(conversation), ..shop.hashed("nobody") };
        let found = conversations::view(&shop.app, &other, None).await;
        assert!(matches!(found, Err(Error::NotFound("Conversation"))), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn a_hash_proves_its_own_id_under_a_secret_of_the_channel_and_nothing_else() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        let good = hash(&shop.secret, ALICE);
        let with = |id: &str, hash: String| shop.visitor(id, Some(Proof::Hash(hash)));
        for mode in [Identity::Open, Identity::Verified] {
            identity::set_mode(&shop.app, &shop.operator, shop.channel.id, mode).await.expect("a switch");
            shop.is_let_in(&with(ALICE, good.clone()), "the id's own hash").await;
            shop.is_let_in(&with(ALICE, good.to_uppercase()), "in capitals").await;
            shop.is_refused(&with("user_bob", good.clone()), "another id's hash").await;
            shop.is_refused(&with(ALICE, hash("is_guess", ALICE)), "another secret").await;
            shop.is_refused(&with(ALICE, hash("", ALICE)), "no secret").await;
            shop.is_refused(&with(ALICE, good[..63].to_owned()), "a part of it").await;
            shop.is_refused(&with(ALICE, format!("{good} ")), "more than it").await;
            for odd in ["", "null", "ß", "0", &"f".repeat(64), &"a".repeat(10_000)] {
                shop.is_refused(&with(ALICE, odd.to_owned()), odd).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_jwt_proves_its_subject_while_it_lives() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        shop.verified().await;
        let good = json!({ "sub": ALICE, "exp": in_seconds(300) });
        shop.is_let_in(&shop.claiming(ALICE, &good), "a good one").await;
        shop.is_let_in(&shop.claiming(ALICE, &json!({ "sub": ALICE, "exp": in_seconds(-20) })), "within the leeway").await;
        let more = json!({ "sub": ALICE, "exp": in_seconds(300), "nbf": in_seconds(-5), "iat": in_seconds(0), "aud": "chat", "iss": "shop", "exp2": {} });
        shop.is_let_in(&shop.claiming(ALICE, &more), "with further claims").await;
        for (claims, why) in [
            (json!({ "sub": ALICE, "exp": in_seconds(-90) }), "expired"),
            (json!({ "sub": ALICE, "exp": 0 }), "long expired"),
            (json!({ "sub": ALICE, "exp": in_seconds(300), "nbf": in_seconds(200) }), "not yet good"),
            (json!({ "sub": "user_bob", "exp": in_seconds(300) }), "somebody else's"),
            (json!({ "sub": ALICE }), "without an end"),
            (json!({ "sub": ALICE, "exp": null }), "with no end"),
            (json!({ "sub": ALICE, "exp": "tomorrow" }), "an end that is no time"),
            (json!({ "exp": in_seconds(300) }), "without a subject"),
            (json!({ "sub": [ALICE], "exp": in_seconds(300) }), "a list of subjects"),
            (json!([]), "no claims"),
        ] {
            shop.is_refused(&shop.claiming(ALICE, &claims), why).await;
        }
        let forged = |token: String, why: &'static str| (shop.visitor(ALICE, Some(Proof::Jwt(token))), why);
        let signed = jwt(&shop.secret, &good);
        let (unsigned, signature) = signed.rsplit_once('.').expect("three parts");
        let header = |alg: &str| jwt_as(&json!({ "alg": alg, "typ": "JWT" }), &shop.secret, &good);
        for (visitor, why) in [
            forged(jwt("is_guess", &good), "another secret"),
            forged(jwt("", &good), "no secret"),
            forged(format!("{unsigned}."), "no signature"),
            forged(unsigned.to_owned(), "two parts"),
            forged(format!("{}.{signature}", unsigned.replacen('e', "f", 1)), "a changed header"),
            forged(header("none"), "alg none"),
            forged(header("None"), "alg None"),
            forged(header("HS384"), "another algorithm"),
            forged(header("RS256"), "an algorithm of another kind"),
            forged(jwt_as(&json!({ "typ": "JWT" }), &shop.secret, &good), "no algorithm"),
            forged(jwt(&shop.secret, &json!({ "sub": ALICE, "exp": in_seconds(300), "x": "x".repeat(5000) })), "too long"),
            forged(String::new(), "empty"),
            forged("..".into(), "only dots"),
            forged("a.b.c.d".into(), "four parts"),
        ] {
            shop.is_refused(&visitor, why).await;
        }
    })
    .await;
}

#[tokio::test]
async fn another_channels_secret_proves_nothing() {
    let product = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let ours = Actor::Operator(product.shop_without_channel().await.account_id);
    let theirs = Actor::Operator(product.shop_without_channel().await.account_id);
    product
        .within(|app| async move {
            let ours = place(app.clone(), ours).await;
            let theirs = place(app, theirs).await;
            ours.verified().await;
            let foreign = Some(Proof::Hash(hash(&theirs.secret, ALICE)));
            ours.is_refused(&ours.visitor(ALICE, foreign), "a neighbour's hash").await;
            let claims = json!({ "sub": ALICE, "exp": in_seconds(300) });
            let foreign = Some(Proof::Jwt(jwt(&theirs.secret, &claims)));
            ours.is_refused(&ours.visitor(ALICE, foreign), "a neighbour's token").await;
            let stolen = identity::get(&theirs.app, &theirs.operator, ours.channel.id).await;
            assert!(matches!(stolen, Err(Error::NotFound("Channel"))), "{stolen:?}");
            let made = identity::rotate(&theirs.app, &theirs.operator, ours.channel.id).await;
            assert!(matches!(made, Err(Error::NotFound("Channel"))), "{made:?}");
        })
        .await;
}

#[tokio::test]
async fn an_id_that_was_once_verified_is_never_believed_again_without_a_proof() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        let alone = shop.visitor(ALICE, None);
        shop.writes(&alone, "The channel is open").await.expect("an open channel");
        shop.is_let_in(&alone, "nothing is proved yet").await;
        let mut listener = shop.app.bus.listen();
        // Reading with a proof is enough, and is told once.
        for _ in 0..2 {
            shop.is_let_in(&shop.hashed(ALICE), "proved").await;
        }
        shop.is_refused(&alone, "verified by now").await;
        let conversation = conversations::view(&shop.app, &shop.hashed(ALICE), None).await.expect("a view");
        let conversation = conversation.conversation.expect("a conversation");
        assert!(conversation.contact.verified_at.is_some());
        let by_id = Visitor { way_in: WayIn::Conversation(conversation.id), ..alone.clone() };
        shop.is_refused(&by_id, "by the conversation's id").await;
        // So is writing: a new id is verified from its first message on.
        shop.writes(&shop.hashed("user_new"), "Hello").await.expect("proved");
        shop.is_refused(&shop.visitor("user_new", None), "verified at once").await;
        shop.writes(&shop.visitor("somebody", None), "Hello").await.expect("an open channel");
        let mut verified = 0;
        loop {
            match listener.next().await.expect("the house is open") {
                Heard::Event(event) => match &*event {
                    Event::ContactVerified { place } => {
                        assert_eq!(
                            (place.conversation_id, place.channel_id),
                            (conversation.id, shop.channel.id)
                        );
                        verified += 1;
                    }
                    Event::MessageSent { conversation, .. }
                        if conversation.contact.external_id.as_str() == "somebody" =>
                    {
                        break;
                    }
                    _ => {}
                },
                Heard::Gap(lost) => panic!("{lost} events were lost"),
            }
        }
        assert_eq!(verified, 1);
    })
    .await;
}

#[tokio::test]
async fn a_token_describes_the_person_and_what_does_not_fit_is_left_out() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        let exp = in_seconds(300);
        let claims = json!({ "sub": ALICE, "exp": exp, "name": " Alice ", "email": "Alice@Shop.Example", "phone": "+49 30 1234567" });
        let contact = shop.writes(&shop.claiming(ALICE, &claims), "Hello").await.expect("proved").conversation.contact;
        assert_eq!(contact.display_name.as_deref(), Some("Alice"));
        assert_eq!(contact.email.as_deref(), Some("alice@shop.example"));
        assert_eq!(contact.phone.as_deref(), Some("+49301234567"));
        // A later token corrects; what it does not say, or says badly, stays.
        let claims = json!({ "sub": ALICE, "exp": exp, "name": "Alice B.", "email": "nonsense", "phone": "call me" });
        let view = conversations::view(&shop.app, &shop.claiming(ALICE, &claims), None).await.expect("proved");
        let contact = view.conversation.expect("a conversation").contact;
        assert_eq!(contact.display_name.as_deref(), Some("Alice B."));
        assert_eq!(contact.email.as_deref(), Some("alice@shop.example"));
        let claims = json!({ "sub": ALICE, "exp": exp, "name": "x".repeat(101) });
        let sent = shop.writes(&shop.claiming(ALICE, &claims), "Still me").await.expect("proved");
        assert_eq!(sent.conversation.contact.display_name.as_deref(), Some("Alice B."));
    })
    .await;
}

#[tokio::test]
async fn of_two_secrets_both_are_good_and_a_third_takes_the_oldest_ones_place() {
    story(|app, operator| async move {
        let shop = place(app, operator).await;
        shop.verified().await;
        let (app, operator, id) = (&shop.app, &shop.operator, shop.channel.id);
        let under = |secret: &str| shop.visitor(ALICE, Some(Proof::Hash(hash(secret, ALICE))));
        let (second, second_text) = identity::rotate(app, operator, id).await.expect("a secret");
        shop.is_let_in(&under(&shop.secret), "the first").await;
        shop.is_let_in(&under(&second_text), "the second").await;
        let (third, third_text) = identity::rotate(app, operator, id).await.expect("a secret");
        shop.is_refused(&under(&shop.secret), "the first is gone").await;
        shop.is_let_in(&under(&second_text), "the second").await;
        shop.is_let_in(&under(&third_text), "the third").await;
        assert_eq!(identity::get(app, operator, id).await.expect("settings").secrets, [second, third]);
        identity::drop_secret(app, operator, id, second.id).await.expect("it is dropped");
        shop.is_refused(&under(&second_text), "the second is dropped").await;
        let again = identity::drop_secret(app, operator, id, second.id).await;
        assert!(matches!(again, Err(Error::NotFound("Secret"))), "{again:?}");
        let last = identity::drop_secret(app, operator, id, third.id).await;
        assert!(matches!(last, Err(Error::Conflict(_))), "{last:?}");
        identity::set_mode(app, operator, id, Identity::Open).await.expect("a switch");
        identity::drop_secret(app, operator, id, third.id).await.expect("an open channel needs none");
        let shut = identity::set_mode(app, operator, id, Identity::Verified).await;
        assert!(matches!(shut, Err(Error::Conflict(_))), "{shut:?}");
    })
    .await;
}
