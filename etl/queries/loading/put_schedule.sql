-- A row of the schedule; no row is changed when it says what it said before.
insert into landing.schedule as s (
    tenant_id, schedule_key, game_key, played_on, home_team, away_team, home_team_key, away_team_key, season_key,
    game_type, official_home, official_away, official_by_period, load_id
) values (
    %(tenant)s, %(schedule_key)s, %(game)s, %(day)s, %(home_team)s, %(away_team)s, %(home)s, %(away)s, %(season)s,
    %(game_type)s, %(official_home)s, %(official_away)s, %(official_by_period)s, %(load)s
)
on conflict on constraint schedule_pk do update set
    played_on = excluded.played_on,
    home_team = excluded.home_team,
    away_team = excluded.away_team,
    home_team_key = excluded.home_team_key,
    away_team_key = excluded.away_team_key,
    season_key = excluded.season_key,
    game_type = excluded.game_type,
    official_home = excluded.official_home,
    official_away = excluded.official_away,
    official_by_period = excluded.official_by_period,
    load_id = excluded.load_id
where
    (
        s.played_on, s.home_team, s.away_team, s.season_key, s.game_type, s.official_home, s.official_away,
        s.official_by_period
    )
    is distinct from
    (
        excluded.played_on, excluded.home_team, excluded.away_team, excluded.season_key, excluded.game_type,
        excluded.official_home, excluded.official_away, excluded.official_by_period
    )
