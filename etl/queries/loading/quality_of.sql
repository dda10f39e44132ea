-- Published games: what was tracked beside what is official, by the teams of the schedule.
select
    f.game_key as game,
    f.played_on,
    home.name as home,
    away.name as away,
    case when f.is_swapped then q.tracked_away else q.tracked_home end as tracked_home,
    case when f.is_swapped then q.tracked_home else q.tracked_away end as tracked_away,
    f.official_home,
    f.official_away,
    q.agrees,
    q.coverage,
    q.flags,
    q.accepted_reason as accepted
from contest.game_quality as q
join contest.fixture as f on f.tenant_id = q.tenant_id and f.game_key = q.game_key
join contest.team as home on home.tenant_id = f.tenant_id and home.team_key = f.home_team_key
join contest.team as away on away.tenant_id = f.tenant_id and away.team_key = f.away_team_key
where q.tenant_id = %(tenant)s
order by f.played_on, f.game_key
