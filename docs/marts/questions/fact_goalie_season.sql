-- Which goalies save the largest share of shots?
select g.save_share_rank, p.person_name, g.games, g.saves, g.shots_against, g.save_share
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All'
order by g.save_share_rank, p.person_name;

-- Which goalies win the most games?
select p.person_name, g.wins, g.losses, g.ties
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All'
order by g.wins desc, p.person_name;

-- How many goals does each goalie concede in sixty minutes?
select p.person_name, g.goals_against_per_60
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All'
order by g.goals_against_per_60, p.person_name;

-- Which goalies have shutouts?
select p.person_name, g.shutouts
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All' and g.shutouts > 0
order by g.shutouts desc, p.person_name;

-- Which goalies played enough games to be ranked?
select p.person_name, g.games, g.has_enough_games
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All'
order by g.games desc, p.person_name;
