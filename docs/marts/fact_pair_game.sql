-- Who plays most together?
select first_person_key, second_person_key, sum(seconds) as seconds
from marts.fact_pair_game
group by 1, 2
order by seconds desc, 1, 2
limit 5;

-- With whom does somebody play?
select case when first_person_key = p.person_key then second_person_key else first_person_key end as mate, sum(seconds) as seconds
from marts.fact_pair_game
join (select person_key from marts.fact_player_season where game_type = 'All' order by points desc, person_key limit 1) as p on p.person_key in (first_person_key, second_person_key)
group by 1
order by seconds desc, 1
limit 5;

-- Which pair has most goals?
select first_person_key, second_person_key, sum(goals_for) as goals
from marts.fact_pair_game
group by 1, 2
order by goals desc, 1, 2
limit 5;

-- Who is better together than apart?
select first_person_key, second_person_key, corsi_share, first_corsi_share_without
from marts.fact_pair_game
where seconds > 300
order by corsi_share - first_corsi_share_without desc nulls last, 1, 2
limit 5;

-- How many pairs has a team in a game?
select game_key, team_key, count(*) as pairs
from marts.fact_pair_game
group by 1, 2
order by 1, 2
limit 4;
