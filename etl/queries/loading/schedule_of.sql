-- What the schedule says about a game: by its id, else the row without an id for these teams on that day.
select
    s.schedule_key,
    s.played_on,
    s.home_team_key,
    s.away_team_key,
    s.season_key,
    s.game_type,
    s.official_home,
    s.official_away,
    s.official_by_period
from landing.schedule as s
where
    s.tenant_id = %(tenant)s
    and (
        s.schedule_key = %(game)s
        or (
            s.game_key is null
            and s.played_on = %(day)s
            and (s.home_team_key, s.away_team_key) in ((%(home)s, %(away)s), (%(away)s, %(home)s))
        )
    )
order by s.schedule_key <> %(game)s, s.schedule_key
limit 1
