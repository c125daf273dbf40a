-- Whom the team waits for. Only the hash of the link's token; a row goes when it is accepted, revoked or long expired.
create table invites (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  email text not null,
  role text not null,
  token_hash bytea not null,
  invited_by uuid not null references agents (id),
  expires_at timestamptz not null,
  created_at timestamptz not null,
  unique (account_id, email)
);
create index invites_by_agent on invites (invited_by);

-- Only the hash of the key. A key acts in the name of the agent who made it, and a row goes when it is revoked.
create table api_keys (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  agent_id uuid not null references agents (id),
  name text not null,
  scopes jsonb not null,
  key_hash bytea not null,
  last_used_at timestamptz,
  created_at timestamptz not null
);
create index api_keys_by_account on api_keys (account_id, id);
create index api_keys_by_agent on api_keys (agent_id);

-- What has just ended is looked for, so that another process that holds connections hears of it.
create index sign_ins_ended on sign_ins (ended_at) where ended_at is not null;
