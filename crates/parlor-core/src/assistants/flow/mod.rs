//! Scripted flows: an assistant that follows steps instead of asking a model. `docs/guide/flows.md` is the reference of the JSON.
//!
//! A flow is checked as a whole when it is saved, so that whatever is stored can be run: every goto has its step, every name its answer,
//! and no way leads in a circle that does not wait for the visitor. [`machine`] walks it and knows nothing of a database; [`run`] does
//! so for a conversation, in the transaction that ends the reply job.

mod graph;
mod json;
mod machine;
mod manage;
mod parse;
mod reach;
mod rehearse;
pub(super) mod run;
mod sql;
mod text;

use serde_json::Value as Json;

use crate::{
    conversations::{Content, ContentType},
    text_enum,
};

use jiff::Timestamp;

use machine::Action;
pub use machine::{At, Known, Run, Takeover};
pub use manage::{check, get, rehearse, remove, save};
pub use rehearse::{Rehearsal, Turn};
pub(crate) use run::resume;
use text::Template;

/// A flow as it is kept.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Grows with every change.
    pub revision: i64,
    pub definition: Json,
    pub updated_at: Timestamp,
}

/// A script, checked.
#[derive(Clone, Debug)]
pub struct Flow {
    steps: Vec<Step>,
    start: Place,
}

/// The place of a step in [`Flow::steps`].
type Place = usize;

#[derive(Clone, Debug)]
struct Step {
    /// By which a waiting run finds it again, also in a flow that was edited.
    id: String,
    act: Act,
    /// Where it goes on; after the last step the flow is over.
    next: Option<Place>,
}

#[derive(Clone, Debug)]
enum Act {
    Say(Saying),
    Ask(Ask),
    Collect(Collect),
    Condition(Condition),
    Goto,
    Handover { to: Successor, text: Option<Template> },
    End { text: Option<Template>, afterwards: Afterwards },
}

/// Something to say. The text may be empty where there is rich media.
#[derive(Clone, Debug)]
struct Saying {
    kind: ContentType,
    text: Template,
    rich_media: Option<Json>,
}

/// Waits for an answer and keeps it.
#[derive(Clone, Debug)]
struct Ask {
    saying: Saying,
    /// Without any, every text is an answer.
    choices: Vec<Choice>,
    save_as: String,
    /// Said in place of the question when it is asked again.
    hint: Option<Template>,
    /// Where a text leads that is none of the choices. Without it the question is asked again.
    otherwise: Option<Place>,
}

#[derive(Clone, Debug)]
struct Choice {
    label: String,
    value: String,
}

/// Waits for a way to reach the visitor and keeps it with the contact.
#[derive(Clone, Debug)]
struct Collect {
    what: Reach,
    text: Template,
    save_as: String,
    hint: Template,
    /// How often it asks again.
    retries: u32,
    /// Where it goes on without an answer; by default as with one.
    otherwise: Option<Place>,
}

text_enum! {
    /// A way to reach somebody.
    Reach { Email = "email", Phone = "phone" }
}

/// Goes on by what is known.
#[derive(Clone, Debug)]
struct Condition {
    answer: String,
    /// The first that holds counts.
    cases: Vec<(Test, Place)>,
}

#[derive(Clone, Debug)]
enum Test {
    Equals(String),
    Contains(String),
    OneOf(Vec<String>),
    IsSet(Presence),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Set,
    Unset,
}

text_enum! {
    /// Who answers after the flow.
    Successor {
        /// Staff: the assistant is silent, and the session is tagged [`super::NEEDS_PERSON`].
        Person = "person",
        /// The assistant's own model, or `local`.
        Ai = "ai",
    }
}

text_enum! {
    /// What the visitor's next message does in a session whose flow is over.
    Afterwards {
        /// Begins the flow again.
        Restart = "restart",
        /// Nothing.
        Silence = "silence",
    }
}

/// How many steps a flow may have.
pub const MOST_STEPS: usize = 200;
/// How large a flow may be, in bytes of JSON.
pub const LARGEST: usize = 64 * 1024;
/// How many messages a flow may say before it waits for the visitor.
pub const MOST_SAID: usize = 10;

impl Flow {
    /// The steps that nothing leads to: most likely a slip.
    pub fn unreachable(&self) -> Vec<&str> {
        let reached = graph::reached(self);
        let lost = self.steps.iter().zip(reached).filter(|(_, reached)| !reached);
        lost.map(|(step, _)| step.id.as_str()).collect()
    }

    /// The steps that show more than text, by their ids, and what they show.
    fn shown(&self) -> impl Iterator<Item = (&str, Content)> {
        let shown = |step: &'_ Step| match &step.act {
            Act::Say(saying) | Act::Ask(Ask { saying, .. }) => saying.content(String::new()),
            Act::Collect(_) | Act::Condition(_) | Act::Goto | Act::Handover { .. } | Act::End { .. } => None,
        };
        self.steps.iter().filter_map(move |step| Some((step.id.as_str(), shown(step)?)))
    }

    /// The step of this id, if it waits for an answer.
    fn waiting(&self, id: &str) -> Option<&Step> {
        let step = self.steps.iter().find(|step| step.id == id)?;
        matches!(step.act, Act::Ask(_) | Act::Collect(_)).then_some(step)
    }
}

impl Saying {
    /// `None` where nothing is left to say.
    fn content(&self, text: String) -> Option<Content> {
        let content = Content { kind: self.kind, text, rich_media: self.rich_media.clone() };
        (!content.text.is_empty() || content.rich_media.is_some()).then_some(content)
    }
}
