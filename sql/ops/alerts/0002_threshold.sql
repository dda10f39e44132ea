-- What is watched, and above what it is an alert. Operators change a threshold with an update.
create table ops.threshold (
    name text not null,
    promise text not null,
    threshold numeric not null,
    unit text not null,
    constraint threshold_pk primary key (name)
);
comment on table ops.threshold is 'One row per thing that stanchion doctor watches.';
comment on column ops.threshold.promise is 'The sentence that holds while nothing is above the threshold.';

insert into ops.threshold (name, promise, threshold, unit) values
('connections', 'There is room for more connections.', 80, '%'),
('response_time', 'Answers come in time.', 500, 'ms'),
('slow_queries', 'No statement that is often asked takes long.', 500, 'ms'),
('missing_fk_indexes', 'Every foreign key has an index.', 0, ''),
('unused_indexes', 'No big index has been of no use for a month.', 100, 'MB'),
('queue_waits', 'No job waits for long.', 300, 's'),
('queue_dead', 'No job was given up.', 0, ''),
('replication_lag', 'Replicas are not behind.', 10, 's'),
('slots_behind', 'No replication slot keeps old WAL.', 1024, 'MB'),
('table_growth', 'No big table has doubled within a week.', 100, '%');

-- revert: drop table ops.threshold;
