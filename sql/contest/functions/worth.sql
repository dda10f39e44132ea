-- What a score is worth to whom it is of.
create or replace function contest.worth(p_competition contest.competition, p_own integer, p_other integer)
returns numeric
language sql
immutable
parallel safe
return case sign(p_own - p_other)
    when 1 then (p_competition).points_win
    when 0 then (p_competition).points_draw
    when -1 then (p_competition).points_loss
end;

comment on function contest.worth(contest.competition, integer, integer) is 'Points of the competition; null without a score.';

-- revert: drop function contest.worth(contest.competition, integer, integer);
