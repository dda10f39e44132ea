-- Partitioned tables: the days made ahead and the days kept.
--
-- The row is in force; the files in partitions/ write it. A hold is set by an operator and by no file, so that a deploy
-- does not lift it.
create table core.partition_set (
    relation text not null,
    days_ahead integer not null,
    days_kept integer,
    span text not null default 'day',
    keep_detached boolean not null default false,
    guard text,
    hold text,
    made_by text not null default 'stanchion',
    ran_at timestamptz,
    constraint partition_set_pk primary key (relation),
    -- the name of a partition is the schema, the table and the day, with at most 63 bytes
    constraint partition_set_relation_shape check (
        relation ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]*$' and length(relation) <= 52
    ),
    constraint partition_set_ahead_some check (days_ahead >= 1),
    constraint partition_set_kept_some check (days_kept >= 1),
    constraint partition_set_span_known check (span in ('day', 'month', 'year')),
    constraint partition_set_maker_known check (made_by in ('stanchion', 'pg_partman'))
);
comment on table core.partition_set is 'One row per partitioned table.';
comment on column core.partition_set.relation is 'schema.table';
comment on column core.partition_set.days_kept is 'Number of days that a partition is kept after its own day; null keeps it permanently.';
comment on column core.partition_set.span is
'Length of a new partition: day, month or year. On a cluster, where the shards multiply the partitions, core.use_months sets month.';
comment on column core.partition_set.keep_detached is
'Whether an expired partition is detached and kept in the schema expired_parts, instead of being dropped.';
comment on column core.partition_set.guard is
'Function that is called before a partition is dropped: it takes the day and returns the reason to keep it, or null.';
comment on column core.partition_set.ran_at is 'Time of the last complete run over the partitions of the table, whatever its results.';
comment on column core.partition_set.made_by is 'Tool that makes the partitions ahead: stanchion, or pg_partman where it already did.';
comment on column core.partition_set.hold is 'Reason why no partition of the table may be dropped, such as a legal hold; null without a hold.';

-- revert: drop table core.partition_set;
