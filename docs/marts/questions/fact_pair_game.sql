-- Which pairs are on the ice together the most?
select f.person_name as first_person, s.person_name as second_person, sum(p.seconds) as seconds
from marts.fact_pair_game as p
join marts.dim_person as f on f.tenant_id = p.tenant_id and f.person_key = p.first_person_key
join marts.dim_person as s on s.tenant_id = p.tenant_id and s.person_key = p.second_person_key
group by f.person_key, f.person_name, s.person_key, s.person_name
order by seconds desc, first_person, second_person
limit 5;

-- With which teammates does one player share the ice?
select mate.person_name, sum(p.seconds) as seconds
from marts.fact_pair_game as p
join marts.dim_person as player on player.tenant_id = p.tenant_id and player.person_name = 'Arlo Jessop'
join marts.dim_person as mate
    on mate.tenant_id = p.tenant_id
    and mate.person_key = case player.person_key
        when p.first_person_key then p.second_person_key
        when p.second_person_key then p.first_person_key
    end
group by mate.person_key, mate.person_name
order by seconds desc, mate.person_name
limit 5;

-- During which pairs' shifts does the team score the most?
select first_person_key, second_person_key, sum(goals_for) as goals_for, sum(goals_against) as goals_against
from marts.fact_pair_game
group by first_person_key, second_person_key
order by goals_for desc, goals_against, first_person_key, second_person_key
limit 5;

-- Which pairs do better together than the first player without the second?
select first_person_key, second_person_key, corsi_share, first_corsi_share_without
from marts.fact_pair_game
where seconds > 300
order by corsi_share - first_corsi_share_without desc nulls last, first_person_key, second_person_key
limit 5;

-- How many different pairs does a team put on the ice in a game?
select game_key, team_key, count(*) as pairs
from marts.fact_pair_game
group by game_key, team_key
order by game_key, team_key
limit 4;
