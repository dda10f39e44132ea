-- The head of each event stream: its version, and its last saved state.
--
-- An append updates the head without moving an index entry; the free space on each page is for that.
create table core.event_stream (
    tenant_id uuid not null,
    stream_type text not null,
    stream_id text not null,
    version bigint not null,
    transaction_id xid8 not null,
    state_version bigint not null default 0,
    state jsonb,
    constraint event_stream_pk primary key (tenant_id, stream_type, stream_id),
    constraint event_stream_state_of_the_past check (state_version between 0 and version),
    constraint event_stream_state_version_with_state check ((state_version > 0) = (state is not null))
) with (fillfactor = 70);
comment on table core.event_stream is 'One row per stream: its number of events, and its last saved state.';
comment on column core.event_stream.transaction_id is 'The transaction_id of the last event of the stream. It never decreases within a stream.';

-- revert: drop table core.event_stream;
