-- The table of a league, as its analysts read it.
select
    s.place,
    t.team_name as team,
    s.games as gp,
    s.wins as w,
    s.losses as l,
    s.ties as t,
    s.overtime_losses as otl,
    trim_scale(s.points)::text as pts,
    s.goals_for as gf,
    s.goals_against as ga,
    s.streak
from marts.standings as s
join marts.dim_team as t on t.tenant_id = s.tenant_id and t.team_key = s.team_key
where s.tenant_id = current_setting('stanchion.demo_tenant')::uuid and s.game_type = 'All'
order by s.place, t.team_name
