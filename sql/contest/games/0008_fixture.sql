-- Games, scheduled or tracked: who against whom, when, and which revision is read.
--
-- A game that is withdrawn keeps its row, without a content hash: load_id says that something changed.
--
-- A fixture may be of a competition. Then its teams and its score are what the events of the competition
-- say, and a load that knows the same game adds what was tracked and nothing else: contest.put_fixture sees to
-- that, and no role may write the table past it.
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
    -- schedule: a schedule says it; roster: an export does; given: the command line; export: nobody, and it is the
    -- day of the first export; competition: the draw, or when it was given a time
    constraint fixture_day_from_somewhere check (played_on_source in ('schedule', 'roster', 'given', 'export', 'competition')),
    -- scheduled: nothing was tracked; live: tracked, and neither over on the clock nor with an official score;
    -- final: has an official score, or was tracked to its end; void: a person took it back. Of a competition it
    -- is final when its score was confirmed, and not before
    constraint fixture_status_known check (status in ('scheduled', 'live', 'final', 'void')),
    constraint fixture_score_whole check ((official_home is null) = (official_away is null)),
    constraint fixture_score_confirmed check (competition_key is null or (status = 'final') = (official_home is not null)),
    constraint fixture_station_has_a_time check (station_key is null or (starts_at is not null and ends_at is not null)),
    constraint fixture_ends_after_it_starts check (starts_at < ends_at)
) with (fillfactor = 80);
comment on table contest.fixture is 'One row per game of a tenant.';
comment on column contest.fixture.game_key is 'The id of the game in the source, as text; for a game without one its day and teams.';
comment on column contest.fixture.competition_key is 'Whose events say its teams and its score; null for a game that loads alone know.';
comment on column contest.fixture.round is 'The round of the competition, from 1; null where it has none.';
comment on column contest.fixture.version is 'How many events its stream contest.fixture has.';
comment on column contest.fixture.official_by_period is '{"home": {"1": 0}, "away": {"1": 2}}; null when the schedule does not say.';
comment on column contest.fixture.tracked_home_team_key is 'Who is at home as the export says; null while nothing is published.';
comment on column contest.fixture.is_swapped is 'The export has home and away the other way round than the schedule.';
comment on column contest.fixture.period_seconds is '{"1": 1200, "OT": 300}, as the export says.';
comment on column contest.fixture.is_tracked_to_end is 'Was tracked up to the end of its last regular period.';
comment on column contest.fixture.content_hash is 'The revision whose rows are read; null when there are none.';
comment on column contest.fixture.is_scored is 'False while what was tracked has not been compared with the score as it is now; the next load does it.';
comment on column contest.fixture.load_id is 'The last load that changed anything about the game: what is built from games goes by it.';

-- serves: the foreign keys, and the games of a team or season
create index fixture_home_idx on contest.fixture (tenant_id, home_team_key);
create index fixture_away_idx on contest.fixture (tenant_id, away_team_key);
create index fixture_season_idx on contest.fixture (tenant_id, season_key);
-- serves: what changed since a load
create index fixture_load_idx on contest.fixture (tenant_id, load_id);
-- serves: the game that a row of a schedule without an id is about
create index fixture_day_idx on contest.fixture (tenant_id, played_on);
-- serves: the fixtures of a competition, and the foreign key
create index fixture_competition_idx on contest.fixture (tenant_id, competition_key, round);
-- serves: contest.schedule_fixture, what else is booked on a station; the foreign key
create index fixture_station_idx on contest.fixture (tenant_id, station_key, starts_at);
-- serves: a load that looks for scores which changed since
create index fixture_unjudged_idx on contest.fixture (tenant_id, game_key) where not is_scored;

-- revert: drop table contest.fixture;
