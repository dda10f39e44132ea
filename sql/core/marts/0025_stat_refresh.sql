-- How far each mart has come: up to which change everything is in it, and since when.
--
-- Marts go by lists of changes: loads are numbered by their id, purchases by their transaction.
--
-- The row changes in the transaction that writes the mart's rows, so that a build can be killed at any
-- instant and the next one goes on where the last committed one ended.
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
comment on column core.stat_refresh.changes is 'The list of changes that it goes by: loads or purchases; null for a view.';
comment on column core.stat_refresh.position is 'Every change up to this one is in it: a load id, or a transaction.';
comment on column core.stat_refresh.refreshed_at is 'When it last took something in.';
comment on column core.stat_refresh.definition is 'A checksum of the query and the description that it was built with.';

-- revert: drop table core.stat_refresh;
