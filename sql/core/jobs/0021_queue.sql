-- Queues and their handlers. A module adds its own queues; a job for any other queue is refused.
--
-- A handler is a function of the lease, schema.function(uuid). It runs in a transaction of the tenant of the jobs and
-- completes all of them or raises an error, so that its work and the completion of the jobs are committed together.
create table core.queue (
    queue text not null,
    handler text,
    batch integer not null default 1,
    lease interval not null default '1 minute',
    attempts integer not null default 5,
    backoff interval not null default '1 second',
    description text not null,
    constraint queue_pk primary key (queue),
    constraint queue_name_shape check (queue ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]*$'),
    constraint queue_handler_shape check (handler ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]*$'),
    constraint queue_batch_some check (batch between 1 and 1000),
    constraint queue_lease_some check (lease > '0'),
    constraint queue_attempts_some check (attempts >= 1),
    constraint queue_backoff_some check (backoff > '0')
);
comment on table core.queue is 'One row per queue: its handler, batch size, lease and retries.';
comment on column core.queue.handler is 'Function that a job worker calls with the lease; null when a program leases the jobs itself.';
comment on column core.queue.batch is 'Number of jobs that a job worker leases at once.';
comment on column core.queue.lease is 'Time after which leased jobs are given to another job worker.';
comment on column core.queue.attempts is 'Number of attempts after which a job is dead.';
comment on column core.queue.backoff is 'Wait after the first failure of a job. It doubles with each failure, up to an hour.';

-- revert: drop table core.queue;
