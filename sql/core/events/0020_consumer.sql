-- Positions of consumers in the events of a tenant.
create table core.consumer (
    tenant_id uuid not null,
    consumer text not null,
    transaction_id xid8 not null default '0',
    position bigint not null default 0,
    polled_at timestamptz,
    constraint consumer_pk primary key (tenant_id, consumer)
);
comment on table core.consumer is 'One row per consumer of a tenant: the last event that it received.';

-- The tenth of a second, counted from 1970, in which consumers were last notified, and in its low 28 bits the transaction.
--
-- A sequence, because it is outside transactions: every session sees at once, at every isolation level, that the tenth of
-- a second is used, and no session waits for a row lock.
create sequence core.event_notice;
comment on sequence core.event_notice is 'The tenth of a second in which consumers were last notified.';

-- revert: drop sequence core.event_notice;
-- revert: drop table core.consumer;
