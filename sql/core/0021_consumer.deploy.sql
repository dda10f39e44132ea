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
