-- When a mart last took something in.
select max(r.refreshed_at) as refreshed_at
from core.stat_refresh as r
where r.model like 'marts.%%'
