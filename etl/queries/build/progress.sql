-- Up to which load the tests of the marts held, whether nothing came after what they hold, and whether every view is
-- there and was made by this project: asked with the rights of the builder, who sees the loads of every tenant.
select
    coalesce(max(r.load_id) filter (where r.model = 'staging.tested'), -1) as tested,
    coalesce(bool_or(r.model = 'staging.tested' and r.load_id >= landing.closed_horizon()), false) as is_current,
    coalesce(
        bool_or(r.model = 'staging.views' and r.definition = %(project)s)
        and bool_and(r.model in ('staging.tested', 'staging.views') or to_regclass(r.model) is not null), false
    ) as has_views
from core.stat_refresh as r
