-- The seasons of a tenant, the latest first; how many of their games count.
select
    s.season_key,
    s.season_name,
    s.starts_on,
    s.ends_on,
    count(g.game_key) filter (where g.is_counted) as games_counted
from marts.dim_season as s
left join marts.dim_game as g on g.tenant_id = s.tenant_id and g.season_key = s.season_key
where s.tenant_id = %(tenant)s
group by s.tenant_id, s.season_key, s.season_name, s.starts_on, s.ends_on
order by s.starts_on desc nulls last, s.season_key desc
