-- How did each pair of teams end against each other?
select first_team_name, first_wins, ties, second_wins, second_team_name
from marts.competition_head_to_head
order by first_team_name, second_team_name;

-- Which pairs played each other most often?
select first_team_name, second_team_name, games
from marts.competition_head_to_head
order by games desc, first_team_name, second_team_name
limit 3;

-- How did one team do against each of the others?
select
    case when first_team_key = 'copper pots' then second_team_name else first_team_name end as opponent,
    case when first_team_key = 'copper pots' then first_wins else second_wins end as wins,
    case when first_team_key = 'copper pots' then second_wins else first_wins end as losses
from marts.competition_head_to_head
where 'copper pots' in (first_team_key, second_team_key)
order by opponent;

-- Which pairs had the highest scores?
select first_team_name, second_team_name, first_score + second_score as score
from marts.competition_head_to_head
order by score desc, first_team_name, second_team_name
limit 3;

-- Which pairs were the closest?
select first_team_name, second_team_name, first_score, second_score
from marts.competition_head_to_head
order by abs(first_score - second_score), first_team_name, second_team_name
limit 3;
