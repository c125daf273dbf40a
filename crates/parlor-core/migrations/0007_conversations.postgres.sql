-- Who of the other side has read a message, and when: {"<agent's or contact's id>": <microseconds since 1970>}. Null is nobody yet.
alter table messages add column read_by jsonb;

-- For the lists of one agent's conversations and of nobody's, and for what has changed lately.
create index conversations_by_assignee on conversations (account_id, assignee_id, status, last_message_at, id);
create index conversations_changed on conversations (account_id, updated_at, id);

-- The words of messages.
create table messages_search (
  account_id uuid not null,
  conversation_id uuid not null,
  words tsvector not null
);
create index messages_search_words on messages_search using gin (words);
insert into messages_search (account_id, conversation_id, words) select account_id, conversation_id, to_tsvector('simple', content) from messages;
