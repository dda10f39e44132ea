-- The tracked games that a row of the schedule without an id is about: of these teams on that day, and not in the
-- schedule by their own id.
select f.game_key
from contest.fixture as f
where
    f.tenant_id = %(tenant)s
    and f.played_on = %(day)s
    and (
        (
            coalesce(f.tracked_home_team_key, f.home_team_key),
            coalesce(f.tracked_away_team_key, f.away_team_key)
        ) in ((%(home)s, %(away)s), (%(away)s, %(home)s))
        or f.game_key = %(schedule_key)s
    )
    and not exists (
        select from landing.schedule as own
        where own.tenant_id = f.tenant_id and own.schedule_key = f.game_key and own.schedule_key <> %(schedule_key)s
    )
order by f.game_key
