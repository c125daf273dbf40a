//! Any flow and any answers: it ends, and says no more than it may.

use proptest::{collection::vec, prelude::*, sample::select};

use parlor_core::assistants::flow::{At, Flow, Known, MOST_SAID};
use serde_json::{Value, json};

/// Few, so that gotos meet.
const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const NAMES: [&str; 3] = ["x", "y", "contact.email"];

fn id() -> impl Strategy<Value = Value> {
    select(IDS.to_vec()).prop_map(Value::from)
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("Hello")),
        Just(json!("{{x}}")),
        Just(json!("{{y|nothing}} {{contact.email}}")),
        "\\PC{1,20}".prop_map(Value::from),
    ]
}

fn choices() -> impl Strategy<Value = Value> {
    select(vec![
        json!([{ "label": "One", "value": "1" }]),
        json!([{ "label": "One", "value": "1" }, { "label": "one", "value": "2" }]),
    ])
}

/// A step without its id.
fn step() -> impl Strategy<Value = Value> {
    let name = || select(vec!["x", "y"]);
    prop_oneof![
        (text(), id()).prop_map(|(text, to)| json!({ "type": "say", "text": text, "goto": to })),
        text().prop_map(|text| json!({ "type": "say", "text": text })),
        (text(), name()).prop_map(|(text, name)| json!({ "type": "ask", "text": text, "save_as": name })),
        (text(), name(), choices(), id()).prop_map(|(text, name, choices, to)| {
            json!({ "type": "ask", "text": text, "save_as": name, "buttons": choices, "otherwise": to })
        }),
        (text(), name(), choices(), id()).prop_map(|(text, name, choices, to)| {
            let dropdown = json!({ "placeholder": "?", "options": choices });
            json!({ "type": "ask", "text": text, "save_as": name, "dropdown": dropdown, "goto": to })
        }),
        (select(vec!["email", "phone"]), id(), 0_u32..3).prop_map(|(what, to, retries)| {
            json!({ "type": "collect", "what": what, "text": "?", "retries": retries, "otherwise": to })
        }),
        (select(NAMES.to_vec()), id(), id()).prop_map(|(name, to, otherwise)| {
            let cases = json!([{ "equals": "1", "goto": to }, { "is_set": true, "goto": otherwise }]);
            json!({ "type": "condition", "answer": name, "cases": cases })
        }),
        id().prop_map(|to| json!({ "type": "goto", "goto": to })),
        select(vec!["person", "ai"]).prop_map(|to| json!({ "type": "handover", "to": to })),
        select(vec!["restart", "silence"]).prop_map(|then| json!({ "type": "end", "afterwards": then })),
    ]
}

fn flows() -> impl Strategy<Value = Value> {
    vec(step(), IDS.len()).prop_map(|mut steps| {
        for (step, id) in steps.iter_mut().zip(IDS) {
            step["id"] = id.into();
        }
        // Both names are answers somewhere, so that most of these flows can be saved.
        steps.push(json!({ "id": "x", "type": "ask", "text": "?", "save_as": "x" }));
        steps.push(json!({ "id": "y", "type": "ask", "text": "?", "save_as": "y" }));
        json!({ "steps": steps })
    })
}

fn said() -> impl Strategy<Value = String> {
    prop_oneof![Just("1".to_owned()), Just("ONE".to_owned()), Just("me@a.example".to_owned()), "\\PC{0,30}"]
}

/// Anything at all, with the words of a flow in it.
fn nonsense() -> impl Strategy<Value = Value> {
    let word = select(vec!["steps", "id", "type", "say", "goto", "text", "cards", "a", "{{", "buttons"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((word.clone(), inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_can_be_saved_can_be_run(json in flows(), answers in vec(said(), 0..12)) {
        let Ok(flow) = Flow::parse(&json) else { return Ok(()) };
        let played = flow.rehearse(Known::default(), answers.clone());
        prop_assert_eq!(played.turns.len(), answers.len());
        for turn in &played.turns {
            prop_assert!(turn.said.len() <= MOST_SAID, "{} at once", turn.said.len());
            prop_assert!(turn.said.iter().all(|content| !content.text.is_empty() || content.rich_media.is_some()));
        }
        if !answers.is_empty() {
            prop_assert_ne!(&played.run.at, &At::Start);
        }
        // The same again comes out the same.
        prop_assert_eq!(&played, &flow.rehearse(Known::default(), answers));
    }

    #[test]
    fn nonsense_is_refused_and_breaks_nothing(json in nonsense()) {
        if let Err(refused) = Flow::parse(&json) {
            prop_assert!(refused.to_string().starts_with("flow "), "{refused}");
        }
    }
}

#[test]
fn most_of_these_flows_can_be_saved_or_are_refused_for_their_circles() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut saved = 0;
    for _ in 0..200 {
        let json = flows().new_tree(&mut runner).expect("a flow").current();
        match Flow::parse(&json) {
            Ok(_) => saved += 1,
            Err(refused) => assert!(refused.to_string().contains("without waiting"), "{refused}: {json}"),
        }
    }
    assert!(saved > 50, "only {saved} of 200 flows could be saved: the property holds of too few");
}
