//! A flow as it is written, before anything but its form has been checked.

use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowJson {
    pub start: Option<String>,
    pub steps: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum StepJson {
    Say {
        id: String,
        #[serde(default)]
        text: String,
        content_type: Option<String>,
        rich_media: Option<Json>,
        goto: Option<String>,
    },
    Ask {
        id: String,
        text: String,
        save_as: String,
        buttons: Option<Vec<ChoiceJson>>,
        dropdown: Option<DropdownJson>,
        hint: Option<String>,
        otherwise: Option<String>,
        goto: Option<String>,
    },
    Carousel {
        id: String,
        #[serde(default)]
        text: String,
        save_as: String,
        cards: Json,
        hint: Option<String>,
        otherwise: Option<String>,
        goto: Option<String>,
    },
    Collect {
        id: String,
        what: String,
        text: String,
        save_as: Option<String>,
        hint: Option<String>,
        retries: Option<u32>,
        otherwise: Option<String>,
        goto: Option<String>,
    },
    Condition {
        id: String,
        answer: String,
        cases: Vec<CaseJson>,
        #[serde(rename = "else")]
        otherwise: Option<String>,
    },
    Goto {
        id: String,
        goto: String,
    },
    Handover {
        id: String,
        to: String,
        text: Option<String>,
    },
    End {
        id: String,
        text: Option<String>,
        afterwards: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceJson {
    pub label: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropdownJson {
    #[serde(default)]
    pub placeholder: String,
    pub options: Vec<ChoiceJson>,
}

/// What of a card can be chosen; the rest is checked as rich media.
#[derive(Deserialize)]
pub struct CardJson {
    #[serde(default)]
    pub buttons: Vec<ChoiceJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseJson {
    pub equals: Option<String>,
    pub contains: Option<String>,
    pub one_of: Option<Vec<String>>,
    pub is_set: Option<bool>,
    pub goto: String,
}
