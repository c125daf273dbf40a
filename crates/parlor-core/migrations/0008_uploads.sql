-- A file that somebody has sent up: a visitor (channel_id and external_id) or an agent. It has a row before its first byte is written and
-- until after its last one is gone, so no file is without a row. kind is null while it arrives; preview is the type of a picture's preview.
create table uploads (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid references channels (id),
  external_id text,
  agent_id uuid references agents (id),
  state text not null,
  file text not null,
  name text not null,
  kind text,
  size bigint not null,
  width bigint,
  height bigint,
  preview text,
  created_at timestamptz not null
);
create index uploads_unsent on uploads (created_at) where state <> 'sent';
create index uploads_of_visitors on uploads (channel_id, external_id) where state <> 'sent';
create index uploads_of_agents on uploads (agent_id) where state <> 'sent';
