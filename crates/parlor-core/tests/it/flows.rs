//! Scripted flows without anybody there: what is refused, what is said, and that every flow comes to an end.

use std::collections::BTreeMap;

use parlor_core::{
    Error,
    assistants::flow::{Afterwards, At, Flow, Known, MOST_SAID, Rehearsal, Successor, Takeover},
    conversations::ContentType,
};
use serde_json::{Value, json};

fn flow(steps: Value) -> Flow {
    Flow::parse(&json!({ "steps": steps })).unwrap_or_else(|error| panic!("{error}: {steps}"))
}

fn refused(json: Value) -> String {
    match Flow::parse(&json) {
        Err(refused @ Error::Invalid { .. }) => {
            let told = refused.to_string();
            told.strip_prefix("flow ").unwrap_or_else(|| panic!("{told} is not about the flow")).to_owned()
        }
        other => panic!("{other:?} came of {json}"),
    }
}

fn play(flow: &Flow, messages: &[&str]) -> Rehearsal {
    flow.rehearse(Known::default(), messages.iter().map(|&text| text.to_owned()).collect())
}

/// What was said, turn by turn.
fn said(rehearsal: &Rehearsal) -> Vec<Vec<&str>> {
    rehearsal
        .turns
        .iter()
        .map(|turn| turn.said.iter().map(|content| content.text.as_str()).collect())
        .collect()
}

fn waiting(id: &str) -> At {
    At::Waiting(id.into())
}

/// The example of the guide.
fn example() -> Value {
    let guide = include_str!("../../../../docs/guide/flows.md");
    let (_, after) = guide.split_once("```json\n").expect("the guide has an example");
    let (example, _) = after.split_once("\n```").expect("the example has an end");
    serde_json::from_str(example).expect("the example is JSON")
}

#[test]
fn the_guides_example_can_be_saved_and_played() {
    let flow = Flow::parse(&example()).expect("the guide's example");
    assert_eq!(flow.unreachable(), Vec::<&str>::new());

    let bought = play(&flow, &["Hi", "BUY", "green", "france", "me", "<Me@Shop.example>."]);
    assert_eq!(
        said(&bought),
        [
            vec!["Hello there, welcome to Blue Mug.", "What can we do for you?"],
            vec!["These are our mugs."],
            vec!["Where shall the green mug go?"],
            vec!["Here is how to pay.", "How can we reach you? Your e-mail address, please."],
            vec!["That does not look right. Something like name@example.com?"],
            vec!["Thank you! A colleague will write to me@shop.example."],
        ]
    );
    let kinds: Vec<_> = bought.turns.iter().flat_map(|turn| &turn.said).map(|content| content.kind).collect();
    use ContentType::{Carousel, Dropdown, File, QuickButton, Text};
    assert_eq!(kinds, [Text, QuickButton, Carousel, Dropdown, File, Text, Text, Text]);
    assert_eq!(bought.turns[5].handed_to, Some(Successor::Person));
    assert_eq!((&bought.run.at, bought.known.email.as_deref()), (&At::WithPerson, Some("me@shop.example")));
    let answers: BTreeMap<_, _> = bought.run.answers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let kept = [("country", "fr"), ("email", "me@shop.example"), ("mug", "green"), ("topic", "buy")];
    assert_eq!(answers, BTreeMap::from(kept));

    let asked = play(&flow, &["Hi", "Do you ship to Mars?"]);
    assert_eq!(asked.run.at, At::WithAi(Takeover::AtOnce));
    let known = Known { name: Some("Ada".into()), email: Some("ada@a.example".into()), phone: None };
    let known = flow.rehearse(known, ["Hi", "order", "4711"].map(str::to_owned).to_vec());
    assert_eq!(said(&known)[0][0], "Hello Ada, welcome to Blue Mug.");
    assert_eq!(said(&known)[2], ["Thank you! A colleague will write to ada@a.example."]);
}

