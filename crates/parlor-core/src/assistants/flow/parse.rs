//! From JSON to a checked flow. Every refusal names the step and says what is wrong with it.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    Act, Afterwards, Ask, Choice, Collect, Condition, Flow, LARGEST, MOST_STEPS, Place, Presence, Reach,
    Saying, Step, Successor, Template, Test, graph,
    json::{CardJson, CaseJson, ChoiceJson, FlowJson, StepJson},
    machine::{KNOWN, normal},
};
use crate::{
    Error, Result,
    conversations::{Content, ContentType},
};

const LONGEST_ID: usize = 40;
/// The most characters of a text of a flow; a message may have more, so that names find room in it.
const LONGEST_TEXT: usize = 4000;
/// The most cases of a condition, and texts of a case.
const MOST_WAYS: usize = 50;
const MOST_RETRIES: u32 = 10;
/// How often a step asks again that does not say so itself.
const RETRIES: u32 = 2;
/// A refusal must not repeat a whole book that somebody sent.
const LONGEST_REFUSAL: usize = 400;

type Checked<T> = Result<T, String>;

impl Flow {
    /// Reads and checks a flow.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the step and says what is wrong with it.
    pub fn parse(json: &Json) -> Result<Flow> {
        read(json).map_err(|problem| {
            let mut problem = problem;
            if let Some((end, _)) = problem.char_indices().nth(LONGEST_REFUSAL) {
                problem.truncate(end);
                problem.push('…');
            }
            Error::invalid("flow", problem)
        })
    }
}

fn read(json: &Json) -> Checked<Flow> {
    if json.to_string().len() > LARGEST {
        return Err("must have at most 64 KiB".into());
    }
    if holds_nul(json) {
        return Err("must not hold a NUL character".into());
    }
    let flow = FlowJson::deserialize(json).map_err(|error| format!("is not well formed: {error}"))?;
    if !(1..=MOST_STEPS).contains(&flow.steps.len()) {
        return Err(format!("must have 1 to {MOST_STEPS} steps"));
    }
    let places = places(&flow.steps)?;
    let mut steps = Vec::with_capacity(flow.steps.len());
    for (place, json) in flow.steps.iter().enumerate() {
        let next = (place + 1 < flow.steps.len()).then_some(place + 1);
        let name = |problem: String| {
            format!("has a fault in step `{}`: it {problem}", json["id"].as_str().unwrap_or_default())
        };
        let step =
            StepJson::deserialize(json).map_err(|error| name(format!("is not well formed: {error}")))?;
        steps.push(Reader { places: &places, next }.step(step).map_err(name)?);
    }
    let start = match &flow.start {
        None => 0,
        Some(id) => *places
            .get(id.as_str())
            .ok_or_else(|| format!("begins at the step `{id}`, which is not there"))?,
    };
    let flow = Flow { steps, start };
    check_names(&flow)?;
    let fault = |(id, problem)| format!("has a fault in step `{id}`: it {problem}");
    graph::check(&flow).map_err(fault)?;
    Ok(flow)
}

/// PostgreSQL keeps none.
fn holds_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(holds_nul),
        Json::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn places(steps: &[Json]) -> Checked<HashMap<&str, Place>> {
    let mut places = HashMap::new();
    for (place, step) in steps.iter().enumerate() {
        let number = place + 1;
        let Some(id) = step["id"].as_str() else { return Err(format!("has no `id` in its step {number}")) };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !(1..=LONGEST_ID).contains(&id.len()) || !id.chars().all(fits) {
            return Err(format!(
                "has an `id` in its step {number} that is not 1 to {LONGEST_ID} letters, digits, `_` or `-`"
            ));
        }
        if places.insert(id, place).is_some() {
            return Err(format!("has two steps with the id `{id}`"));
        }
    }
    Ok(places)
}

/// Reads one step.
struct Reader<'a> {
    places: &'a HashMap<&'a str, Place>,
    /// The step that follows in the list.
    next: Option<Place>,
}

