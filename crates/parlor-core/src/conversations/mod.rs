//! Conversations: everything between one contact and one channel, in sessions, message by message.

mod content;
mod drafts;
mod finding;
mod inbox;
mod introduction;
mod notes;
mod people;
mod rating;
mod reads;
mod release;
mod seen;
mod snooze;
pub(crate) mod sql;
mod staff;
mod store;
mod thread;
mod visitor;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{
    Error, Result,
    contacts::Contact,
    ids::{
        AccountId, AgentId, ArticleId, AssistantId, ChannelId, ContactId, ConversationId, MessageId,
        SessionId,
    },
    text_enum,
};

pub use content::{Content, LARGEST_RICH_MEDIA, LONGEST_TEXT};
pub use drafts::{Draft, LONGEST_DRAFT, save_draft};
pub use finding::Search;
pub use inbox::{
    Assigned, Count, Counts, Filter, Listed, Page, Snoozed, Start, Stretch, counts, find, get, list,
    messages, page, tags,
};
pub use introduction::introduce;
pub use notes::{LONGEST_NOTE, NewNote, Note, add_note, delete_note};
pub use people::{ContactChange, Known, block, change_contact, unblock};
pub use rating::{NewRating, Rating, Score, rate};
pub use reads::{MOST_READ, Read, Reader, mark_read, mark_read_by_visitor};
pub(crate) use release::release;
pub use seen::seen;
pub(crate) use snooze::wake;
pub use snooze::{snooze, unsnooze};
pub use staff::{assign, claim, reopen, reply, resolve, resume_assistant, tag};
pub(crate) use store::{changed, message as store};
pub use thread::{Around, Details, PastSession, Thread, Timeline, thread, timeline};
pub(crate) use visitor::hold;
pub use visitor::{
    Continuity, Earlier, Opened, View, earlier, enter, history, history_with, may_listen, newest, open,
    receive, view,
};

/// The most characters a client's id of a message may have.
pub const LONGEST_CLIENT_ID: usize = 64;

text_enum! {
    /// Where a session stands.
    Status { Open = "open", Resolved = "resolved" }
}

text_enum! {
    /// Who answers in this session.
    Answering {
        /// The assistant, if the channel lets it.
        Assistant = "assistant",
        /// A person has stepped in: the assistant is silent until staff resume it.
        Person = "person",
    }
}

text_enum! {
    /// Who wrote a message.
    SenderType { EndUser = "end_user", Agent = "agent", Bot = "bot" }
}

text_enum! {
    /// What a message is made of.
    ContentType {
        Text = "text",
        Image = "image",
        File = "file",
        QuickButton = "quick_button",
        Carousel = "carousel",
        Dropdown = "dropdown",
    }
}

impl ContentType {
    /// The one of this name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none.
    pub fn named(name: &str) -> Result<ContentType> {
        let names = || ContentType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        ContentType::parse(name)
            .ok_or_else(|| Error::invalid("content_type", format!("must be one of {}", names())))
    }
}

/// Everything between one contact and one channel.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub id: ConversationId,
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub contact: Contact,
    /// The newest session; its status is the conversation's.
    pub session: Session,
    /// The place of the newest message.
    pub last_seq: i64,
    /// Grows with every change: whoever holds a newer version ignores an older one.
    pub version: i64,
    pub last_message_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Until when the open session sleeps. The contact's next message wakes it at once.
    pub snoozed_until: Option<Timestamp>,
    /// How many of the contact's messages no agent has seen yet.
    pub unread: i64,
    /// The newest message, for lists; its time is `last_message_at`.
    pub last_message: Option<LastMessage>,
}

/// What a list shows of a conversation's newest message.
#[derive(Clone, Debug)]
pub struct LastMessage {
    pub id: MessageId,
    pub sender: SenderType,
    pub sender_name: Option<String>,
    pub kind: ContentType,
    /// The beginning of what it says.
    pub preview: String,
}

