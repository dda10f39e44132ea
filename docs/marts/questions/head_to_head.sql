-- How did each pair of teams end against each other?
select first_team_name, first_wins, ties, second_wins, second_team_name
from marts.head_to_head
order by first_team_name, second_team_name;

-- Which pairs scored the most goals?
select first_team_name, second_team_name, first_goals + second_goals as goals
from marts.head_to_head
order by goals desc, first_team_name, second_team_name
limit 3;

-- How did one team do against each of the others?
select
    case when first_team_key = 'kestrels' then second_team_name else first_team_name end as opponent,
    case when first_team_key = 'kestrels' then first_wins else second_wins end as wins,
    case when first_team_key = 'kestrels' then second_wins else first_wins end as losses
from marts.head_to_head
where 'kestrels' in (first_team_key, second_team_key)
order by opponent;

-- Which pairs played each other last?
select first_team_name, second_team_name, last_played_on
from marts.head_to_head
order by last_played_on desc, first_team_name
limit 3;

-- Which teams never won against which opponent?
select first_team_name as team_name, second_team_name as opponent_team_name
from marts.head_to_head
where first_wins = 0
union all
select second_team_name, first_team_name
from marts.head_to_head
where second_wins = 0
order by team_name, opponent_team_name;
