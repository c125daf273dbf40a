-- What the inbox shows of a conversation, so that a list needs no second look. snoozed_until is set while an open session sleeps. unread counts
-- the contact's messages that no agent has seen. last_message is {"id", "sender_type", "sender_name", "content_type", "preview"}; its place
-- and time are last_seq and last_message_at.
alter table conversations add column snoozed_until timestamptz;
alter table conversations add column unread bigint not null default 0;
alter table conversations add column last_message jsonb;
update conversations set
  unread = (
    select count(*) from messages m
    where m.conversation_id = conversations.id and m.sender_type = 'end_user' and m.read_by is null
      and m.seq > coalesce(
        (select max(a.seq) from messages a where a.conversation_id = conversations.id and a.sender_type = 'agent'), 0)),
  last_message = (
    select jsonb_build_object('id', m.id, 'sender_type', m.sender_type, 'sender_name', m.sender_name,
      'content_type', m.content_type, 'preview', left(m.content, 200))
    from messages m where m.conversation_id = conversations.id and m.seq = conversations.last_seq)
where last_seq > 0;

-- Few conversations sleep, and of many most have been seen: a count walks no more than it counts.
create index conversations_snoozed on conversations (account_id, last_message_at, id) where snoozed_until is not null;
create index conversations_unread on conversations (account_id, status, assignee_id)
  where unread > 0 and snoozed_until is null;

-- Since when what the contact writes is refused.
alter table contacts add column blocked_at timestamptz;
create index contacts_by_email on contacts (account_id, email) where email is not null;

-- What agents tell each other in a conversation; a visitor never sees it. after_seq is the place of the newest message at the time.
create table notes (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  conversation_id uuid not null references conversations (id),
  author_id uuid not null references agents (id),
  author_name text not null,
  content text not null,
  mentions jsonb not null,
  after_seq bigint not null,
  client_id text,
  created_at timestamptz not null
);
create index notes_by_conversation on notes (conversation_id, after_seq, id);
create unique index notes_by_client_id on notes (conversation_id, author_id, client_id) where client_id is not null;

-- Notes in which an agent is named and which they have not seen.
create table mentions (
  account_id uuid not null references accounts (id),
  agent_id uuid not null references agents (id),
  conversation_id uuid not null references conversations (id),
  note_id uuid not null references notes (id),
  primary key (agent_id, conversation_id, note_id)
);
create index mentions_by_note on mentions (note_id);

-- What an agent has begun to write, one for each conversation.
create table drafts (
  agent_id uuid not null references agents (id),
  conversation_id uuid not null references conversations (id),
  account_id uuid not null references accounts (id),
  content text not null,
  updated_at timestamptz not null,
  primary key (agent_id, conversation_id)
);

create table canned_replies (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  shortcut text not null,
  content text not null,
  created_by uuid not null references agents (id),
  updated_at timestamptz not null,
  unique (account_id, shortcut)
);

-- For the labels that were used lately.
create index sessions_tagged on sessions (account_id, id) where cast(tags as text) <> '[]';
