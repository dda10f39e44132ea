-- Results of partition maintenance, with their reasons.
create table core.partition_log (
    log_id bigint not null generated always as identity,
    happened_at timestamptz not null default clock_timestamp(),
    happened_by text not null default session_user,
    relation text not null,
    day date,
    outcome text not null,
    reason text,
    constraint partition_log_pk primary key (log_id),
    -- made: created ahead; dropped: expired; detached: expired and kept in expired_parts; kept: refused by a guard or a
    -- hold; contended: a session held a lock for too long; missing: there was nothing to drop; reattached: a detach had
    -- begun and the day is no longer due; failed: the server refused; held and lifted: an operator set or ended the hold
    -- of the table
    constraint partition_log_outcome_known check (
        outcome in ('made', 'dropped', 'detached', 'kept', 'contended', 'missing', 'reattached', 'failed', 'held', 'lifted')
    ),
    constraint partition_log_day_unless_hold check (outcome = 'failed' or (day is null) = (outcome in ('held', 'lifted')))
);
comment on table core.partition_log is 'One row per action on a partition, or refusal of one.';
comment on column core.partition_log.day is 'First day of the partition; null when the row is about the whole table.';

-- serves: the latest row of a day, for the doctor, and to write the reason for keeping a day only once
create index partition_log_latest_idx on core.partition_log (relation, day, log_id);

-- revert: drop table core.partition_log;
