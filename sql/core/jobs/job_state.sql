-- Every enqueued job whose partition has not expired, once: ready, leased, done or dead.
create or replace view core.job_state with (security_invoker = true) as
select
    j.tenant_id,
    j.job_id,
    j.queue,
    case when j.lease_id is null then 'ready' else 'leased' end as state,
    j.enqueued_at,
    j.attempts,
    j.last_error,
    j.request_id
from core.job as j
union all
select
    d.tenant_id,
    d.job_id,
    d.queue,
    'done' as state,
    d.enqueued_at,
    d.attempts,
    null as last_error,
    d.request_id
from core.job_done as d
union all
select
    d.tenant_id,
    d.job_id,
    d.queue,
    'dead' as state,
    d.enqueued_at,
    d.attempts,
    d.last_error,
    d.request_id
from core.job_dead as d;

comment on view core.job_state is
'One row per job: ready, leased, done or dead. Completed jobs are kept as partitions/core.job_done.sql sets.';

-- revert: drop view core.job_state;
