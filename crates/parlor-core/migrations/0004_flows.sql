-- An assistant that has a flow follows it instead of asking its model. revision grows with every change of the definition.
create table flows (
  assistant_id uuid primary key references assistants (id),
  account_id uuid not null references accounts (id),
  revision bigint not null,
  definition jsonb not null,
  updated_at timestamptz not null
);

-- Where a session is in its flow. seq is the last message of the visitor that the flow has heard.
create table flow_runs (
  session_id uuid primary key references sessions (id),
  account_id uuid not null references accounts (id),
  assistant_id uuid not null references assistants (id),
  state jsonb not null,
  seq bigint not null,
  updated_at timestamptz not null
);

alter table assistants add column deleted_at timestamptz;
