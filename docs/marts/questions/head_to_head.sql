-- How did each pair of teams end against each other?
select first_team_key, first_wins, ties, second_wins, second_team_key
from marts.head_to_head
order by first_team_key, second_team_key;

-- Which pairs scored the most goals?
select first_team_key, second_team_key, first_goals + second_goals as goals
from marts.head_to_head
order by goals desc, first_team_key, second_team_key
limit 3;

-- How did one team do against each of the others?
select
    case when first_team_key = 'kestrels' then second_team_key else first_team_key end as opponent,
    case when first_team_key = 'kestrels' then first_wins else second_wins end as wins,
    case when first_team_key = 'kestrels' then second_wins else first_wins end as losses
from marts.head_to_head
where 'kestrels' in (first_team_key, second_team_key)
order by opponent;

-- Which pairs played each other last?
select first_team_key, second_team_key, last_played_on
from marts.head_to_head
order by last_played_on desc, first_team_key
limit 3;

-- Which teams never won against which opponent?
select first_team_key as team_key, second_team_key as opponent_team_key
from marts.head_to_head
where first_wins = 0
union all
select second_team_key, first_team_key
from marts.head_to_head
where second_wins = 0
order by team_key, opponent_team_key;
