-- Who beats whom?
select first_team_key, first_wins, second_wins, second_team_key
from marts.competition_head_to_head
order by 1, 4;

-- Who met most often?
select first_team_key, second_team_key, games
from marts.competition_head_to_head
order by games desc, 1, 2
limit 3;

-- How does one team do against each other?
select case when first_team_key = 'granite' then second_team_key else first_team_key end as against, case when first_team_key = 'granite' then first_wins else second_wins end as won
from marts.competition_head_to_head
where 'granite' in (first_team_key, second_team_key)
order by 1;

-- Which pair scores most?
select first_team_key, second_team_key, first_score + second_score as scored
from marts.competition_head_to_head
order by scored desc, 1, 2
limit 3;

-- Who never won against whom?
select first_team_key, second_team_key
from marts.competition_head_to_head
where first_wins = 0
order by 1, 2;
