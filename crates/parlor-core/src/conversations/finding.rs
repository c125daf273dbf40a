//! The list of conversations, also by what is searched for.
//!
//! Two ways lead to what is searched for. What few have is gathered from the indexes and sorted: that is exact. What many have is met soon by
//! whoever walks the list from the top and looks at each conversation. Both are bounded, and together they answer in the order of the list.

use std::collections::HashSet;

use super::{Content, Filter, Listed, Page, Start, sql};
use crate::{
    Error, Result,
    db::{Dialect, Tx, Value},
    ids::{AccountId, ConversationId},
    knowledge, search,
};

/// What is looked for: a part of the contact's name, e-mail address, phone number or external id, a whole tag, or the beginnings of words that
/// all stand in one message.
#[derive(Clone, Debug)]
pub struct Search {
    /// In lower case.
    text: String,
    words: Vec<String>,
}

/// The most words that are looked for in messages.
const MOST_WORDS: usize = 16;

impl Search {
    /// `None` where nothing is looked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than 200 characters, and for a NUL character.
    pub fn parse(text: &str) -> Result<Option<Search>> {
        let text = text.trim();
        if text.chars().count() > 200 || text.contains('\0') {
            return Err(Error::invalid("search", "must have at most 200 characters"));
        }
        let mut words = knowledge::words(text);
        words.truncate(MOST_WORDS);
        Ok((!text.is_empty()).then(|| Search { text: text.to_lowercase(), words }))
    }

    /// Whether the contact or the newest session is called so.
    fn names(&self, listed: &Listed) -> bool {
        let (contact, session) = (&listed.conversation.contact, &listed.conversation.session);
        let called = [&contact.display_name, &contact.email, &contact.phone].into_iter().flatten();
        let called = called.map(String::as_str).chain([contact.external_id.as_str()]);
        let mut called = called.map(str::to_lowercase);
        called.any(|called| called.contains(&self.text))
            || session.tags.iter().any(|tag| tag.to_lowercase() == self.text)
    }

    fn is_said(&self, content: &Content) -> bool {
        !self.words.is_empty() && knowledge::begin_words(&content.plain(), &self.words)
    }
}

/// The most messages, contacts and tags of the indexes that are looked at.
const MOST_MESSAGES: i64 = 10_000;
const MOST_CONTACTS: i64 = 2000;
const MOST_TAGGED: i64 = 2000;
/// The most conversations that a walk looks at, and the most of them in which it reads what was said.
const FARTHEST: i64 = 1000;
const READ: i64 = 100;
/// Of a conversation that is longer, a walk looks at so many of the newest messages.
const NEWEST: i64 = 200;

/// What is asked of the indexes.
pub(crate) struct Asked {
    words: String,
    /// `None` for a text that is too short for the index of contacts.
    contacts: Option<String>,
    like: String,
    tag: String,
}

impl Asked {
    fn new(dialect: Dialect, account_id: AccountId, search: &Search) -> Asked {
        Asked {
            words: search::all_words(dialect, account_id, &search.words),
            contacts: search::contacts_like(dialect, account_id, &search.text),
            like: format!("%{}%", escaped(&search.text)),
            tag: search.text.clone(),
        }
    }

    /// As the statements count them, `$10` to `$16`.
    pub(crate) fn params(&self) -> [Value<'_>; 7] {
        [
            (&self.words).into(),
            self.contacts.as_deref().unwrap_or(search::NOBODY).into(),
            (&self.like).into(),
            (&self.tag).into(),
            MOST_MESSAGES.into(),
            MOST_CONTACTS.into(),
            MOST_TAGGED.into(),
        ]
    }

    /// Whether more have it than is gathered.
    async fn is_common(&self, tx: &mut Tx, account_id: AccountId) -> Result<bool> {
        let Some(contacts) = &self.contacts else { return Ok(true) };
        Ok(search::has_more_contacts(tx, account_id, contacts, MOST_CONTACTS).await?
            || sql::has_more_tagged(tx, account_id, &self.tag, MOST_TAGGED).await?
            || search::has_more_messages(tx, account_id, &self.words, MOST_MESSAGES).await?)
    }
}

/// Every character means itself.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, character| {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
        pattern
    })
}

