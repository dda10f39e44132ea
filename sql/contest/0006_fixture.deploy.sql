-- Games, scheduled or tracked: who against whom, when, and which revision is read.
--
-- A game that is withdrawn keeps its row, without a content hash: load_id says that something changed.
create table contest.fixture (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    season_key text,
    game_type text,
    home_team_key text not null,
    away_team_key text not null,
    played_on date not null,
    played_on_source text not null,
    status text not null,
    official_home integer,
    official_away integer,
    official_by_period jsonb,
    tracked_home_team_key text,
    tracked_away_team_key text,
    is_swapped boolean not null default false,
    period_seconds jsonb,
    penalty_minutes jsonb,
    home_attacks_right_p1 boolean,
    is_tracked_to_end boolean,
    content_hash bytea,
    load_id bigint not null,
    constraint fixture_pk primary key (tenant_id, game_key),
    constraint fixture_season_fk foreign key (tenant_id, season_key) references contest.season (tenant_id, season_key),
    constraint fixture_home_fk foreign key (tenant_id, home_team_key) references contest.team (tenant_id, team_key),
    constraint fixture_away_fk foreign key (tenant_id, away_team_key) references contest.team (tenant_id, team_key),
    constraint fixture_game_type_known check (game_type in ('Regular', 'Playoffs')),
    -- schedule: a schedule says it; roster: an export does; given: the command line; export: nobody, and it is the
    -- day of the first export
    constraint fixture_day_from_somewhere check (played_on_source in ('schedule', 'roster', 'given', 'export')),
    -- scheduled: nothing was tracked; live: tracked, and neither over on the clock nor with an official score;
    -- final: has an official score, or was tracked to its end; void: a person took it back
    constraint fixture_status_known check (status in ('scheduled', 'live', 'final', 'void')),
    constraint fixture_score_whole check ((official_home is null) = (official_away is null))
);
comment on table contest.fixture is 'One row per game of a tenant.';
comment on column contest.fixture.game_key is 'The id of the game in the source, as text; for a game without one its day and teams.';
comment on column contest.fixture.official_by_period is '{"home": {"1": 0}, "away": {"1": 2}}; null when the schedule does not say.';
comment on column contest.fixture.tracked_home_team_key is 'Who is at home as the export says; null while nothing is published.';
comment on column contest.fixture.is_swapped is 'The export has home and away the other way round than the schedule.';
comment on column contest.fixture.period_seconds is '{"1": 1200, "OT": 300}, as the export says.';
comment on column contest.fixture.is_tracked_to_end is 'Was tracked up to the end of its last regular period.';
comment on column contest.fixture.content_hash is 'The revision whose rows are read; null when there are none.';
comment on column contest.fixture.load_id is 'The last load that changed anything about the game: what is built from games goes by it.';

-- serves: the foreign keys, and the games of a team or season
create index fixture_home_idx on contest.fixture (tenant_id, home_team_key);
create index fixture_away_idx on contest.fixture (tenant_id, away_team_key);
create index fixture_season_idx on contest.fixture (tenant_id, season_key);
-- serves: what changed since a load
create index fixture_load_idx on contest.fixture (tenant_id, load_id);
-- serves: the game that a row of a schedule without an id is about
create index fixture_day_idx on contest.fixture (tenant_id, played_on);
