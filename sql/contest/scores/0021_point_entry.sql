-- The ledger of points: what each result was worth to each team. Signed, appended to and never changed: who
-- amends a result writes what takes the old one back, and the new one.
--
-- No foreign keys to the entrant and the fixture, which would cost more than all else that a row costs: the
-- transaction that enters points writes both.
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
comment on table contest.point_entry is 'One row per team and result, and per result that was taken back.';
comment on column contest.point_entry.source is 'The key of the fixture; for a bye its round.';
comment on column contest.point_entry.version is 'The version of the fixture whose event it is.';
comment on column contest.point_entry.reason is 'result: confirmed or amended; reversal: what an amendment took back; bye: a round without an opponent.';

-- serves: the entries of a fixture
create index point_entry_fixture_idx on contest.point_entry (tenant_id, game_key);

-- revert: drop table contest.point_entry;
