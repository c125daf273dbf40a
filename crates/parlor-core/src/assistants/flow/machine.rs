//! Walks a flow: what is known and what was said go in, what is to be done comes out. Pure, and always comes to an end.

use std::collections::BTreeMap;

use super::{
    Act, Afterwards, Ask, Choice, Collect, Flow, Place, Presence, Reach, Step, Successor, Template, Test,
    reach,
};
use crate::{
    contacts::Contact,
    conversations::{Content, ContentType},
};

/// The most characters of an answer that are kept.
const LONGEST_ANSWER: usize = 1000;

/// Where somebody is in a flow, and what they have answered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub at: At,
    pub answers: BTreeMap<String, String>,
    /// How often the waiting step has asked again.
    pub retries: u32,
}

/// Where somebody is in a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// Nothing has been said yet: the next message begins the flow and answers nothing.
    #[default]
    Start,
    /// This step waits for an answer.
    Waiting(String),
    Over(Afterwards),
    /// The assistant's model answers from now on.
    WithAi(Takeover),
    /// Staff answer; if they hand back to the assistant, the flow begins again.
    WithPerson,
}

/// What a model answers first when a flow hands over to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// What the visitor has just said.
    AtOnce,
    /// The visitor's next message.
    FromNext,
}

/// What is known of the contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

impl From<&Contact> for Known {
    fn from(contact: &Contact) -> Known {
        Known {
            name: contact.display_name.clone(),
            email: contact.email.clone(),
            phone: contact.phone.clone(),
        }
    }
}

/// What texts and conditions may name.
pub struct Facts<'a> {
    pub answers: &'a BTreeMap<String, String>,
    pub known: &'a Known,
}

/// The names of what is known of the contact.
pub const KNOWN: [&str; 3] = ["contact.name", "contact.email", "contact.phone"];

impl Facts<'_> {
    pub fn value(&self, name: &str) -> Option<&str> {
        let known = match name {
            "contact.name" => &self.known.name,
            "contact.email" => &self.known.email,
            "contact.phone" => &self.known.phone,
            answer => return self.answers.get(answer).map(String::as_str),
        };
        known.as_deref()
    }
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Say(Content),
    /// Keep it with the contact.
    Keep(Reach, String),
    HandOver(Successor),
}

/// The visitor has said something: answers it, and leaves `run` where the flow waits next.
pub fn hear(flow: &Flow, run: &mut Run, known: &mut Known, said: &str) -> Vec<Action> {
    let mut walk = Walk { flow, run, known, actions: Vec::new() };
    match walk.run.at.clone() {
        At::Waiting(id) => match flow.waiting(&id) {
            Some(step) => walk.answer(step, said.trim()),
            // The flow was edited, and the question is no more.
            None => walk.begin(),
        },
        At::Start | At::Over(Afterwards::Restart) | At::WithPerson => walk.begin(),
        At::Over(Afterwards::Silence) | At::WithAi(_) => {}
    }
    walk.actions
}

struct Walk<'a> {
    flow: &'a Flow,
    run: &'a mut Run,
    known: &'a mut Known,
    actions: Vec<Action>,
}

