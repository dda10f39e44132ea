-- Seasons begin and end with their scheduled games.
update contest.season as s
set starts_on = g.starts_on, ends_on = g.ends_on
from (
    select
        n.season_key,
        min(n.played_on) as starts_on,
        max(n.played_on) as ends_on
    from landing.schedule as n
    where n.tenant_id = %(tenant)s
    group by n.season_key
) as g
where
    s.tenant_id = %(tenant)s
    and s.season_key = g.season_key
    and (s.starts_on, s.ends_on) is distinct from (g.starts_on, g.ends_on)
