-- How a channel's widget looks, speaks and behaves: more than its appearance. What a document lacks is as it begins.
alter table channels rename column appearance to settings;

-- Whether somebody has said that they have been led through the account: 'pending' or 'done'.
alter table accounts add column welcome text not null default 'pending';

-- What a person has chosen for their own pages. What it lacks is as it begins.
alter table agents add column preferences jsonb not null default '{}';
