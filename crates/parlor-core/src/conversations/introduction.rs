//! What a visitor says of themselves before the first message, because the channel asks.

use std::collections::BTreeMap;

use super::{Conversation, people::MOST_ATTRIBUTES, sql, store, visitor};
use crate::{
    Error, Result,
    app::App,
    channels::{Field, FieldKind},
    contacts::{self, Visitor},
    limits::{self, Action},
};

/// The most characters of an answer.
const LONGEST_ANSWER: usize = 500;

/// Takes the answers to what the channel asks before the first message; the keys are those of its fields. The contact becomes what they say
/// where nothing is known yet: what staff or the shop's own proof say counts more. What is not asked, or not any more, is passed over. Like
/// [`super::open`], it opens the conversation, and staff see it from its first message on.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Disabled`] for the channel; [`Error::Unverified`]; [`Error::TooMany`]; [`Error::Invalid`] for an answer
/// that does not fit its field, and for one that is missing; of whoever is proved nothing is demanded that the proof could have said.
pub async fn introduce(app: &App, visitor: &Visitor, answers: BTreeMap<String, String>) -> Result<()> {
    app.limits.check(Action::AddressWrites, limits::network(visitor.address))?;
    app.limits.check(Action::VisitorWrites, (&visitor.way_in, &visitor.external_id))?;
    let (inner, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (channel, mut conversation, _) = visitor::hold_open(&inner, tx, &visitor).await?;
                let form = &channel.settings.pre_chat;
                if !form.enabled {
                    return Ok(());
                }
                let id = conversation.contact.id;
                let (now, mut attributes) = (inner.now(), sql::attributes(tx, id).await?);
                for field in &form.fields {
                    let answer = answers.get(&field.key).map(|answer| answer.trim());
                    let Some(answer) = answer.filter(|answer| !answer.is_empty()) else {
                        if field.required && !vouched(&conversation, field) {
                            return Err(wrong(field, "must be answered"));
                        }
                        continue;
                    };
                    let answer = checked(field, answer)?;
                    let contact = &mut conversation.contact;
                    match field.key.as_str() {
                        "name" => drop(contact.display_name.get_or_insert(answer)),
                        "email" => drop(contact.email.get_or_insert(answer)),
                        "phone" => drop(contact.phone.get_or_insert(answer)),
                        key if attributes.contains_key(key) || attributes.len() >= MOST_ATTRIBUTES => {}
                        key => drop(attributes.insert(key.to_owned(), answer.into())),
                    }
                }
                sql::save_contact(tx, conversation.account_id, &conversation.contact, now).await?;
                sql::save_attributes(tx, id, &attributes).await?;
                store::changed(tx, &mut conversation, now).await
            })
        })
        .await
}

/// Whether the shop's own server says who this is, and could have said this, too.
fn vouched(conversation: &Conversation, field: &Field) -> bool {
    conversation.contact.verified_at.is_some() && matches!(field.key.as_str(), "name" | "email" | "phone")
}

/// An answer as it is kept.
fn checked(field: &Field, answer: &str) -> Result<String> {
    if answer.chars().count() > LONGEST_ANSWER || answer.contains(char::is_control) {
        return Err(wrong(field, "must have at most 500 printable characters"));
    }
    match field.kind {
        FieldKind::Email => contacts::email(answer).ok_or_else(|| wrong(field, "must be an e-mail address")),
        FieldKind::Phone => contacts::phone(answer).ok_or_else(|| wrong(field, "must be a phone number")),
        FieldKind::Select if field.options.iter().all(|option| option != answer) => {
            Err(wrong(field, "must be one of the options"))
        }
        FieldKind::Text if field.key == "name" => contacts::display_name(Some(answer.to_owned()))
            .map(Option::unwrap_or_default)
            .map_err(|_| wrong(field, "must have at most 100 printable characters")),
        FieldKind::Text | FieldKind::Select => Ok(answer.to_owned()),
    }
}

fn wrong(field: &Field, problem: &'static str) -> Error {
    Error::invalid(format!("answers.{}", field.key), problem)
}
