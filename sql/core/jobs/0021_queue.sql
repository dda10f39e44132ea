-- The queues that there are, and who works each. A module adds its own; a job for another cannot be enqueued.
--
-- A handler is a function of the lease, schema.function(uuid). It runs in a transaction of the jobs' tenant
-- and does them all or raises: what it did and that it is done are committed together.
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
comment on table core.queue is 'One row per queue: who works it, and how patiently.';
comment on column core.queue.handler is 'The function that a worker calls with the lease; null when a program leases the jobs itself.';
comment on column core.queue.batch is 'How many jobs a worker takes at once.';
comment on column core.queue.lease is 'How long a worker has for them, before they are given to another.';
comment on column core.queue.attempts is 'After so many a job is dead.';
comment on column core.queue.backoff is 'How long a job waits after its first failure; twice as long after each further one, an hour at most.';

-- revert: drop table core.queue;
