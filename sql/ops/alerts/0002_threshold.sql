-- Thresholds of alerts. Operators change one with an update.
create table ops.threshold (
    name text not null,
    promise text not null,
    threshold numeric not null,
    unit text not null,
    constraint threshold_pk primary key (name)
);
comment on table ops.threshold is 'One row per metric that stanchion doctor compares with a threshold.';
comment on column ops.threshold.promise is 'Sentence that is true while the metric is not above the threshold.';

insert into ops.threshold (name, promise, threshold, unit) values
('connections', 'The server has room for more connections.', 80, '%'),
('response_time', 'Responses are fast enough.', 500, 'ms'),
('slow_queries', 'No frequent statement is slow.', 500, 'ms'),
('missing_fk_indexes', 'Every foreign key has an index.', 0, ''),
('unused_indexes', 'Every big index was used within a month.', 100, 'MB'),
('queue_waits', 'No job waits too long.', 300, 's'),
('queue_dead', 'No job is dead.', 0, ''),
('replication_lag', 'Replicas are up to date.', 10, 's'),
('slots_behind', 'No replication slot retains old WAL.', 1024, 'MB'),
('shard_tables', 'No node of the cluster has too many shard tables.', 10000, ''),
('table_growth', 'No big table has doubled within a week.', 100, '%');

-- revert: drop table ops.threshold;
