-- The gate to the stats that are kept of every tenant: one's own row, as of refreshed_at.
--
-- It reads as its owner, since nobody else may, and asks for the tenant itself. As a security barrier it does
-- so before it hands a row to whatever condition its reader adds.
create or replace view workspace.tenant_stats with (security_barrier = true) as
select
    s.tenant_id,
    s.members,
    s.documents,
    s.datasets,
    s.calls,
    s.tokens,
    s.cost,
    s.month,
    s.month_cost,
    s.last_activity_at,
    s.refreshed_at
from hidden.tenant_stats as s
where s.tenant_id = core.current_tenant();

comment on view workspace.tenant_stats is
'One row: the numbers of the tenant of the session as of refreshed_at; month_cost is of month, which may be over.';

grant select on workspace.tenant_stats to stanchion_app;

-- revert: drop view workspace.tenant_stats;
