-- name: connection
-- active: Connections of applications that run a statement.
-- idle: Connections of applications that wait for their application.
-- idle_in_transaction: Connections of applications that wait within a transaction, which holds back vacuum.
-- waiting: Connections of applications that wait for a lock.
-- max: Connections that the server accepts.
-- oldest_transaction_seconds: Age of the oldest transaction of an application.
select
    c.active,
    c.idle,
    c.idle_in_transaction,
    c.waiting,
    c.most as max,
    extract(epoch from clock_timestamp() - c.oldest_transaction) as oldest_transaction_seconds
from ops.connections as c;

-- name: database
-- size_bytes: Size of the database.
select pg_database_size(current_database()) as size_bytes;

-- name: job
-- ready: Jobs that can run now.
-- scheduled: Jobs for later.
-- leased: Jobs that a worker runs.
-- overdue: Leased jobs whose lease has ended.
-- dead: Jobs that failed for the last time.
-- wait_seconds: Time since the oldest ready job could have run.
select
    q.queue,
    q.ready,
    q.scheduled,
    q.leased,
    q.overdue,
    q.dead,
    q.longest_wait_s as wait_seconds
from ops.queue_health as q;

-- name: load
-- age_seconds: Time since the last load ended.
select extract(epoch from core.clock() - max(b.finished_at)) as age_seconds
from landing.load_batch as b;

-- name: mart
-- age_seconds: Time since the mart was updated.
select
    r.model as relation,
    extract(epoch from core.clock() - r.refreshed_at) as age_seconds
from core.stat_refresh as r
where r.model like 'marts.%';

-- name: partition
-- count: Partitions of the table.
-- size_bytes: Size of the partitions of the table.
-- days_missing: Days from today to the last planned day on which the server would refuse rows.
select
    p.relation,
    p.partitions as count,
    p.bytes as size_bytes,
    cardinality(p.days_missing) as days_missing
from ops.partition_health as p;

-- name: replication
-- lag_seconds: Time that the replica is behind.
-- behind_bytes: WAL that the replica or the slot has still to read.
select
    r.kind,
    r.name,
    r.lag_s as lag_seconds,
    r.behind_bytes
from ops.replication_lag as r;

-- name: table
-- size_bytes: Size of the table with its indexes, as of the last stanchion stats refresh.
select
    g.relation,
    g.bytes as size_bytes
from ops.table_growth as g;

-- name: tenant
-- count: Tenants of this kind with this status.
select
    t.kind,
    t.status,
    count(*) as count
from core.tenant as t
group by t.kind, t.status;
