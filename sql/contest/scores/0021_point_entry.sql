-- Ledger of points: the points of each result for each team. Signed and append-only: an amendment appends entries that
-- cancel the old result, and entries for the new one.
--
-- There are no foreign keys to the entrant and the fixture, which would cost more than the rest of the insert: one
-- transaction writes both.
create table contest.point_entry (
    tenant_id uuid not null,
    competition_key text not null,
    team_key text not null,
    source text not null,
    version bigint not null,
    reason text not null,
    opponent_team_key text,
    game_key text,
    round integer,
    points numeric(9, 2) not null,
    played integer not null,
    won integer not null,
    drawn integer not null,
    lost integer not null,
    score_for integer not null,
    score_against integer not null,
    entered_at timestamptz not null,
    constraint point_entry_pk primary key (tenant_id, competition_key, team_key, source, version, reason),
    constraint point_entry_reason_known check (reason in ('result', 'reversal', 'bye')),
    constraint point_entry_bye_has_no_fixture check ((reason = 'bye') = (game_key is null)),
    constraint point_entry_one_result check (played = won + drawn + lost)
);
comment on table contest.point_entry is 'One row per team and result, and per team and cancelled result.';
comment on column contest.point_entry.source is 'Key of the fixture; for a bye, its round.';
comment on column contest.point_entry.version is 'Version of the fixture after the event of the result.';
comment on column contest.point_entry.reason is 'result: confirmed or amended; reversal: cancelled by an amendment; bye: a round without an opponent.';

-- serves: the entries of a fixture
create index point_entry_fixture_idx on contest.point_entry (tenant_id, game_key);

-- revert: drop table contest.point_entry;
