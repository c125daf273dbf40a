-- Who of the other side has read a message, and when: {"<agent's or contact's id>": <microseconds since 1970>}. Null is nobody yet.
alter table messages add column read_by jsonb;
