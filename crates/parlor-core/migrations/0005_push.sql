-- What a mobile channel sends notifications with: one sealed text for each service. failure is why the service took none the last time.
create table push_credentials (
  channel_id uuid not null references channels (id),
  account_id uuid not null references accounts (id),
  platform text not null,
  sealed bytea not null,
  failure text,
  failed_at timestamptz,
  updated_at timestamptz not null,
  primary key (channel_id, platform)
);

-- One row an app on a phone. The token is found by its hash and sealed for sending. pushed_seq is the newest message it was told of.
create table devices (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  channel_id uuid not null references channels (id),
  contact_id uuid not null references contacts (id),
  platform text not null,
  token_hash bytea not null,
  sealed bytea not null,
  pushed_seq bigint not null,
  registered_at timestamptz not null,
  unique (channel_id, token_hash)
);
create index devices_by_contact on devices (contact_id, registered_at, id);

create unique index one_mobile_channel on channels (assistant_id) where kind = 'mobile_sdk' and deleted_at is null;