impl Walk<'_> {
    fn begin(&mut self) {
        *self.run = Run::default();
        self.go(Some(self.flow.start));
    }

    fn answer(&mut self, step: &Step, said: &str) {
        match &step.act {
            Act::Ask(ask) => self.answer_ask(step, ask, said),
            Act::Collect(collect) => self.answer_collect(step, collect, said),
            Act::Say(_) | Act::Condition(_) | Act::Goto | Act::Handover { .. } | Act::End { .. } => {}
        }
    }

    fn answer_ask(&mut self, step: &Step, ask: &Ask, said: &str) {
        let answer = match ask.choices.is_empty() {
            true => Some(said),
            false => chosen(&ask.choices, said),
        };
        match (answer, ask.otherwise) {
            (Some(answer), _) => {
                self.keep(&ask.save_as, answer);
                self.go(step.next);
            }
            (None, Some(otherwise)) => {
                self.keep(&ask.save_as, said);
                self.go(Some(otherwise));
            }
            (None, None) => {
                let text = self.render(ask.hint.as_ref().unwrap_or(&ask.saying.text));
                self.actions.extend(ask.saying.content(text).map(Action::Say));
            }
        }
    }

    fn answer_collect(&mut self, step: &Step, collect: &Collect, said: &str) {
        if let Some(found) = reach::find(collect.what, said) {
            let known = match collect.what {
                Reach::Email => &mut self.known.email,
                Reach::Phone => &mut self.known.phone,
            };
            *known = Some(found.clone());
            self.keep(&collect.save_as, &found);
            self.actions.push(Action::Keep(collect.what, found));
            return self.go(step.next);
        }
        if self.run.retries < collect.retries {
            self.run.retries += 1;
            return self.say(&collect.hint);
        }
        self.go(collect.otherwise.or(step.next));
    }

    /// Does what needs no answer, up to the next step that does. No way leads in a circle, so it ends within as many steps as there are;
    /// if it did not, a person takes over.
    fn go(&mut self, from: Option<Place>) {
        let flow = self.flow;
        let mut place = from;
        for _ in 0..=flow.steps.len() {
            let Some(step) = place.and_then(|place| flow.steps.get(place)) else {
                self.run.at = At::Over(Afterwards::Restart);
                return;
            };
            place = step.next;
            match &step.act {
                Act::Say(saying) => {
                    let text = self.render(&saying.text);
                    self.actions.extend(saying.content(text).map(Action::Say));
                }
                Act::Ask(ask) => {
                    let text = self.render(&ask.saying.text);
                    self.actions.extend(ask.saying.content(text).map(Action::Say));
                    return self.wait(step);
                }
                Act::Collect(collect) => {
                    self.say(&collect.text);
                    return self.wait(step);
                }
                Act::Condition(condition) => {
                    let value = self.facts().value(&condition.answer).map(normal);
                    let case = condition.cases.iter().find(|(test, _)| test.holds(value.as_deref()));
                    place = case.map_or(step.next, |&(_, place)| Some(place));
                }
                Act::Goto => {}
                Act::Handover { to, text } => {
                    self.run.at = match (to, text) {
                        (Successor::Person, _) => At::WithPerson,
                        (Successor::Ai, None) => At::WithAi(Takeover::AtOnce),
                        (Successor::Ai, Some(_)) => At::WithAi(Takeover::FromNext),
                    };
                    text.iter().for_each(|text| self.say(text));
                    return self.actions.push(Action::HandOver(*to));
                }
                Act::End { text, afterwards } => {
                    self.run.at = At::Over(*afterwards);
                    return text.iter().for_each(|text| self.say(text));
                }
            }
        }
        self.run.at = At::WithPerson;
        self.actions.push(Action::HandOver(Successor::Person));
    }

    fn wait(&mut self, step: &Step) {
        self.run.at = At::Waiting(step.id.clone());
        self.run.retries = 0;
    }

    fn say(&mut self, text: &Template) {
        let text = self.render(text);
        if !text.is_empty() {
            self.actions.push(Action::Say(Content { kind: ContentType::Text, text, rich_media: None }));
        }
    }

    fn keep(&mut self, name: &str, answer: &str) {
        self.run.answers.insert(name.to_owned(), answer.chars().take(LONGEST_ANSWER).collect());
    }

    fn render(&self, text: &Template) -> String {
        text.render(&self.facts())
    }

    fn facts(&self) -> Facts<'_> {
        Facts { answers: &self.run.answers, known: self.known }
    }
}

/// The value of the choice that was meant: by its value, or by a label that only one has.
fn chosen<'a>(choices: &'a [Choice], said: &str) -> Option<&'a str> {
    let said = normal(said);
    if let Some(choice) = choices.iter().find(|choice| normal(&choice.value) == said) {
        return Some(&choice.value);
    }
    let mut labelled = choices.iter().filter(|choice| normal(&choice.label) == said);
    let first = labelled.next()?;
    labelled.next().is_none().then_some(&first.value)
}

/// As texts are compared: trimmed, and whatever their case.
pub fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let value = value.filter(|value| !value.is_empty());
        match (self, value) {
            (Test::IsSet(presence), value) => (*presence == Presence::Set) == value.is_some(),
            (Test::Equals(text), Some(value)) => value == text,
            (Test::Contains(text), Some(value)) => value.contains(text),
            (Test::OneOf(texts), Some(value)) => texts.iter().any(|text| value == text),
            (_, None) => false,
        }
    }
}
