-- Up to which load the tests of the marts held, and whether nothing came after what they hold: asked with
-- the rights of the builder, who sees the loads of every tenant.
select
    coalesce(max(r.load_id) filter (where r.model = 'staging.tested'), -1) as tested,
    coalesce(bool_or(r.model = 'staging.tested' and r.load_id >= landing.closed_horizon()), false) as is_current
from core.stat_refresh as r
