-- The draw of a competition: the two teams of each slot of a round, or the winners that a slot waits for.
create table contest.pairing (
    tenant_id uuid not null,
    competition_key text not null,
    round integer not null,
    slot integer not null,
    home_team_key text,
    away_team_key text,
    is_bye boolean not null default false,
    game_key text,
    constraint pairing_pk primary key (tenant_id, competition_key, round, slot),
    constraint pairing_competition_fk foreign key (tenant_id, competition_key)
    references contest.competition (tenant_id, competition_key) on delete cascade,
    constraint pairing_home_fk foreign key (tenant_id, competition_key, home_team_key)
    references contest.entrant (tenant_id, competition_key, team_key),
    constraint pairing_away_fk foreign key (tenant_id, competition_key, away_team_key)
    references contest.entrant (tenant_id, competition_key, team_key),
    constraint pairing_fixture_fk foreign key (tenant_id, game_key) references contest.fixture (tenant_id, game_key),
    constraint pairing_numbers_positive check (round >= 1 and slot >= 1),
    constraint pairing_of_two_teams check (home_team_key <> away_team_key),
    constraint pairing_bye_of_one check (not is_bye or (away_team_key is null and game_key is null)),
    constraint pairing_played_by_two check (game_key is null or (home_team_key is not null and away_team_key is not null))
);
comment on table contest.pairing is 'One row per slot of the draw of a competition.';
comment on column contest.pairing.home_team_key is 'Null until the winner of an earlier slot is known; of slots 1 and 2 it is the winner of slot 1.';
comment on column contest.pairing.is_bye is 'True for a team without an opponent: a win in a swiss round, and a free pass to the next round of a bracket.';
comment on column contest.pairing.game_key is 'Fixture of the slot; null until both teams are known.';

-- serves: the foreign keys; the opponents of a team; the next slot after a fixture
create index pairing_home_idx on contest.pairing (tenant_id, competition_key, home_team_key);
create index pairing_away_idx on contest.pairing (tenant_id, competition_key, away_team_key);
create index pairing_fixture_idx on contest.pairing (tenant_id, game_key);

-- revert: drop table contest.pairing;
