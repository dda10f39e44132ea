-- Players of the teams of a competition. A person plays for one team, so every principal is on one side.
create table contest.player (
    tenant_id uuid not null,
    competition_key text not null,
    person_key text not null,
    team_key text not null,
    principal_id uuid,
    constraint player_pk primary key (tenant_id, competition_key, person_key),
    constraint player_principal_unique unique (tenant_id, competition_key, principal_id),
    constraint player_entrant_fk foreign key (tenant_id, competition_key, team_key)
    references contest.entrant (tenant_id, competition_key, team_key) on delete cascade,
    constraint player_person_fk foreign key (tenant_id, person_key) references contest.person (tenant_id, person_key),
    constraint player_principal_fk foreign key (tenant_id, principal_id) references core.principal (tenant_id, principal_id)
);
comment on table contest.player is 'One row per person who plays in a competition.';
comment on column contest.player.principal_id is 'Principal with which the person submits and confirms scores; null for a person who only plays.';

-- serves: the foreign keys
create index player_entrant_idx on contest.player (tenant_id, competition_key, team_key);
create index player_person_idx on contest.player (tenant_id, person_key);
create index player_principal_idx on contest.player (tenant_id, principal_id);

-- revert: drop table contest.player;
