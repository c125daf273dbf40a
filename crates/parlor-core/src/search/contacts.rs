//! Contacts by any part of what they are called. A text of three characters or more is found by its pieces of three (*anna*: *ann*, *nna*);
//! whoever has all of them is looked at more closely.

use super::{postgres, sqlite};
use crate::{
    Result,
    contacts::Contact,
    db::{Dialect, Tx},
    ids::AccountId,
};

const PIECE: usize = 3;
/// The most pieces that are asked for: so many tell anybody apart.
const MOST_PIECES: usize = 24;

/// A question that fits no contact, on either database.
pub const NOBODY: &str = "none";

/// Makes a contact findable who is new.
pub async fn add_contact(tx: &mut Tx, account_id: AccountId, contact: &Contact) -> Result<()> {
    let grams = all(contact).join(" ");
    match tx.dialect() {
        Dialect::Sqlite => sqlite::add_contact(tx, account_id, contact.id, &grams).await,
        Dialect::Postgres => postgres::add_contact(tx, account_id, contact.id, &grams).await,
    }
}

/// Makes a contact findable by what they are called now.
pub async fn change_contact(tx: &mut Tx, account_id: AccountId, contact: &Contact) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        sqlite::remove_contact(tx, contact.id).await?;
    }
    add_contact(tx, account_id, contact).await
}

/// The question for contacts that have all pieces of a text; `None` for a text that is too short to have any.
pub fn like(dialect: Dialect, account_id: AccountId, text: &str) -> Option<String> {
    let mut asked = Vec::new();
    pieces(text, &mut asked);
    asked.dedup();
    asked.truncate(MOST_PIECES);
    if asked.is_empty() {
        return None;
    }
    Some(match dialect {
        Dialect::Sqlite => sqlite::all_grams(account_id, &asked),
        Dialect::Postgres => postgres::all_grams(&asked),
    })
}

fn all(contact: &Contact) -> Vec<String> {
    let Contact { external_id, display_name, email, phone, .. } = contact;
    let mut grams = Vec::new();
    let others = [display_name, email, phone].into_iter().flatten().map(String::as_str);
    others.chain([external_id.as_str()]).for_each(|text| pieces(text, &mut grams));
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// As the schema's first filling does it: in lower case, each piece as the hexadecimal digits of its UTF-8.
fn pieces(text: &str, found: &mut Vec<String>) {
    let characters: Vec<char> = text.to_lowercase().chars().collect();
    for piece in characters.windows(PIECE) {
        let piece: String = piece.iter().collect();
        found.push(format!("g{}", crate::secrets::hex(piece.as_bytes())));
    }
}