/// The most characters of a preview.
const PREVIEW: usize = 200;

impl LastMessage {
    pub(crate) fn new(
        id: MessageId,
        sender: SenderType,
        name: Option<&str>,
        content: &Content,
    ) -> LastMessage {
        LastMessage {
            id,
            sender,
            sender_name: name.map(str::to_owned),
            kind: content.kind,
            preview: content.summary().chars().take(PREVIEW).collect(),
        }
    }
}

impl From<&Message> for LastMessage {
    fn from(message: &Message) -> LastMessage {
        LastMessage::new(message.id, message.sender.kind(), message.sender.name(), &message.content)
    }
}

/// One support interaction.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub status: Status,
    pub assignee: Option<AgentId>,
    pub assigned_at: Option<Timestamp>,
    pub tags: Vec<String>,
    pub answering: Answering,
    pub first_message_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// Who answers, if it is not the channel's own assistant.
    pub assistant: Option<AssistantId>,
    /// How the visitor has rated it, once it was resolved.
    pub rating: Option<Rating>,
    pub(crate) tally: Tally,
}

/// What reports need to know of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub first_answer_at: Option<Timestamp>,
    /// Of a person.
    pub first_reply_at: Option<Timestamp>,
    pub handed_over_at: Option<Timestamp>,
    /// The contact's.
    pub messages_in: i64,
    pub messages_out: i64,
}

/// One entry of a conversation.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub session_id: SessionId,
    /// Its place in the conversation, from 1, without gaps.
    pub seq: i64,
    pub sender: Sender,
    pub content: Content,
    /// What an assistant's answer rests on.
    pub sources: Vec<Source>,
    pub client_id: Option<String>,
    /// Who of the other side has read it, and when, in that order.
    pub read_by: Vec<Read>,
    pub created_at: Timestamp,
}

impl Message {
    /// A text of the message with the titles of what it rests on, for whoever is not shown them otherwise.
    pub fn with_sources<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.sources.is_empty() {
            return text;
        }
        let titles: Vec<&str> = self.sources.iter().map(|source| source.title.as_str()).collect();
        Cow::Owned(format!("{text}\n\nSource: {}", titles.join(", ")))
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    EndUser(ContactId),
    Agent { id: AgentId, name: String },
    Bot { id: AssistantId, name: String },
}

impl Sender {
    /// The kind of sender.
    pub fn kind(&self) -> SenderType {
        match self {
            Sender::EndUser(_) => SenderType::EndUser,
            Sender::Agent { .. } => SenderType::Agent,
            Sender::Bot { .. } => SenderType::Bot,
        }
    }

    /// The name shown to the other side.
    pub fn name(&self) -> Option<&str> {
        match self {
            Sender::EndUser(_) => None,
            Sender::Agent { name, .. } | Sender::Bot { name, .. } => Some(name),
        }
    }
}

/// An article that an answer quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub article_id: ArticleId,
    pub title: String,
    pub url: Option<String>,
}

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub content: Content,
    /// The sender's own id of it: the same one again stores nothing.
    pub client_id: Option<String>,
}

impl NewMessage {
    /// Plain text.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text or a client's id that does not do.
    pub fn text(text: &str, client_id: Option<String>) -> Result<NewMessage> {
        NewMessage::new(Content::text(text)?, client_id)
    }

    /// # Errors
    /// [`Error::Invalid`] for a client's id that does not do.
    pub fn new(content: Content, client_id: Option<String>) -> Result<NewMessage> {
        let fits = |id: &String| {
            (1..=LONGEST_CLIENT_ID).contains(&id.chars().count()) && !id.contains(char::is_control)
        };
        if !client_id.as_ref().is_none_or(fits) {
            return Err(Error::invalid("client_message_id", "must have 1 to 64 printable characters"));
        }
        Ok(NewMessage { content, client_id })
    }
}

/// A message and the conversation as it was right after it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub conversation: Conversation,
    pub message: Message,
}
