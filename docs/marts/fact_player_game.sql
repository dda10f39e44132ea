-- What is the box score of a game?
select person_name, goals, assists, shots, plus_minus, seconds
from marts.fact_player_game
where game_key = '1001' and side = 'home' and not is_goalie
order by goals + assists desc, person_name
limit 6;

-- Who had the most points in a game?
select game_key, person_name, points
from marts.fact_player_game
order by points desc, game_key, person_name
limit 5;

-- How did somebody do lately?
select played_on, goals, assists, shots
from marts.fact_player_game
where person_key = (select person_key from marts.fact_player_season where game_type = 'All' order by points desc, person_key limit 1)
order by played_on desc
limit 5;

-- Who is on the ice longest?
select person_name, seconds, shifts
from marts.fact_player_game
where not is_goalie
order by seconds desc, person_name
limit 5;

-- Who wins faceoffs?
select person_name, sum(faceoffs_won) as won, sum(faceoffs_lost) as lost
from marts.fact_player_game
group by person_key, person_name
order by won desc, person_name
limit 5;