#[test]
fn a_typed_answer_is_understood_by_value_or_label_or_asked_for_again() {
    let buttons = json!([{ "label": "Yes, please", "value": "y" }, { "label": "No", "value": "n" }]);
    let steps = json!([
        { "id": "a", "type": "ask", "text": "More?", "save_as": "more", "buttons": buttons, "hint": "Yes or no?" },
        { "id": "b", "type": "say", "text": "{{more}}" }
    ]);
    let flow = flow(steps);
    for (typed, kept) in [("y", "y"), (" Y ", "y"), ("YES, PLEASE", "y"), ("no", "n")] {
        let played = play(&flow, &["Hi", typed]);
        assert_eq!(said(&played)[1], [kept], "{typed}");
        assert_eq!(played.run.at, At::Over(Afterwards::Restart));
    }
    let again = play(&flow, &["Hi", "maybe", "perhaps", "n"]);
    assert_eq!(said(&again), [vec!["More?"], vec!["Yes or no?"], vec!["Yes or no?"], vec!["n"]]);
    assert_eq!(again.turns[1].said[0].rich_media, again.turns[0].said[0].rich_media, "with its buttons");

    let cards = json!([
        { "image_url": "https://a.example/1.png", "title": "1", "subtitle": "", "buttons": [{ "label": "Buy", "value": "one" }] },
        { "image_url": "https://a.example/2.png", "title": "2", "subtitle": "", "buttons": [{ "label": "Buy", "value": "two" }] }
    ]);
    let flow = self::flow(json!([{ "id": "a", "type": "carousel", "save_as": "x", "cards": cards }]));
    assert_eq!(play(&flow, &["Hi", "buy"]).run.at, waiting("a"), "a label of two choices means none");
    assert_eq!(play(&flow, &["Hi", "two"]).run.answers["x"], "two");
}

#[test]
fn a_way_to_reach_somebody_is_found_or_given_up() {
    let collect = |what: &str| {
        flow(json!([
            { "id": "c", "type": "collect", "what": what, "text": "?", "retries": 2, "otherwise": "none", "goto": "some" },
            { "id": "some", "type": "end", "text": "some" },
            { "id": "none", "type": "end", "text": "none" }
        ]))
    };
    let email = collect("email");
    for (said, kept) in [
        ("me@a.example", Some("me@a.example")),
        ("It is Me@A.Example!", Some("me@a.example")),
        ("mailto me at <me@a.b.example>, please", Some("me@a.b.example")),
        ("me@a", None),
        ("@a.example", None),
        ("a@b.example or c@d.example", None),
        ("me@@a.example", None),
        ("me@.example", None),
        ("", None),
    ] {
        assert_eq!(play(&email, &["Hi", said]).known.email.as_deref(), kept, "{said}");
    }
    let phone = collect("phone");
    for (said, kept) in [
        ("+49 (30) 123-456", Some("+4930123456")),
        ("030/123456", Some("030123456")),
        ("12345", None),
        ("1234567890123456", None),
        ("call me", None),
        ("٠١٢٣٤٥٦", None),
    ] {
        assert_eq!(play(&phone, &["Hi", said]).known.phone.as_deref(), kept, "{said}");
    }
    let hint = "This does not look like an e-mail address. Please try again.";
    let gave_up = play(&email, &["Hi", "no", "no", "no"]);
    assert_eq!(said(&gave_up), [vec!["?"], vec![hint], vec![hint], vec!["none"]]);
    assert_eq!(gave_up.known, Known::default());
}