impl Reader<'_> {
    fn step(&self, step: StepJson) -> Checked<Step> {
        let (id, act, next) = match step {
            StepJson::Say { id, text, content_type, rich_media, goto } => {
                let kind = content_type.as_deref().map_or(Ok(ContentType::Text), |name| {
                    word(
                        "content_type",
                        name,
                        ContentType::parse,
                        ContentType::ALL.iter().map(|kind| kind.as_str()),
                    )
                })?;
                (id, Act::Say(saying(kind, &text, rich_media)?), self.goto(goto)?)
            }
            StepJson::Ask { id, text, save_as, buttons, dropdown, hint, otherwise, goto } => {
                let (kind, choices, rich_media) = match (buttons, dropdown) {
                    (None, None) => (ContentType::Text, Vec::new(), None),
                    (Some(buttons), None) => {
                        let choices = choices(buttons)?;
                        let media = json!({ "buttons": choices_json(&choices) });
                        (ContentType::QuickButton, choices, Some(media))
                    }
                    (None, Some(dropdown)) => {
                        let choices = choices(dropdown.options)?;
                        let media =
                            json!({ "placeholder": dropdown.placeholder, "options": choices_json(&choices) });
                        (ContentType::Dropdown, choices, Some(media))
                    }
                    (Some(_), Some(_)) => return Err("has both `buttons` and `dropdown`".into()),
                };
                let free = choices.is_empty();
                if free && (hint.is_some() || otherwise.is_some()) {
                    return Err("takes every text, so `hint` and `otherwise` mean nothing without `buttons` or `dropdown`".into());
                }
                filled("text", &text)?;
                let saying = saying(kind, &text, rich_media)?;
                let hint = hint.map(|hint| template("hint", &hint)).transpose()?;
                let ask =
                    Ask { saying, choices, save_as: name(save_as)?, hint, otherwise: self.place(otherwise)? };
                (id, Act::Ask(ask), self.goto(goto)?)
            }
            StepJson::Carousel { id, text, save_as, cards, hint, otherwise, goto } => {
                let read = Vec::<CardJson>::deserialize(&cards)
                    .map_err(|error| format!("is not well formed: {error}"))?;
                let choices = choices(read.into_iter().flat_map(|card| card.buttons).collect())?;
                let saying = saying(ContentType::Carousel, &text, Some(json!({ "cards": cards })))?;
                let hint = hint.map(|hint| template("hint", &hint)).transpose()?;
                let ask =
                    Ask { saying, choices, save_as: name(save_as)?, hint, otherwise: self.place(otherwise)? };
                (id, Act::Ask(ask), self.goto(goto)?)
            }
            StepJson::Collect { id, what, text, save_as, hint, retries, otherwise, goto } => {
                let what = word("what", &what, Reach::parse, Reach::ALL.iter().map(|what| what.as_str()))?;
                let retries = retries.unwrap_or(RETRIES);
                if retries > MOST_RETRIES {
                    return Err(format!("has more than {MOST_RETRIES} `retries`"));
                }
                let collect = Collect {
                    what,
                    text: template("text", &text)?,
                    save_as: name(save_as.unwrap_or_else(|| what.as_str().to_owned()))?,
                    hint: template("hint", hint.as_deref().unwrap_or(usual_hint(what)))?,
                    retries,
                    otherwise: self.place(otherwise)?,
                };
                (id, Act::Collect(collect), self.goto(goto)?)
            }
            StepJson::Condition { id, answer, cases, otherwise } => {
                if !(1..=MOST_WAYS).contains(&cases.len()) {
                    return Err(format!("must have 1 to {MOST_WAYS} `cases`"));
                }
                let case = |case: CaseJson| Ok((test(&case)?, self.at(&case.goto)?));
                let cases = cases.into_iter().map(case).collect::<Checked<_>>()?;
                (id, Act::Condition(Condition { answer, cases }), self.goto(otherwise)?)
            }
            StepJson::Goto { id, goto } => (id, Act::Goto, Some(self.at(&goto)?)),
            StepJson::Handover { id, to, text } => {
                let to = word("to", &to, Successor::parse, Successor::ALL.iter().map(|to| to.as_str()))?;
                let text = text.map(|text| template("text", &text)).transpose()?;
                (id, Act::Handover { to, text }, None)
            }
            StepJson::End { id, text, afterwards } => {
                let afterwards = afterwards.as_deref().map_or(Ok(Afterwards::Restart), |name| {
                    word("afterwards", name, Afterwards::parse, Afterwards::ALL.iter().map(|it| it.as_str()))
                })?;
                let text = text.map(|text| template("text", &text)).transpose()?;
                (id, Act::End { text, afterwards }, None)
            }
        };
        Ok(Step { id, act, next })
    }

    fn at(&self, id: &str) -> Checked<Place> {
        self.places.get(id).copied().ok_or_else(|| format!("leads to the step `{id}`, which is not there"))
    }

    fn place(&self, id: Option<String>) -> Checked<Option<Place>> {
        id.map(|id| self.at(&id)).transpose()
    }

    /// To the step that is named, or the one that follows.
    fn goto(&self, id: Option<String>) -> Checked<Option<Place>> {
        Ok(self.place(id)?.or(self.next))
    }
}

/// One of a few words.
fn word<T>(
    field: &str,
    given: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: impl Iterator<Item = &'static str>,
) -> Checked<T> {
    parse(given)
        .ok_or_else(|| format!("has a `{field}` that is none of {}", known.collect::<Vec<_>>().join(", ")))
}

