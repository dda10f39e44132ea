-- A game as it is now.
select
    f.season_key,
    f.game_type,
    f.home_team_key,
    f.away_team_key,
    f.played_on,
    f.played_on_source,
    f.status,
    f.official_home,
    f.official_away,
    f.official_by_period,
    f.tracked_home_team_key,
    f.tracked_away_team_key,
    f.is_swapped,
    f.period_seconds,
    f.penalty_minutes,
    f.home_attacks_right_p1,
    f.is_tracked_to_end,
    f.content_hash,
    f.is_judged
from contest.fixture as f
where f.tenant_id = %(tenant)s and f.game_key = %(game)s
