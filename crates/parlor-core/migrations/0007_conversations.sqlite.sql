-- Who of the other side has read a message, and when: {"<agent's or contact's id>": <microseconds since 1970>}. Null is nobody yet.
alter table messages add column read_by jsonb;

-- For the lists of one agent's conversations and of nobody's, and for what has changed lately.
create index conversations_by_assignee on conversations (account_id, assignee_id, status, last_message_at, id);
create index conversations_changed on conversations (account_id, updated_at, id);

-- The words of messages. The account is a word of its own, so a search never walks the messages of others. The texts themselves stay with the
-- messages: here is only what finds them.
create virtual table messages_search using fts5 (
  account, words, conversation_id unindexed,
  content = '', contentless_delete = 1, contentless_unindexed = 1, detail = 'column', tokenize = 'unicode61 remove_diacritics 0'
);
insert into messages_search (account, words, conversation_id) select lower(hex(account_id)), content, conversation_id from messages;
