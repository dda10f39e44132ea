-- The totals of each skater of a season, most points first.
select
    s.*,
    p.person_name,
    p.position,
    p.latest_jersey
from marts.fact_player_season as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.person_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by s.points_rank asc, s.goals desc, p.person_name asc, s.person_key asc
