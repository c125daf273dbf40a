-- Whether a visitor's id is enough on this channel ('open'), or needs a proof ('verified').
alter table channels add column identity text not null default 'open';

-- At most two a channel, so that one can take the place of the other. They must be used, so they are sealed and not hashed.
create table identity_secrets (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid not null references channels (id),
  sealed bytea not null,
  created_at timestamptz not null
);
create index identity_secrets_by_channel on identity_secrets (channel_id, id);

-- Since when the id is only believed with a proof.
alter table contacts add column verified_at timestamptz;

-- Further keys to a website channel. origins is an array of texts; an empty one allows every page.
create table embeds (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid not null references channels (id),
  assistant_id uuid not null references assistants (id),
  name text not null,
  token_hash bytea not null unique,
  origins jsonb not null,
  created_at timestamptz not null
);
create index embeds_by_account on embeds (account_id, id);

-- Who answers in this session; null is the channel's own assistant.
alter table sessions add column assistant_id uuid references assistants (id);
