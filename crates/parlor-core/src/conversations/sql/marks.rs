//! Read marks, each in its message's row.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    Error, Result,
    conversations::{Read, Reader, SenderType},
    db::{Row, Tx, Value},
    ids::{AgentId, ContactId, ConversationId, MessageId},
};

/// Who reads a message is of the other side, so the sender says what kind of id a reader's is.
pub(super) fn read_by(sender: SenderType, stored: Option<Json>) -> Result<Vec<Read>> {
    let entries = stored.as_ref().and_then(Json::as_object).into_iter().flatten();
    let read = |(reader, at): (&String, &Json)| {
        let (id, at) = (reader.parse().ok()?, Timestamp::from_microsecond(at.as_i64()?).ok()?);
        let reader = match sender {
            SenderType::EndUser => Reader::Agent(AgentId(id)),
            SenderType::Agent | SenderType::Bot => Reader::Contact(ContactId(id)),
        };
        Some(Read { reader, at })
    };
    let mut read_by: Vec<Read> = entries
        .map(|entry| read(entry).ok_or_else(|| Error::database("a read mark that is none")))
        .collect::<Result<_>>()?;
    read_by.sort_by_key(|read| (read.at, read.reader.id()));
    Ok(read_by)
}

/// What read marks need to know of a message.
pub struct Marked {
    pub id: MessageId,
    pub seq: i64,
    pub sender: SenderType,
    pub read_by: Vec<Read>,
}

/// How many messages one of the following statements takes.
pub const AT_ONCE: usize = 50;

macro_rules! fifty_ids {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
          $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51)"
    };
}

/// The conversation and up to [`AT_ONCE`] messages as `fifty_ids!` numbers them; the rest is an id that nobody has.
fn fifty(id: ConversationId, messages: &[MessageId]) -> Vec<Value<'_>> {
    let nobody = std::iter::repeat(Value::Uuid(Uuid::nil()));
    let ids = messages.iter().map(|&message| message.into()).chain(nobody).take(AT_ONCE);
    std::iter::once(id.into()).chain(ids).collect()
}

/// Those of up to [`AT_ONCE`] messages that are the conversation's.
pub async fn read_by_of(tx: &mut Tx, id: ConversationId, messages: &[MessageId]) -> Result<Vec<Marked>> {
    let sql = concat!(
        "select id, sender_type, read_by, seq from messages where conversation_id = $1 and id in ",
        fifty_ids!()
    );
    let marked = |row: &Row<'_>| {
        let sender = row.get(1)?;
        Ok(Marked { id: row.get(0)?, seq: row.get(3)?, sender, read_by: read_by(sender, row.get(2)?)? })
    };
    tx.all(sql, &fifty(id, messages), marked).await
}

/// The same marks for up to [`AT_ONCE`] messages.
pub async fn save_read_by(
    tx: &mut Tx,
    id: ConversationId,
    messages: &[MessageId],
    read_by: &[Read],
) -> Result<u64> {
    let sql =
        concat!("update messages set read_by = $52 where conversation_id = $1 and id in ", fifty_ids!());
    let entry = |read: &Read| (read.reader.id().to_string(), json!(read.at.as_microsecond()));
    let stored = Json::Object(read_by.iter().map(entry).collect());
    let mut params = fifty(id, messages);
    params.push((&stored).into());
    tx.exec(sql, &params).await
}
