-- In which order events were appended, for those that have the same transaction. Gaps mean nothing.
create sequence core.event_position;
comment on sequence core.event_position is 'The order of events within a transaction.';
