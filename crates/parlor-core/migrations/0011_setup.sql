-- How a channel's widget looks, speaks and behaves: more than its appearance. What a document lacks is as it begins.
alter table channels rename column appearance to settings;

-- Whether whoever opened the account has been led through it: 'pending' or 'done'.
alter table accounts add column welcome text not null default 'pending';
-- Whoever has been heard already needs no welcome.
update accounts set welcome = 'done' where exists (select 1 from conversations where conversations.account_id = accounts.id);

-- What a person has chosen for their own pages. What it lacks is as it begins.
alter table agents add column preferences jsonb not null default '{}';
