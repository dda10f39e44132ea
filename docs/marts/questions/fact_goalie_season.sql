-- Which goalies save the largest share of shots?
select g.save_share_rank, g.person_name, g.games, g.saves, g.shots_against, g.save_share
from marts.fact_goalie_season as g
where g.game_type = 'All'
order by g.save_share_rank, g.person_name;

-- Which goalies win the most games?
select g.person_name, g.wins, g.losses, g.ties
from marts.fact_goalie_season as g
where g.game_type = 'All'
order by g.wins desc, g.person_name;

-- How many goals does each goalie concede in sixty minutes?
select g.person_name, g.goals_against_per_60
from marts.fact_goalie_season as g
where g.game_type = 'All'
order by g.goals_against_per_60, g.person_name;

-- Which goalies have shutouts?
select g.person_name, g.shutouts
from marts.fact_goalie_season as g
where g.game_type = 'All' and g.shutouts > 0
order by g.shutouts desc, g.person_name;

-- Which goalies played enough games to be ranked?
select g.person_name, g.games, g.has_enough_games
from marts.fact_goalie_season as g
where g.game_type = 'All'
order by g.games desc, g.person_name;
