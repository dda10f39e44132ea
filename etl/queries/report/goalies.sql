-- The totals of each goalie of a season, the best share of saves first among those who played enough.
select
    s.*,
    p.person_name,
    p.latest_jersey
from marts.fact_goalie_season as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.person_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by s.has_enough_games desc, s.save_share desc nulls last, s.shots_against desc, p.person_name asc, s.person_key asc
