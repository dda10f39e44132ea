-- How many points is a win worth today?
select points_win, points_regular_win, points_tie, points_loss
from marts.dim_league_rules
where current_date >= valid_from and current_date < valid_to;

-- How often did the league rules change?
select count(*) - 1 as changes
from marts.dim_league_rules;

-- Which league rules were valid on a day?
select points_win, points_overtime_loss
from marts.dim_league_rules
where date '2026-01-16' >= valid_from and date '2026-01-16' < valid_to;

-- Is a loss in overtime worth more than a loss in the regular periods?
select valid_from::text, points_overtime_loss > points_loss as is_worth_more
from marts.dim_league_rules
order by valid_from;

-- How many points can a team earn in a season at most?
select s.team_key, (r.points_win + r.points_regular_win) * s.games as points
from marts.standings as s
join marts.dim_league_rules as r on r.tenant_id = s.tenant_id and r.valid_to = 'infinity'
where s.game_type = 'All'
order by points desc, s.team_key;
