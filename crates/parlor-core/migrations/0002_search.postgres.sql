alter table passages add column terms_vector tsvector generated always as (to_tsvector('simple', terms)) stored;
create index passages_search on passages using gin (terms_vector);
