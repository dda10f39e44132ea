-- Who scored most in a league, as its analysts read it.
select
    s.points_rank as place,
    p.person_name as player,
    t.team_name as team,
    s.games as gp,
    s.goals as g,
    s.assists as a,
    s.points as p,
    s.plus_minus,
    to_char(s.seconds_per_game * interval '1 second', 'MI:SS') as time_a_game
from marts.fact_player_season as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.person_key
join marts.dim_team as t on t.tenant_id = s.tenant_id and t.team_key = s.team_key
where s.tenant_id = current_setting('stanchion.demo_tenant')::uuid and s.game_type = 'All'
order by s.points_rank asc, s.goals desc, p.person_name asc
limit 5
