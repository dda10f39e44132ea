-- For each list of changes: up to which the tests of the marts held, and whether nothing came after that. Asked with
-- the rights of the builder, who sees the changes of every tenant.
select
    h.changes,
    coalesce(r.position, -1) as tested,
    coalesce(r.position >= h.horizon, false) as is_current
from (
    values
    ('loads', landing.closed_horizon()),
    ('purchases', stock.closed_horizon())
) as h (changes, horizon)
left join core.stat_refresh as r on r.model = 'staging.tested_' || h.changes
