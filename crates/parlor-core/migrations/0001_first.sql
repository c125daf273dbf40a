-- One text for PostgreSQL and SQLite, in PostgreSQL's spelling. Ids are UUIDs of version 7, so indexes grow at their end.

create table accounts (
  id uuid primary key,
  name text not null,
  allows_social_messaging boolean not null,
  max_social_channels bigint not null,
  max_monthly_ai_tokens bigint,
  max_monthly_messages bigint,
  created_at timestamptz not null
);

create table agents (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  email text not null unique,
  name text not null,
  role text not null,
  password_hash text not null,
  disabled_at timestamptz,
  created_at timestamptz not null
);
create index agents_by_account on agents (account_id);

-- One row a sign-in; it lives as long as its refresh token is renewed. Secrets only as hashes.
create table sign_ins (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  agent_id uuid not null references agents (id),
  refresh_hash bytea not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  created_at timestamptz not null
);
create index sign_ins_by_agent on sign_ins (agent_id);

create table assistants (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  name text not null,
  provider text not null,
  model text not null,
  instructions text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index assistants_by_account on assistants (account_id);

create table provider_keys (
  account_id uuid not null references accounts (id),
  provider text not null,
  sealed bytea not null,
  updated_at timestamptz not null,
  primary key (account_id, provider)
);

create table channels (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  kind text not null,
  token text not null unique,
  display_name text not null,
  status text not null,
  auto_reply text not null,
  assistant_id uuid not null references assistants (id),
  appearance jsonb not null,
  deleted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index channels_by_account on channels (account_id);
create unique index one_website_channel on channels (account_id) where kind = 'website' and deleted_at is null;

create table contacts (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid not null references channels (id),
  external_id text not null,
  display_name text,
  email text,
  phone text,
  attributes jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (channel_id, external_id)
);

-- status and assignee_id are those of the newest session (session_id), so that a list needs no second look.
create table conversations (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid not null references channels (id),
  contact_id uuid not null unique references contacts (id),
  session_id uuid not null,
  status text not null,
  assignee_id uuid references agents (id),
  last_seq bigint not null,
  version bigint not null,
  last_message_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index conversations_newest on conversations (account_id, last_message_at, id);
create index conversations_by_status on conversations (account_id, status, last_message_at, id);

create table sessions (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  conversation_id uuid not null references conversations (id),
  status text not null,
  assignee_id uuid references agents (id),
  assigned_at timestamptz,
  tags jsonb not null,
  answering text not null,
  first_message_at timestamptz,
  resolved_at timestamptz,
  created_at timestamptz not null
);
create index sessions_by_conversation on sessions (conversation_id, id);

create table messages (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  conversation_id uuid not null references conversations (id),
  session_id uuid not null references sessions (id),
  seq bigint not null,
  sender_type text not null,
  sender_id uuid,
  sender_name text,
  content_type text not null,
  content text not null,
  rich_media jsonb,
  sources jsonb,
  client_id text,
  created_at timestamptz not null,
  unique (conversation_id, seq)
);
create unique index messages_by_client_id on messages (conversation_id, sender_type, sender_id, client_id) where client_id is not null;

-- What is owed. At most one job of a kind waits for a subject: a further order joins it.
create table jobs (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  kind text not null,
  subject uuid not null,
  state text not null,
  attempts bigint not null,
  restarts bigint not null,
  run_at timestamptz not null,
  lease uuid,
  leased_until timestamptz,
  reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index jobs_waiting on jobs (kind, subject) where state = 'pending';
create index jobs_due on jobs (run_at) where state = 'pending';
create index jobs_running on jobs (subject, kind) where state = 'running';
create index jobs_by_subject on jobs (subject, id);

-- Exact sums: written in the transaction of what they count. month is its first day as YYYY-MM.
create table usage (
  account_id uuid not null references accounts (id),
  assistant_id uuid not null references assistants (id),
  month text not null,
  messages bigint not null,
  answers bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  primary key (account_id, assistant_id, month)
);

create table articles (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  title text not null,
  body text not null,
  url text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index articles_by_account on articles (account_id, id);

create table passages (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  article_id uuid not null references articles (id),
  position bigint not null,
  content text not null,
  terms text not null
);
create index passages_by_article on passages (article_id, position);
