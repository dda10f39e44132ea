-- The totals of each team of a season.
select
    s.*,
    t.team_name
from marts.fact_team_season as s
join marts.dim_team as t on t.tenant_id = s.tenant_id and t.team_key = s.team_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by t.team_name, s.team_key
