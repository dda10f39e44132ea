-- Which tables are cut by UTC day, how far ahead their days are made and how long they are kept.
--
-- What is in force is the row; the files in partitions/ put it there. A hold is an operator's word
-- and no file's, so that deploying does not lift it.
create table core.partition_set (
    relation text not null,
    days_ahead integer not null,
    days_kept integer,
    hold text,
    constraint partition_set_pk primary key (relation),
    constraint partition_set_ahead_some check (days_ahead >= 1),
    constraint partition_set_kept_some check (days_kept >= 1)
);
comment on table core.partition_set is 'One row per partitioned table.';
comment on column core.partition_set.relation is 'schema.table';
comment on column core.partition_set.days_kept is 'How many days stay after their own; null is for ever.';
comment on column core.partition_set.hold is 'Why nothing of it may go for now, for instance a legal hold; null when nothing is held.';
