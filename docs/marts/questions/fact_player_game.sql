-- What is the box score of a game?
select person_name, goals, assists, shots, plus_minus, seconds
from marts.fact_player_game
where game_key = '1001' and side = 'home' and not is_goalie
order by points desc nulls last, person_name
limit 6;

-- Who had the most points in one game?
select game_key, person_name, goals, assists, points
from marts.fact_player_game
order by points desc nulls last, game_key, person_name
limit 5;

-- How did one player do in the latest games?
select played_on, opponent_team_key, goals, assists, shots
from marts.fact_player_game
where person_name = 'Arlo Jessop'
order by played_on desc
limit 5;

-- Who is on the ice the longest?
select person_name, team_key, avg(seconds)::integer as seconds_per_game, sum(shifts) as shifts
from marts.fact_player_game
where not is_goalie and has_played
group by person_key, person_name, team_key
order by seconds_per_game desc nulls last, person_name
limit 5;

-- Who takes the puck away, and who gives it away?
select person_name, sum(takeaways) as takeaways, sum(giveaways) as giveaways
from marts.fact_player_game
group by person_key, person_name
order by takeaways desc nulls last, giveaways, person_name
limit 5;
