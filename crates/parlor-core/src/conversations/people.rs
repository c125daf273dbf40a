//! What staff know of a contact, and whom they do not want to hear any more.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{Conversation, sql, store};
use crate::{Actor, Error, Permission, Result, app::App, contacts, ids::ContactId};

/// The most facts about a contact beside name, address and number, and the most characters of one and of its name.
pub(super) const MOST_ATTRIBUTES: usize = 50;
const LONGEST_ATTRIBUTE: usize = 500;
const LONGEST_KEY: usize = 60;

/// What may be changed of a contact. What is left out stays, an inner `None` removes.
#[derive(Clone, Debug, Default)]
pub struct ContactChange {
    pub display_name: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub attributes: BTreeMap<String, Option<String>>,
}

/// A contact with all that is kept of them.
#[derive(Clone, Debug)]
pub struct Known {
    pub conversation: Conversation,
    pub attributes: Map<String, Json>,
}

impl ContactChange {
    fn checked(self) -> Result<ContactChange> {
        let text = |given: Option<String>| given.filter(|text| !text.trim().is_empty());
        let display_name =
            match self.display_name.map(text) {
                Some(given) => Some(contacts::display_name(given).map_err(|_| {
                    Error::invalid("display_name", "must have at most 100 printable characters")
                })?),
                None => None,
            };
        let kept = |given: Option<Option<String>>, field, keep: fn(&str) -> Option<String>, problem| {
            let Some(given) = given.map(text) else { return Ok(None) };
            let Some(given) = given else { return Ok(Some(None)) };
            keep(given.trim()).map(|kept| Some(Some(kept))).ok_or_else(|| Error::invalid(field, problem))
        };
        let email = kept(self.email, "email", contacts::email, "must be an e-mail address")?;
        let phone = kept(self.phone, "phone", contacts::phone, "must be a phone number")?;
        for (key, value) in &self.attributes {
            let named = (1..=LONGEST_KEY).contains(&key.chars().count()) && !key.contains(char::is_control);
            if !named || key.trim() != key {
                return Err(Error::invalid("attributes", "must have names of 1 to 60 printable characters"));
            }
            if value
                .as_ref()
                .is_some_and(|value| value.chars().count() > LONGEST_ATTRIBUTE || value.contains('\0'))
            {
                return Err(Error::invalid("attributes", "must have values of at most 500 characters"));
            }
        }
        Ok(ContactChange { display_name, email, phone, attributes: self.attributes })
    }
}

/// Changes what is known of a contact.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`].
pub async fn change_contact(app: &App, actor: &Actor, id: ContactId, change: ContactChange) -> Result<Known> {
    actor.require(Permission::ManageConversations)?;
    let change = change.checked()?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock_of_contact(tx, account_id, id).await?;
                let now = inner.now();
                let mut attributes = sql::attributes(tx, id).await?;
                for (key, value) in change.attributes {
                    match value {
                        Some(value) => drop(attributes.insert(key, value.into())),
                        None => drop(attributes.remove(&key)),
                    }
                }
                if attributes.len() > MOST_ATTRIBUTES {
                    return Err(Error::invalid("attributes", "must be at most 50"));
                }
                let contact = &mut conversation.contact;
                contact.display_name = change.display_name.unwrap_or(contact.display_name.take());
                contact.email = change.email.unwrap_or(contact.email.take());
                contact.phone = change.phone.unwrap_or(contact.phone.take());
                sql::save_contact(tx, account_id, contact, now).await?;
                sql::save_attributes(tx, id, &attributes).await?;
                store::inbox_changed(tx, &mut conversation, now).await?;
                Ok(Known { conversation, attributes })
            })
        })
        .await
}

/// Whether a contact may write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Refused,
    Taken,
}

/// Refuses from now on whatever a contact writes. What they have written stays, and they may still read it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn block(app: &App, actor: &Actor, id: ContactId) -> Result<Conversation> {
    set_writing(app, actor, id, Writing::Refused).await
}

/// Takes again what a contact writes.
///
/// # Errors
/// As [`block`].
pub async fn unblock(app: &App, actor: &Actor, id: ContactId) -> Result<Conversation> {
    set_writing(app, actor, id, Writing::Taken).await
}

async fn set_writing(app: &App, actor: &Actor, id: ContactId, writing: Writing) -> Result<Conversation> {
    actor.require(Permission::ManageConversations)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock_of_contact(tx, account_id, id).await?;
                let now = inner.now();
                let refused = conversation.contact.blocked_at.is_some();
                if refused != (writing == Writing::Refused) {
                    conversation.contact.blocked_at = (writing == Writing::Refused).then_some(now);
                    sql::save_contact(tx, account_id, &conversation.contact, now).await?;
                    // The visitor is told, too, that writing is of no use, or is again.
                    store::changed(tx, &mut conversation, now).await?;
                }
                Ok(conversation)
            })
        })
        .await
}
