-- Fixtures: the teams, the time, the status and the official score of each game, and its published revision.
--
-- A withdrawn game keeps its row, without a content hash; load_id records the change.
--
-- A fixture may belong to a competition. Then the events of the competition give its teams and its score, and a load of
-- the same game adds only what was tracked: contest.put_fixture ensures that, and no role may write the table directly.
create table contest.fixture (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    season_key text,
    game_type text,
    competition_key text,
    round integer,
    station_key text,
    starts_at timestamptz,
    ends_at timestamptz,
    version bigint not null default 0,
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
    lacks text[],
    content_hash bytea,
    is_scored boolean not null default true,
    load_id bigint not null,
    constraint fixture_pk primary key (tenant_id, game_key),
    constraint fixture_season_fk foreign key (tenant_id, season_key) references contest.season (tenant_id, season_key),
    constraint fixture_home_fk foreign key (tenant_id, home_team_key) references contest.team (tenant_id, team_key),
    constraint fixture_away_fk foreign key (tenant_id, away_team_key) references contest.team (tenant_id, team_key),
    constraint fixture_competition_fk foreign key (tenant_id, competition_key)
    references contest.competition (tenant_id, competition_key),
    constraint fixture_station_fk foreign key (tenant_id, station_key) references contest.station (tenant_id, station_key),
    constraint fixture_game_type_known check (game_type in ('Regular', 'Playoffs')),
    -- schedule: from a schedule; roster: from an export; given: from the command line; export: the day of the first
    -- export, because no source has one; competition: from the draw, or from the time given to the fixture
    constraint fixture_day_from_somewhere check (played_on_source in ('schedule', 'roster', 'given', 'export', 'competition')),
    -- scheduled: nothing was tracked; live: tracked, neither over on the clock nor with an official score; final: has an
    -- official score, or was tracked to its end; void: withdrawn by a person. A fixture of a competition is final only
    -- when its score is confirmed
    constraint fixture_status_known check (status in ('scheduled', 'live', 'final', 'void')),
    constraint fixture_score_whole check ((official_home is null) = (official_away is null)),
    constraint fixture_score_confirmed check (competition_key is null or (status = 'final') = (official_home is not null)),
    constraint fixture_station_has_a_time check (station_key is null or (starts_at is not null and ends_at is not null)),
    constraint fixture_ends_after_it_starts check (starts_at < ends_at)
) with (fillfactor = 80);
comment on table contest.fixture is 'One row per game of a tenant.';
comment on column contest.fixture.game_key is 'Id of the game in the source, as text; for a game without an id, its day and teams.';
comment on column contest.fixture.competition_key is 'Competition whose events give the teams and the score; null for a game that only loads know.';
comment on column contest.fixture.round is 'Round of the competition, from 1; null outside rounds.';
comment on column contest.fixture.version is 'Number of events in the stream contest.fixture of this game.';
comment on column contest.fixture.official_by_period is 'Goals such as {"home": {"1": 0}, "away": {"1": 2}}; null when the schedule has none.';
comment on column contest.fixture.tracked_home_team_key is 'Home team in the export; null while no revision is published.';
comment on column contest.fixture.is_swapped is 'True when the export has home and away in the opposite order of the schedule.';
comment on column contest.fixture.period_seconds is 'Lengths of the periods in the export, such as {"1": 1200, "OT": 300}.';
comment on column contest.fixture.is_tracked_to_end is 'True when the game was tracked to the end of its last regular period.';
comment on column contest.fixture.lacks is 'What the source of the published revision does not record, such as {assists, hits}; the marts have null for it.';
comment on column contest.fixture.content_hash is 'Published revision; null when none is published.';
comment on column contest.fixture.is_scored is 'False while the tracked goals have not been compared with the current score; the next load compares them.';
comment on column contest.fixture.load_id is 'Last load that changed anything about the game; marts follow it.';

-- serves: the foreign keys, and the games of a team or season
create index fixture_home_idx on contest.fixture (tenant_id, home_team_key);
create index fixture_away_idx on contest.fixture (tenant_id, away_team_key);
create index fixture_season_idx on contest.fixture (tenant_id, season_key);
-- serves: what changed since a load
create index fixture_load_idx on contest.fixture (tenant_id, load_id);
-- serves: finding the game of a schedule row without an id
create index fixture_day_idx on contest.fixture (tenant_id, played_on);
-- serves: the fixtures of a competition, and the foreign key
create index fixture_competition_idx on contest.fixture (tenant_id, competition_key, round);
-- serves: contest.schedule_fixture, other bookings of a station; the foreign key
create index fixture_station_idx on contest.fixture (tenant_id, station_key, starts_at);
-- serves: a load that compares changed scores
create index fixture_unjudged_idx on contest.fixture (tenant_id, game_key) where not is_scored;

-- revert: drop table contest.fixture;
