-- Schedules as they were loaded from the league.
--
-- The table is separate from contest.fixture, because a row without a game id waits here for its game.
create table landing.schedule (
    tenant_id uuid not null default core.current_tenant(),
    schedule_key text not null,
    game_key text,
    played_on date not null,
    home_team text not null,
    away_team text not null,
    home_team_key text not null,
    away_team_key text not null,
    season_key text,
    game_type text,
    official_home integer,
    official_away integer,
    official_by_period jsonb,
    load_id bigint not null,
    constraint schedule_pk primary key (tenant_id, schedule_key),
    constraint schedule_game_type_known check (game_type in ('Regular', 'Playoffs')),
    constraint schedule_score_whole check ((official_home is null) = (official_away is null))
);
comment on table landing.schedule is 'One row per game of a schedule. The last schedule loaded for a game is in force.';
comment on column landing.schedule.schedule_key is 'The game id, else the day and the teams.';

-- serves: finding the schedule row of a game that has no id in the schedule
create index schedule_day_idx on landing.schedule (tenant_id, played_on);

-- revert: drop table landing.schedule;