fn usual_hint(what: Reach) -> &'static str {
    match what {
        Reach::Email => "This does not look like an e-mail address. Please try again.",
        Reach::Phone => "This does not look like a phone number. Please try again.",
    }
}

/// A name under which an answer is kept.
fn name(name: String) -> Checked<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match (1..=LONGEST_ID).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(name),
        false => Err(format!("has a `save_as` that is not 1 to {LONGEST_ID} letters, digits or `_`")),
    }
}

fn filled(field: &str, text: &str) -> Checked<()> {
    if text.trim().is_empty() { Err(format!("has an empty `{field}`")) } else { Ok(()) }
}

fn template(field: &str, text: &str) -> Checked<Template> {
    filled(field, text)?;
    short(field, text)?;
    Template::parse(text)
}

fn short(field: &str, text: &str) -> Checked<()> {
    match text.chars().count() > LONGEST_TEXT {
        true => Err(format!("has a `{field}` of more than {LONGEST_TEXT} characters")),
        false => Ok(()),
    }
}

fn saying(kind: ContentType, text: &str, rich_media: Option<Json>) -> Checked<Saying> {
    short("text", text)?;
    let content =
        Content::new(kind, text, rich_media).map_err(|refused| format!("cannot be said: {refused}"))?;
    Ok(Saying { kind, text: Template::parse(&content.text)?, rich_media: content.rich_media })
}

/// Distinct, so that an answer means one of them.
fn choices(given: Vec<ChoiceJson>) -> Checked<Vec<Choice>> {
    if given.is_empty() {
        return Err("offers nothing to choose".into());
    }
    let mut values = BTreeSet::new();
    for choice in &given {
        filled("label", &choice.label)?;
        filled("value", &choice.value)?;
        if !values.insert(normal(&choice.value)) {
            return Err(format!("offers the value `{}` twice", choice.value));
        }
    }
    let trimmed = |text: String| text.trim().to_owned();
    Ok(given.into_iter().map(|one| Choice { label: trimmed(one.label), value: trimmed(one.value) }).collect())
}

fn choices_json(choices: &[Choice]) -> Json {
    choices.iter().map(|choice| json!({ "label": choice.label, "value": choice.value })).collect()
}

fn test(case: &CaseJson) -> Checked<Test> {
    match (&case.equals, &case.contains, &case.one_of, case.is_set) {
        (Some(text), None, None, None) => Ok(Test::Equals(normal(text))),
        (None, Some(text), None, None) => {
            filled("contains", text)?;
            Ok(Test::Contains(normal(text)))
        }
        (None, None, Some(texts), None) if (1..=MOST_WAYS).contains(&texts.len()) => {
            Ok(Test::OneOf(texts.iter().map(|text| normal(text)).collect()))
        }
        (None, None, Some(_), None) => Err(format!("must have 1 to {MOST_WAYS} texts in `one_of`")),
        (None, None, None, Some(set)) => Ok(Test::IsSet(if set { Presence::Set } else { Presence::Unset })),
        _ => Err("needs exactly one of `equals`, `contains`, `one_of` and `is_set` in each case".into()),
    }
}

/// Every name that is used must be one that some step keeps an answer under.
fn check_names(flow: &Flow) -> Checked<()> {
    let kept = flow.steps.iter().filter_map(|step| match &step.act {
        Act::Ask(ask) => Some(ask.save_as.as_str()),
        Act::Collect(collect) => Some(collect.save_as.as_str()),
        _ => None,
    });
    let known: BTreeSet<&str> = kept.chain(KNOWN).collect();
    for step in &flow.steps {
        if let Some(stranger) = names(step).find(|name| !known.contains(name)) {
            let id = &step.id;
            return Err(format!(
                "has a fault in step `{id}`: it names `{stranger}`, which no step keeps an answer under"
            ));
        }
    }
    Ok(())
}

/// The names that a step uses.
fn names(step: &Step) -> impl Iterator<Item = &str> {
    let (texts, answer): (Vec<&Template>, Option<&str>) = match &step.act {
        Act::Say(saying) => (vec![&saying.text], None),
        Act::Ask(ask) => (std::iter::once(&ask.saying.text).chain(&ask.hint).collect(), None),
        Act::Collect(collect) => (vec![&collect.text, &collect.hint], None),
        Act::Condition(condition) => (Vec::new(), Some(&condition.answer)),
        Act::Goto => (Vec::new(), None),
        Act::Handover { text, .. } | Act::End { text, .. } => (text.iter().collect(), None),
    };
    texts.into_iter().flat_map(Template::names).chain(answer)
}
