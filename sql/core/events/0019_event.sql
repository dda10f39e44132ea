-- In which order events were appended, for those that have the same transaction. Gaps mean nothing.
create sequence core.event_position;
comment on sequence core.event_position is 'The order of events within a transaction.';

-- What happened, in the order of each stream, by UTC day of recording.
--
-- A consumer goes by the transaction that wrote an event and not by a number: numbers are given out
-- before commits, and whoever remembers the last number misses what commits late. A transaction that
-- began before another may append to a stream after it; such an event is put down under the other's
-- transaction, so that a stream is read in its own order.
create table core.event (
    tenant_id uuid not null,
    recorded_on date not null,
    stream_type text not null,
    stream_id text not null,
    version bigint not null,
    event_type text not null,
    payload jsonb not null,
    recorded_at timestamptz not null,
    transaction_id xid8 not null,
    position bigint not null default nextval('core.event_position'),
    actor text not null,
    request_id text,
    constraint event_pk primary key (tenant_id, stream_type, stream_id, version, recorded_on),
    constraint event_version_positive check (version > 0),
    constraint event_day_is_utc check (recorded_on = (recorded_at at time zone 'UTC')::date)
) partition by range (recorded_on);
comment on table core.event is 'One row per event of a stream. Appended to; nobody updates or deletes.';
comment on column core.event.transaction_id is 'The transaction that wrote it, or a later one that wrote to its stream before.';
comment on column core.event.actor is 'The principal, or the database login where there is none.';
comment on column core.event.request_id is 'The setting app.request_id: one id joins audit, events and jobs of one request.';

-- serves: core.poll_events, the next events of a tenant in the order of their transactions
create index event_poll_idx on core.event (tenant_id, transaction_id, position);

-- revert: drop table core.event;
-- revert: drop sequence core.event_position;
