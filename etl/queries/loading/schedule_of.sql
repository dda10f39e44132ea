-- What the schedule says about a game: by its id, else the row without an id for these teams on that day. A fixture
-- of a competition is a schedule to itself: no other one can say its teams or its score.
select
    said.schedule_key,
    said.played_on,
    said.home_team_key,
    said.away_team_key,
    said.season_key,
    said.game_type,
    said.official_home,
    said.official_away,
    said.official_by_period,
    said.played_on_source,
    said.is_of_competition
from (
    select
        f.game_key as schedule_key,
        f.played_on,
        f.home_team_key,
        f.away_team_key,
        f.season_key,
        f.game_type,
        f.official_home,
        f.official_away,
        f.official_by_period,
        f.played_on_source,
        true as is_of_competition
    from contest.fixture as f
    where f.tenant_id = %(tenant)s and f.game_key = %(game)s and f.competition_key is not null
    union all
    select
        s.schedule_key,
        s.played_on,
        s.home_team_key,
        s.away_team_key,
        s.season_key,
        s.game_type,
        s.official_home,
        s.official_away,
        s.official_by_period,
        'schedule' as played_on_source,
        false as is_of_competition
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
) as said
order by not said.is_of_competition, said.schedule_key <> %(game)s, said.schedule_key
limit 1
