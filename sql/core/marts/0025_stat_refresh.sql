-- Position of each mart in its list of changes, and the time at which it got there.
--
-- Marts follow lists of changes: loads are numbered by their id, purchases by their transaction.
--
-- The row is updated in the transaction that writes the rows of the mart, so that a build can be killed at any instant
-- and the next build continues after the last committed one.
create table core.stat_refresh (
    model text not null,
    changes text,
    position bigint not null,
    refreshed_at timestamptz not null,
    definition text not null,
    constraint stat_refresh_pk primary key (model),
    constraint stat_refresh_model_shape check (model ~ '^[a-z_]+[.][a-z_0-9]+$'),
    constraint stat_refresh_position_counts check (position >= 0)
);
comment on table core.stat_refresh is 'One row per mart, and per working table of the marts.';
comment on column core.stat_refresh.model is 'schema.table';
comment on column core.stat_refresh.changes is 'List of changes that the mart follows: loads or purchases; null for a view.';
comment on column core.stat_refresh.position is 'Last change that is in the mart: a load id, or a transaction.';
comment on column core.stat_refresh.refreshed_at is 'Time at which the mart last included a change.';
comment on column core.stat_refresh.definition is 'Checksum of the query and the description with which the mart was built.';

-- revert: drop table core.stat_refresh;
