//! What a visitor is asked before the first message.

use serde_json::{Value as Json, json};

use crate::{Result, given::Given, text_enum};

/// The most fields of a form.
const MOST_FIELDS: usize = 8;
/// The most options of a field.
const MOST_OPTIONS: usize = 20;
/// The most characters of a label or an option.
const LONGEST_LABEL: usize = 80;
/// The most characters of a field's key.
const LONGEST_KEY: usize = 40;

/// What a visitor is asked before the first message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreChat {
    pub enabled: bool,
    pub fields: Vec<Field>,
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `name`, `email` and `phone` are the contact's own; any other is an attribute of the contact.
    pub key: String,
    pub label: String,
    pub kind: FieldKind,
    pub required: bool,
    /// What there is to choose from; only where the kind is [`FieldKind::Select`].
    pub options: Vec<String>,
}

text_enum! {
    /// How a field is answered.
    FieldKind { Text = "text", Email = "email", Phone = "phone", Select = "select" }
}

impl PreChat {
    pub(super) fn parse(given: &Given<'_>) -> Result<PreChat> {
        let members = given.members(&["enabled", "fields"])?;
        let mut fields: Vec<Field> = Vec::new();
        if let Some(given) = members.optional("fields") {
            for item in given.items(MOST_FIELDS)? {
                let field = Field::parse(&item)?;
                if fields.iter().any(|known| known.key == field.key) {
                    return Err(item.wrong("must have a key that no other field has"));
                }
                fields.push(field);
            }
        }
        Ok(PreChat { enabled: members.required("enabled")?.truth()?, fields })
    }

    pub(super) fn document(&self) -> Json {
        json!({ "enabled": self.enabled, "fields": self.fields.iter().map(Field::document).collect::<Json>() })
    }
}

impl Field {
    fn parse(given: &Given<'_>) -> Result<Field> {
        let members = given.members(&["key", "label", "type", "required", "options"])?;
        let named = members.required("key")?;
        let key = named.text()?.to_owned();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=LONGEST_KEY).contains(&key.len())
            || !key.bytes().all(plain)
            || !key.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Err(named.wrong("must have 1 to 40 of a-z, 0-9 and _, and begin with a letter"));
        }
        let typed = members.required("type")?;
        let kind = typed.one_of(FieldKind::ALL, FieldKind::as_str)?;
        let own = match key.as_str() {
            "name" => Some(FieldKind::Text),
            "email" => Some(FieldKind::Email),
            "phone" => Some(FieldKind::Phone),
            _ => None,
        };
        if own.is_some_and(|own| own != kind) {
            return Err(typed.wrong("must be text for name, email for email and phone for phone"));
        }
        let options = match (kind, members.optional("options")) {
            (FieldKind::Select, _) => choices(&members.required("options")?)?,
            (_, None) => Vec::new(),
            (_, Some(given)) => {
                let none = given.items(0);
                none.map(|_| Vec::new()).map_err(|_| given.wrong("must be left out of what is no select"))?
            }
        };
        let required = members.optional("required").map(|given| given.truth());
        Ok(Field {
            key,
            label: members.required("label")?.line(1..=LONGEST_LABEL)?,
            kind,
            required: required.transpose()?.unwrap_or(false),
            options,
        })
    }

    fn document(&self) -> Json {
        let mut field = json!({
            "key": self.key,
            "label": self.label,
            "type": self.kind.as_str(),
            "required": self.required,
        });
        if self.kind == FieldKind::Select {
            field["options"] = self.options.iter().map(String::as_str).collect();
        }
        field
    }
}

fn choices(given: &Given<'_>) -> Result<Vec<String>> {
    let mut choices: Vec<String> = Vec::new();
    for item in given.items(MOST_OPTIONS)? {
        let choice = item.line(1..=LONGEST_LABEL)?;
        if choices.contains(&choice) {
            return Err(item.wrong("must be there only once"));
        }
        choices.push(choice);
    }
    if choices.is_empty() {
        return Err(given.wrong("must have something to choose from"));
    }
    Ok(choices)
}
