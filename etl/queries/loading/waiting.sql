-- Rows of the schedule without an id: whether a tracked game took one over, and whether it stands as a game itself.
select
    s.schedule_key,
    exists (
        select from contest.fixture as f
        where
            f.tenant_id = s.tenant_id
            and f.played_on = s.played_on
            and f.played_on_source = 'schedule'
            and f.home_team_key = s.home_team_key
            and f.away_team_key = s.away_team_key
            and f.game_key <> s.schedule_key
            and not exists (
                select from landing.schedule as own
                where own.tenant_id = f.tenant_id and own.schedule_key = f.game_key
            )
    ) as is_taken,
    exists (
        select from contest.fixture as f
        where f.tenant_id = s.tenant_id and f.game_key = s.schedule_key
    ) as is_there
from landing.schedule as s
where
    s.tenant_id = %(tenant)s
    and s.played_on = any(%(days)s)
    and s.game_key is null
    and not exists (
        select from landing.revision as r
        where r.tenant_id = s.tenant_id and r.game_key = s.schedule_key
    )
