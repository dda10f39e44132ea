-- Who stops most?
select p.person_name, g.games, g.save_share, g.save_share_rank
from marts.fact_goalie_season as g
join marts.dim_person as p using (tenant_id, person_key)
where g.game_type = 'All'
order by g.save_share_rank, p.person_name;

-- Who wins most?
select person_key, wins, losses, ties
from marts.fact_goalie_season
where game_type = 'All'
order by wins desc, person_key;

-- Goals against in sixty minutes?
select person_key, goals_against_per_60
from marts.fact_goalie_season
where game_type = 'All'
order by goals_against_per_60, person_key;

-- Who has shutouts?
select person_key, shutouts
from marts.fact_goalie_season
where game_type = 'All' and shutouts > 0
order by person_key;

-- Whose share says something?
select person_key, games, has_enough_games
from marts.fact_goalie_season
where game_type = 'All'
order by person_key;
