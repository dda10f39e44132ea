-- When consumers were last woken, in tenths of a second since 1970.
--
-- A sequence, because it belongs to no transaction: everybody sees at once that the tenth of a second
-- is taken, at every isolation level, and nobody waits for the row of another.
create sequence core.event_notice;
comment on sequence core.event_notice is 'The tenth of a second in which consumers were last notified.';
