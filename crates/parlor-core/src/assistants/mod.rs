//! Assistants: what answers automatically.

mod ask;
pub mod flow;
mod keys;
mod local;
mod manage;
mod prompt;
mod reply;
pub(crate) mod sql;
mod suggest;
mod trial;

use jiff::Timestamp;

use crate::{Error, Result, app::App, conversations::Session, ids::AssistantId, text_enum};

pub use keys::{KeySource, ProviderSettings, Providers, key_sources, set_key};
pub use manage::{change, create, get, list, remove};
pub use reply::report;
pub(crate) use reply::run as reply;
pub use suggest::{Suggestion, suggest};
pub use trial::{HandedOver, Speaker, Spoken, Trial, try_out};

text_enum! {
    /// Where answers come from.
    Provider {
        /// Anthropic's Messages API.
        Anthropic = "anthropic",
        /// OpenAI's chat completions, or any compatible server.
        OpenAi = "openai",
        /// No network, no key: quotes the account's own articles.
        Local = "local",
    }
}

text_enum! {
    /// How an assistant comes to its answers.
    Kind {
        /// It asks its model.
        Model = "model",
        /// It has a flow and follows it; its model answers where the flow hands over to it.
        Flow = "flow",
    }
}

/// What answers automatically.
#[derive(Clone, Debug)]
pub struct Assistant {
    pub id: AssistantId,
    /// Shown to visitors.
    pub name: String,
    pub kind: Kind,
    pub provider: Provider,
    pub model: String,
    /// Takes the place of the standard instructions.
    pub instructions: Option<String>,
}

/// What is to change. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AssistantChange {
    pub name: Option<String>,
    pub provider: Option<Provider>,
    pub model: Option<String>,
    /// `Some(None)` goes back to the standard instructions.
    pub instructions: Option<Option<String>>,
}

/// The tag that tells staff that the assistant knew no answer, or that its flow hands over to them.
pub const NEEDS_PERSON: &str = "needs-person";

fn needs_person(session: &mut Session, now: Timestamp) {
    session.tally.handed_over_at.get_or_insert(now);
    if !session.tags.iter().any(|tag| tag == NEEDS_PERSON) {
        session.tags.push(NEEDS_PERSON.into());
    }
}

impl Assistant {
    pub(crate) fn new(app: &App) -> Assistant {
        Assistant {
            id: AssistantId(app.new_id()),
            name: "Assistant".into(),
            kind: Kind::Model,
            provider: Provider::Anthropic,
            model: "claude-sonnet-4-6".into(),
            instructions: None,
        }
    }
}

impl AssistantChange {
    pub(crate) fn apply(self, assistant: &mut Assistant) -> Result<()> {
        if let Some(name) = self.name {
            assistant.name = checked("assistant_name", &name, 100)?;
        }
        if let Some(provider) = self.provider {
            assistant.provider = provider;
        }
        if let Some(model) = self.model {
            assistant.model = checked("model", &model, 100)?;
        }
        if let Some(instructions) = self.instructions {
            let text = instructions.filter(|text| !text.trim().is_empty());
            assistant.instructions = text.map(|text| checked("instructions", &text, 20_000)).transpose()?;
        }
        Ok(())
    }
}

fn checked(field: &'static str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    match text.chars().count() {
        count if (1..=longest).contains(&count) && !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(Error::invalid(field, format!("must have 1 to {longest} characters"))),
    }
}
