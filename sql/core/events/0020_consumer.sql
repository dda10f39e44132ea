-- How far each reader of a tenant's events has come.
create table core.consumer (
    tenant_id uuid not null,
    consumer text not null,
    transaction_id xid8 not null default '0',
    position bigint not null default 0,
    polled_at timestamptz,
    constraint consumer_pk primary key (tenant_id, consumer)
);
comment on table core.consumer is 'One row per consumer of a tenant: the last event that it was given.';

-- When consumers were last woken, in tenths of a second since 1970.
--
-- A sequence, because it belongs to no transaction: everybody sees at once that the tenth of a second
-- is taken, at every isolation level, and nobody waits for the row of another.
create sequence core.event_notice;
comment on sequence core.event_notice is 'The tenth of a second in which consumers were last notified.';

-- revert: drop sequence core.event_notice;
-- revert: drop table core.consumer;
