-- How far a tracked game can be believed: against the official score, and by itself.
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
comment on column contest.game_quality.tracked_home is 'Goals of the side that the export has at home.';
comment on column contest.game_quality.tracked_by_period is 'As official_by_period of the fixture; the sides are those of the export.';
comment on column contest.game_quality.coverage is 'The share of the tracked periods that stints cover, 0 to 1; null without stints.';
comment on column contest.game_quality.flags is 'What is odd, and how often: {"home_away_swapped": 1}.';
comment on column contest.game_quality.agrees is 'Whether each team has as many goals as the official score says; null without one.';
comment on column contest.game_quality.content_hash is 'The revision that was judged. Accepting is about this one: the next begins without.';

-- revert: drop table contest.game_quality;
