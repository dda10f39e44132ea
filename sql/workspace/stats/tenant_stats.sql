-- Statistics of the tenant of the session, as of refreshed_at.
--
-- The view reads hidden.tenant_stats as its owner, since no other role may, and filters by the tenant itself. As a
-- security barrier it does so before it evaluates any condition of the reader.
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
'One row: the statistics of the tenant of the session as of refreshed_at; month_cost is for month, which may be over.';

grant select on workspace.tenant_stats to stanchion_app;

-- revert: drop view workspace.tenant_stats;
