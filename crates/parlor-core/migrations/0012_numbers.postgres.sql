-- A list that is narrowed to a channel or an agent walks an index, not the conversations of the others.
drop index conversations_newest;
create index conversations_newest on conversations (account_id, last_message_at, id, channel_id, assignee_id);
drop index conversations_by_status;
create index conversations_by_status on conversations (account_id, status, last_message_at, id, channel_id);
drop index conversations_by_assignee;
create index conversations_by_assignee on conversations (account_id, assignee_id, status, last_message_at, id, channel_id);

-- The labels of the newest session, in lower case, to find conversations by them.
create table conversation_tags (
  account_id uuid not null references accounts (id),
  tag text not null,
  conversation_id uuid not null references conversations (id),
  primary key (account_id, tag, conversation_id)
);
create index conversation_tags_by_conversation on conversation_tags (conversation_id);
insert into conversation_tags (account_id, tag, conversation_id)
  select distinct v.account_id, lower(t.tag), v.id
  from conversations v join sessions s on s.id = v.session_id cross join lateral jsonb_array_elements_text(s.tags) t (tag);

-- What contacts are called, in pieces of three characters.
create table contacts_search (
  contact_id uuid primary key references contacts (id),
  account_id uuid not null references accounts (id),
  grams tsvector not null
);
create index contacts_search_grams on contacts_search using gin (grams);
insert into contacts_search (contact_id, account_id, grams)
  select c.id, c.account_id, strip(to_tsvector('simple', coalesce((
    select string_agg('g' || encode(convert_to(substr(t.said, p.at, 3), 'UTF8'), 'hex'), ' ')
    from (values (lower(c.display_name)), (lower(c.email)), (lower(c.phone)), (lower(c.external_id))) t (said)
      cross join lateral generate_series(1, length(t.said) - 2) p (at)), '')))
  from contacts c;

-- What reports add up, written once a session where that is possible: when the assistant first answered and a person first replied, when the
-- assistant gave it to a person, and the messages of both sides. Those of the newest session are counted in the conversation's row, which
-- every message writes anyway, and kept here when it is resolved or followed by another.
alter table sessions add column channel_id uuid references channels (id);
alter table sessions add column first_answer_at timestamptz;
alter table sessions add column first_reply_at timestamptz;
alter table sessions add column handed_over_at timestamptz;
alter table sessions add column messages_in bigint not null default 0;
alter table sessions add column messages_out bigint not null default 0;
alter table sessions add column input_tokens bigint not null default 0;
alter table sessions add column output_tokens bigint not null default 0;
alter table conversations add column messages_in bigint not null default 0;
alter table conversations add column messages_out bigint not null default 0;
update sessions set
  channel_id = (select v.channel_id from conversations v where v.id = sessions.conversation_id),
  first_answer_at = (select min(m.created_at) from messages m
    where m.conversation_id = sessions.conversation_id and m.session_id = sessions.id and m.sender_type = 'bot'),
  first_reply_at = (select min(m.created_at) from messages m
    where m.conversation_id = sessions.conversation_id and m.session_id = sessions.id and m.sender_type = 'agent'),
  messages_in = (select count(*) from messages m
    where m.conversation_id = sessions.conversation_id and m.session_id = sessions.id and m.sender_type = 'end_user'),
  messages_out = (select count(*) from messages m
    where m.conversation_id = sessions.conversation_id and m.session_id = sessions.id and m.sender_type <> 'end_user');
update conversations set
  messages_in = (select s.messages_in from sessions s where s.id = conversations.session_id),
  messages_out = (select s.messages_out from sessions s where s.id = conversations.session_id);
create index sessions_begun on sessions (account_id, first_message_at, id);
create index sessions_resolved on sessions (account_id, resolved_at, id) where resolved_at is not null;

-- What each agent has written in a session.
create table session_replies (
  session_id uuid not null references sessions (id),
  agent_id uuid not null references agents (id),
  account_id uuid not null references accounts (id),
  replies bigint not null,
  first_reply_at timestamptz not null,
  primary key (session_id, agent_id)
);
insert into session_replies (session_id, agent_id, account_id, replies, first_reply_at)
  select m.session_id, m.sender_id, m.account_id, count(*), min(m.created_at)
  from messages m join agents a on a.id = m.sender_id
  where m.sender_type = 'agent' group by m.session_id, m.sender_id, m.account_id;
