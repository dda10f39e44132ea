-- Quality of a tracked game: its agreement with the official score, and its internal consistency.
create table contest.game_quality (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    tracked_home integer not null,
    tracked_away integer not null,
    tracked_by_period jsonb not null,
    coverage numeric(5, 4),
    flags jsonb not null default '{}',
    agrees boolean,
    content_hash bytea not null,
    accepted_by text,
    accepted_reason text,
    accepted_at timestamptz,
    constraint game_quality_pk primary key (tenant_id, game_key),
    constraint game_quality_fixture_fk foreign key (tenant_id, game_key)
    references contest.fixture (tenant_id, game_key) on delete cascade,
    constraint game_quality_accepted_whole check (
        (accepted_by is null) = (accepted_at is null) and (accepted_by is null) = (accepted_reason is null)
    )
);
comment on table contest.game_quality is 'One row per published game.';
comment on column contest.game_quality.tracked_home is 'Goals of the home team of the export.';
comment on column contest.game_quality.tracked_by_period is 'Goals by period in the form of contest.fixture.official_by_period, with the sides of the export.';
comment on column contest.game_quality.coverage is 'Share of the tracked periods that stints cover, 0 to 1; null without stints of skaters.';
comment on column contest.game_quality.flags is 'Irregularities and their counts, such as {"home_away_swapped": 1}.';
comment on column contest.game_quality.agrees is 'True when each team has as many tracked goals as the official score; null without an official score.';
comment on column contest.game_quality.content_hash is 'Revision that was compared. An acceptance holds for this revision only.';

-- revert: drop table contest.game_quality;
