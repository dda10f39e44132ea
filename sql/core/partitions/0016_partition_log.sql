-- What became of each day of each partitioned table, and why.
create table core.partition_log (
    log_id bigint not null generated always as identity,
    happened_at timestamptz not null default clock_timestamp(),
    happened_by text not null default session_user,
    relation text not null,
    day date,
    outcome text not null,
    reason text,
    constraint partition_log_pk primary key (log_id),
    -- made: ensure; dropped: expired; kept: a guard or a hold refused; contended: somebody held it for too long;
    -- missing: there was nothing to expire; reattached: a detach had begun and its day is no longer due;
    -- failed: the server refused; held and lifted: an operator's word about the whole table
    constraint partition_log_outcome_known check (
        outcome in ('made', 'dropped', 'kept', 'contended', 'missing', 'reattached', 'failed', 'held', 'lifted')
    ),
    constraint partition_log_day_unless_hold check (outcome = 'failed' or (day is null) = (outcome in ('held', 'lifted')))
);
comment on table core.partition_log is 'One row per thing that was done, or refused, to a day of a partitioned table.';
comment on column core.partition_log.day is 'The first day of the partition; null when it is about the whole table.';

-- serves: the latest of a day, for the doctor and for not repeating why it is kept
create index partition_log_latest_idx on core.partition_log (relation, day, log_id);

-- revert: drop table core.partition_log;
