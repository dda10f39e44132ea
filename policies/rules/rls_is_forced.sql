-- Row-level security is enabled and forced on every table and partition, also for its owner. A table without it shows
-- every row to each role with a grant.
--
-- severity: critical
-- remedy: alter table NAME enable row level security, force row level security;
select
    r.name as object,
    case when r.rls_enabled then 'row-level security is not forced' else 'row-level security is off' end as problem
from core.own_relation as r
where r.kind in ('table', 'partition') and not (r.rls_enabled and r.rls_forced)
union all
select r.name, 'is a foreign table, which has no policies'
from core.own_relation as r
where r.kind = 'foreign table'