#[test]
fn conditions_go_by_what_is_known() {
    let steps = json!([
        { "id": "q", "type": "ask", "text": "?", "save_as": "a" },
        { "id": "c", "type": "condition", "answer": "a", "cases": [
            { "equals": " Red ", "goto": "equal" },
            { "contains": "blue", "goto": "contained" },
            { "one_of": ["green", "YELLOW"], "goto": "one" },
        ]},
        { "id": "else", "type": "end", "text": "else" },
        { "id": "equal", "type": "end", "text": "equal" },
        { "id": "contained", "type": "end", "text": "contained" },
        { "id": "one", "type": "end", "text": "one" }
    ]);
    let flow = flow(steps);
    for (answer, end) in [
        ("RED", "equal"),
        ("dark Blue", "contained"),
        ("yellow", "one"),
        ("greenish", "else"),
        ("reddish", "else"),
    ] {
        assert_eq!(said(&play(&flow, &["Hi", answer]))[1], [end], "{answer}");
    }
    let set = self::flow(json!([
        { "id": "c", "type": "condition", "answer": "contact.phone", "cases": [{ "is_set": false, "goto": "no" }] },
        { "id": "yes", "type": "end", "text": "yes" },
        { "id": "no", "type": "end", "text": "no" }
    ]));
    assert_eq!(said(&play(&set, &["Hi"])), [["no"]]);
    let known = Known { phone: Some("+49".into()), ..Known::default() };
    assert_eq!(said(&set.rehearse(known, vec!["Hi".into()])), [["yes"]]);
}

#[test]
fn what_a_visitor_says_is_put_in_and_not_looked_at_again() {
    let steps = json!([
        { "id": "q", "type": "ask", "text": "Name?", "save_as": "name" },
        { "id": "s", "type": "say", "text": "{{ name }} <b>{{missing|nobody}}</b> {{name}}" },
        { "id": "m", "type": "ask", "text": "More?", "save_as": "missing" }
    ]);
    let flow = flow(steps);
    let played = play(&flow, &["Hi", "{{contact.email}} {{name}}"]);
    assert_eq!(said(&played)[1][0], "{{contact.email}} {{name}} <b>nobody</b> {{contact.email}} {{name}}");
    let long = "x".repeat(10_000);
    assert_eq!(said(&play(&flow, &["Hi", &long]))[1][0].chars().filter(|&c| c == 'x').count(), 2000);
}

#[test]
fn a_flow_that_is_over_begins_again_or_stays_silent() {
    let over = |afterwards: &str| {
        flow(json!([
            { "id": "q", "type": "ask", "text": "?", "save_as": "a" },
            { "id": "e", "type": "end", "text": "Bye {{a}}", "afterwards": afterwards }
        ]))
    };
    assert_eq!(said(&play(&over("restart"), &["Hi", "x", "y"])), [["?"], ["Bye x"], ["?"]]);
    assert_eq!(play(&over("restart"), &["Hi", "x", "y"]).run.answers, BTreeMap::new(), "with no answers");
    assert_eq!(said(&play(&over("silence"), &["Hi", "x", "y"])), [vec!["?"], vec!["Bye x"], vec![]]);
}

