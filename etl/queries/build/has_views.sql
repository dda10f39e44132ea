-- Whether every view of the marts is there and was made by this project.
select
    coalesce(
        bool_or(r.model = 'staging.views' and r.definition = %(project)s)
        and bool_and(r.model ~ '^staging[.](tested_|views$)' or to_regclass(r.model) is not null), false
    ) as has_views
from core.stat_refresh as r
