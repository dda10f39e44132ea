-- name: connections
-- Connections of applications by state; idle_in_transaction ones hold back vacuum.
select
    s.state,
    s.number
from ops.connections as c
cross join lateral (
    values ('active', c.active), ('idle', c.idle), ('idle_in_transaction', c.idle_in_transaction)
) as s (state, number);

-- name: connections_max
-- Connections that the server accepts.
select c.most
from ops.connections as c;

-- name: connections_waiting
-- Connections of applications that wait for a lock.
select c.waiting
from ops.connections as c;

-- name: database_bytes
-- Size of the database.
select pg_database_size(current_database());

-- name: jobs
-- Jobs of each queue by state; overdue ones are also leased.
select
    q.queue,
    s.state,
    s.number
from ops.queue_health as q
cross join lateral (
    values ('ready', q.ready), ('scheduled', q.scheduled), ('leased', q.leased), ('overdue', q.overdue), ('dead', q.dead)
) as s (state, number);

-- name: job_wait_seconds
-- Time since the oldest ready job of each queue could have run.
select
    q.queue,
    q.longest_wait_s
from ops.queue_health as q;

-- name: load_age_seconds
-- Time since the last load ended.
select extract(epoch from core.clock() - max(b.finished_at))
from landing.load_batch as b;

-- name: oldest_transaction_seconds
-- Age of the oldest transaction of an application.
select extract(epoch from clock_timestamp() - c.oldest_transaction)
from ops.connections as c;

-- name: partitions
-- Partitions of each table.
select
    p.relation,
    p.partitions
from ops.partition_health as p;

-- name: partition_bytes
-- Size of the partitions of each table.
select
    p.relation,
    p.bytes
from ops.partition_health as p;

-- name: partition_days_missing
-- Days from today to the last planned day of each table on which the server would refuse rows.
select
    p.relation,
    cardinality(p.days_missing)
from ops.partition_health as p;

-- name: replication_behind_bytes
-- WAL that each replica and replication slot has still to read.
select
    r.kind,
    r.name,
    r.behind_bytes
from ops.replication_lag as r;

-- name: replication_lag_seconds
-- Lag of each replica.
select
    r.kind,
    r.name,
    r.lag_s
from ops.replication_lag as r;

-- name: table_bytes
-- Size of each table with its indexes, as of the last stanchion stats refresh.
select
    g.relation,
    g.bytes
from ops.table_growth as g;

-- name: tenants
-- Tenants by kind and status.
select
    t.kind,
    t.status,
    count(*)
from core.tenant as t
group by t.kind, t.status;