#[test]
fn a_refusal_names_the_step_and_what_is_wrong() {
    let say = |id: &str| json!({ "id": id, "type": "say", "text": "Hi" });
    let many: Vec<Value> = (0..=MOST_SAID).map(|n| say(&format!("s{n}"))).collect();
    let cards = json!([{ "title": "x", "image_url": "javascript:alert(1)", "buttons": [{ "label": "a", "value": "a" }] }]);
    for (steps, told) in [
        (json!([]), "1 to 200 steps"),
        (json!([{ "type": "say", "text": "Hi" }]), "no `id` in its step 1"),
        (json!([{ "id": "a b", "type": "say", "text": "Hi" }]), "letters, digits"),
        (json!([say("a"), say("a")]), "two steps with the id `a`"),
        (json!([{ "id": "a", "type": "dance" }]), "step `a`: it is not well formed: unknown variant `dance`"),
        (
            json!([{ "id": "a", "type": "say", "text": "Hi", "colour": "red" }]),
            "step `a`: it is not well formed: unknown field `colour`",
        ),
        (json!([{ "id": "a", "type": "ask", "save_as": "x" }]), "missing field `text`"),
        (
            json!([{ "id": "a", "type": "say", "text": "Hi", "goto": "b" }]),
            "step `a`: it leads to the step `b`, which is not there",
        ),
        (
            json!([{ "id": "a", "type": "say", "text": " " }]),
            "step `a`: it cannot be said: text must not be empty",
        ),
        (
            json!([{ "id": "a", "type": "say", "text": "Hi", "content_type": "image" }]),
            "step `a`: it cannot be said: rich_media is required",
        ),
        (
            json!([{ "id": "a", "type": "carousel", "save_as": "x", "cards": cards }]),
            "step `a`: it cannot be said: rich_media.cards[0].image_url must be",
        ),
        (json!([{ "id": "a", "type": "say", "text": "{{nobody}}" }]), "step `a`: it names `nobody`"),
        (json!([{ "id": "a", "type": "say", "text": "{{" }]), "step `a`: it has `{{` without `}}`"),
        (
            json!([{ "id": "a", "type": "ask", "text": "?", "save_as": "contact.name" }]),
            "step `a`: it has a `save_as`",
        ),
        (
            json!([{ "id": "a", "type": "ask", "text": "?", "save_as": "x", "buttons": [] }]),
            "step `a`: it offers nothing to choose",
        ),
        (
            json!([{ "id": "a", "type": "ask", "text": "?", "save_as": "x", "hint": "!" }]),
            "step `a`: it takes every text",
        ),
        (
            json!([{ "id": "a", "type": "ask", "text": "?", "save_as": "x", "buttons": [{ "label": "A", "value": "a" }, { "label": "B", "value": "A" }] }]),
            "offers the value `A` twice",
        ),
        (json!([{ "id": "a", "type": "collect", "what": "shoe", "text": "?" }]), "none of email, phone"),
        (
            json!([{ "id": "a", "type": "collect", "what": "email", "text": "?", "retries": 11 }]),
            "more than 10",
        ),
        (json!([{ "id": "a", "type": "handover", "to": "dog" }]), "none of person, ai"),
        (
            json!([{ "id": "a", "type": "condition", "answer": "x", "cases": [{ "is_set": true, "goto": "a" }] }]),
            "it names `x`",
        ),
        (
            json!([{ "id": "a", "type": "condition", "answer": "contact.name", "cases": [{ "goto": "a" }] }]),
            "exactly one of `equals`",
        ),
        (json!([{ "id": "a", "type": "goto", "goto": "a" }]), "step `a`: it leads back to itself"),
        (json!([say("a"), { "id": "b", "type": "goto", "goto": "a" }]), "without waiting for the visitor"),
        (
            json!([{ "id": "a", "type": "condition", "answer": "contact.name", "cases": [{ "is_set": true, "goto": "b" }], "else": "b" }, { "id": "b", "type": "goto", "goto": "a" }]),
            "without waiting for the visitor",
        ),
        (json!(many), "step `s0`: it begins 11 messages"),
        (json!([{ "id": "a", "type": "say", "text": "a\u{0}b" }]), "NUL"),
        (json!([{ "id": "a", "type": "say", "text": "x".repeat(4001) }]), "more than 4000 characters"),
        (json!([{ "id": "a", "type": "say", "text": "x".repeat(70_000) }]), "64 KiB"),
    ] {
        let problem = refused(json!({ "steps": steps }));
        assert!(problem.contains(told), "{problem} does not say {told}");
        assert!(problem.chars().count() <= 402, "{problem}");
    }
    assert!(refused(json!({ "steps": [say("a")], "start": "z" })).contains("`z`, which is not there"));
    assert!(refused(json!({ "steps": [say("a")], "end": "z" })).contains("unknown field `end`"));
    for nonsense in [json!(null), json!([]), json!("steps"), json!({}), json!({ "steps": {} })] {
        refused(nonsense);
    }
}

#[test]
fn a_circle_that_waits_is_fine_and_what_nothing_leads_to_is_told() {
    let circle = flow(json!([
        { "id": "a", "type": "ask", "text": "?", "save_as": "x", "goto": "a" },
        { "id": "b", "type": "say", "text": "Never" }
    ]));
    assert_eq!(circle.unreachable(), ["b"]);
    assert_eq!(said(&play(&circle, &["1", "2", "3"])), [["?"], ["?"], ["?"]]);
}
