-- Orders the events of one transaction. Gaps have no meaning.
create sequence core.event_position;
comment on sequence core.event_position is 'Order of events within a transaction.';

-- Events in the order of their stream, partitioned by the UTC day on which they were recorded.
--
-- Consumers remember the transaction that wrote an event and not a sequence number: numbers are assigned before commits,
-- so a consumer that remembers the last number misses events that commit late. A transaction may append to a stream after
-- a transaction that began later. Its events get the transaction id of that later one, so that a stream is always read in
-- its own order. Followers of all events compare the transaction that really wrote an event with a snapshot.
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
    writer_id xid8 not null default pg_current_xact_id(),
    position bigint not null default nextval('core.event_position'),
    actor text not null,
    request_id text,
    constraint event_pk primary key (tenant_id, stream_type, stream_id, version, recorded_on),
    constraint event_version_positive check (version > 0),
    constraint event_day_is_utc check (recorded_on = (recorded_at at time zone 'UTC')::date)
) partition by range (recorded_on);
comment on table core.event is 'One row per event of a stream. Append-only.';
comment on column core.event.transaction_id is 'The transaction that wrote the event, or a later transaction that wrote to the stream before it.';
comment on column core.event.writer_id is 'The transaction that wrote the event; see core.read_events_between.';
comment on column core.event.actor is 'The principal, or the database login when no principal is set.';
comment on column core.event.request_id is 'The setting app.request_id: one id joins the audit rows, events and jobs of a request.';

-- serves: core.poll_events, the next events of a tenant in the order of their transactions
create index event_poll_idx on core.event (tenant_id, transaction_id, position);

-- revert: drop table core.event;
-- revert: drop sequence core.event_position;
