-- A person signs in with tokens (API clients) or with a cookie (browsers). refresh_hash is the hash of the refresh token or of the cookie.
alter table sign_ins add column kind text not null default 'tokens';
