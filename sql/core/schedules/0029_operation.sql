-- Periodic work of the platform, which `stanchion worker run --operate` runs: partitions, marts, statistics, sessions.
--
-- It belongs to no tenant, so it is neither in core.periodic_job nor in core.job: no application can reach it.
create table core.operation (
    kind text not null,
    cron text not null,
    zone text not null default 'UTC',
    attempts integer not null default 5,
    is_enabled boolean not null default true,
    next_at timestamptz not null default 'epoch',
    description text not null,
    constraint operation_pk primary key (kind),
    constraint operation_attempts_some check (attempts >= 1)
);
comment on table core.operation is 'One row per kind of periodic work of the platform.';
comment on column core.operation.attempts is 'Number of attempts after which a run is dead. The next time of the cron expression starts a new run.';
comment on column core.operation.next_at is 'Time of the next run; 1970 until a worker with --operate has run the kind for the first time.';

insert into core.operation (kind, cron, attempts, description) values
('stanchion.partitions', '0 3 * * *', 5, 'Create the due partitions and drop the expired ones'),
('stanchion.build', '*/15 * * * *', 3, 'Update the marts from new loads'),
('stanchion.stats', '*/15 * * * *', 3, 'Refresh the statistics of tenants and the sizes of tables'),
('stanchion.sessions', '*/5 * * * *', 1, 'End the sessions over their limits');

-- revert: drop table core.operation;