/// One page of the account's conversations.
pub(super) async fn page(
    tx: &mut Tx,
    account_id: AccountId,
    filter: &Filter,
    page: Page,
) -> Result<Vec<Listed>> {
    let Some(search) = &filter.search else { return sql::page(tx, account_id, filter, page, 0).await };
    let asked = Asked::new(tx.dialect(), account_id, search);
    if !asked.is_common(tx, account_id).await? {
        return sql::found(tx, account_id, filter, &asked, page).await;
    }
    let (start, passed_over) = match page.start {
        Start::Offset(offset) => (Start::Offset(0), offset),
        start => (start, 0),
    };
    let wanted = Page { start, size: passed_over.saturating_add(page.size) };
    let Walk { mut met, end } = walk(tx, account_id, filter, search, wanted).await?;
    if end == End::TooFar {
        // The walk has met what many have. What few have, the indexes know of, wherever it is.
        let gathered = sql::found(tx, account_id, filter, &asked, wanted).await?;
        let known: HashSet<ConversationId> = met.iter().map(|listed| listed.conversation.id).collect();
        met.extend(gathered.into_iter().filter(|listed| !known.contains(&listed.conversation.id)));
        sort(&mut met, wanted.start);
    }
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(met.into_iter().skip(number(passed_over)).take(number(page.size)).collect())
}

/// How many conversations there are in all pages; of a search, how many are gathered.
pub(super) async fn count(tx: &mut Tx, account_id: AccountId, filter: &Filter) -> Result<i64> {
    let Some(search) = &filter.search else { return sql::count(tx, account_id, filter).await };
    let asked = Asked::new(tx.dialect(), account_id, search);
    sql::count_found(tx, account_id, filter, &asked).await
}

/// Puts together what has come by two ways, in the order of the list.
fn sort(met: &mut [Listed], start: Start) {
    met.sort_by(|one, other| {
        let (one, other) = (&one.conversation, &other.conversation);
        match start {
            Start::Changed(_) => (one.updated_at, one.id).cmp(&(other.updated_at, other.id)),
            Start::Offset(_) | Start::After(_) => {
                (other.last_message_at, other.id).cmp(&(one.last_message_at, one.id))
            }
        }
    });
}

/// What a walk has come to.
struct Walk {
    met: Vec<Listed>,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// There are as many as were wanted, and nothing has been passed over.
    Enough,
    OfList,
    /// There may be more.
    TooFar,
}

/// Goes through the list from where the page starts, and looks at each conversation; from some way on only at names and labels.
async fn walk(
    tx: &mut Tx,
    account_id: AccountId,
    filter: &Filter,
    search: &Search,
    wanted: Page,
) -> Result<Walk> {
    let at_once = sql::SAID_AT_ONCE as i64;
    let mut walk = Walk { met: Vec::new(), end: End::TooFar };
    let mut passed_over = 0;
    while passed_over < FARTHEST && (walk.met.len() as i64) < wanted.size {
        let some = Page { start: wanted.start, size: at_once };
        let some = sql::page(tx, account_id, filter, some, passed_over).await?;
        let of_list = (some.len() as i64) < at_once;
        let reads = passed_over < READ;
        passed_over += at_once;
        let fits = if reads { fitting(tx, search, &some).await? } else { named(search, &some) };
        walk.met.extend(some.into_iter().filter(|listed| fits.contains(&listed.conversation.id)));
        if reads && (of_list || walk.met.len() as i64 >= wanted.size) {
            walk.end = if of_list { End::OfList } else { End::Enough };
            break;
        }
        if of_list {
            break;
        }
    }
    Ok(walk)
}

fn named(search: &Search, some: &[Listed]) -> HashSet<ConversationId> {
    some.iter().filter(|listed| search.names(listed)).map(|listed| listed.conversation.id).collect()
}

/// Those that have what is searched for.
async fn fitting(tx: &mut Tx, search: &Search, some: &[Listed]) -> Result<HashSet<ConversationId>> {
    let mut fits = named(search, some);
    let others = some.iter().map(|listed| listed.conversation.id).filter(|id| !fits.contains(id));
    let others: Vec<ConversationId> = others.collect();
    if search.words.is_empty() || others.is_empty() {
        return Ok(fits);
    }
    let said = sql::said_in(tx, &others, NEWEST).await?;
    let saying = said.iter().filter(|(_, content)| search.is_said(content));
    fits.extend(saying.map(|(id, _)| *id));
    Ok(fits)
}
