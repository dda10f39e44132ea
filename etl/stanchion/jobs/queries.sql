-- name: due
-- Tenants of this node with due jobs or expired leases.
select d.tenant_id, d.queue, d.is_over
from core.due_queues(%(queue)s) as d
where core.is_at_home(d.tenant_id);

-- name: waiting
-- Counts the jobs that a drain waits for, and the jobs that are scheduled for later and were never tried.
select
    count(*) filter (where not (j.run_at > core.clock() and j.attempts = 0 and j.lease_id is null)) as waiting,
    count(*) filter (where j.run_at > core.clock() and j.attempts = 0 and j.lease_id is null) as later
from core.job as j
where $1::text is null or j.queue = $1;
