-- What is a win worth today?
select points_win, points_tie, points_loss
from marts.dim_rules
where current_date >= valid_from and current_date < valid_to;

-- How often did the rules change?
select count(*) - 1 as changes
from marts.dim_rules;

-- Which rules held on a day?
select points_win, points_overtime_loss
from marts.dim_rules
where date '2026-01-16' >= valid_from and date '2026-01-16' < valid_to;

-- Is a loss after the regular periods worth anything?
select valid_from::text, points_overtime_loss > points_loss as is_worth_more
from marts.dim_rules
order by valid_from;

-- What would every game won be worth?
select r.points_win * count(*) as points
from marts.dim_rules as r, marts.dim_game as g
where g.is_counted
group by r.points_win;
