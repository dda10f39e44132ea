-- Which tables are cut by UTC day, how far ahead their days are made and how long they are kept.
--
-- What is in force is the row; the files in partitions/ put it there. A hold is an operator's word
-- and no file's, so that deploying does not lift it.
create table core.partition_set (
    relation text not null,
    days_ahead integer not null,
    days_kept integer,
    guard text,
    hold text,
    made_by text not null default 'stanchion',
    ran_at timestamptz,
    constraint partition_set_pk primary key (relation),
    -- a name of a partition is the schema, the table and the day, and has no more than 63 bytes
    constraint partition_set_relation_shape check (
        relation ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]*$' and length(relation) <= 52
    ),
    constraint partition_set_ahead_some check (days_ahead >= 1),
    constraint partition_set_kept_some check (days_kept >= 1),
    constraint partition_set_maker_known check (made_by in ('stanchion', 'pg_partman'))
);
comment on table core.partition_set is 'One row per partitioned table.';
comment on column core.partition_set.relation is 'schema.table';
comment on column core.partition_set.days_kept is 'How many days stay after their own; null is for ever.';
comment on column core.partition_set.guard is
'The function that is asked before a day goes: it takes the day and answers why not, or null.';
comment on column core.partition_set.ran_at is 'When its days were last gone through to the end, whatever came of them.';
comment on column core.partition_set.made_by is 'Who makes the days ahead; pg_partman where it already did.';
comment on column core.partition_set.hold is 'Why nothing of it may go for now, for instance a legal hold; null when nothing is held.';

-- revert: drop table core.partition_set;
