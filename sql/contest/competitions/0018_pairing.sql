-- The draw of a competition: who meets whom in which round, and what waits for a winner.
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
comment on table contest.pairing is 'One row per place of the draw of a competition.';
comment on column contest.pairing.home_team_key is 'Null until it is known who won on the way here; of slots 1 and 2 it is the winner of 1.';
comment on column contest.pairing.is_bye is 'One team that has nobody to play: a win of a swiss round, and the way to the next one of a bracket.';
comment on column contest.pairing.game_key is 'The fixture, once both teams are known.';

-- serves: the foreign keys; the opponents of a team; what follows on a fixture
create index pairing_home_idx on contest.pairing (tenant_id, competition_key, home_team_key);
create index pairing_away_idx on contest.pairing (tenant_id, competition_key, away_team_key);
create index pairing_fixture_idx on contest.pairing (tenant_id, game_key);

-- revert: drop table contest.pairing;
