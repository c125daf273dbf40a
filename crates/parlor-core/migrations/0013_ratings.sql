-- How the visitor has rated a session once it was resolved: 1 to 5.
alter table sessions add column rating bigint;
alter table sessions add column rating_comment text;
alter table sessions add column rated_at timestamptz;

-- The shop's pages that a contact has seen: the newest 50 of each.
create table page_views (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  contact_id uuid not null references contacts (id),
  url text not null,
  title text,
  seen_at timestamptz not null
);
create index page_views_by_contact on page_views (contact_id, id);
