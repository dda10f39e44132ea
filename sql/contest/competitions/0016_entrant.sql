-- Teams of a competition.
--
-- The row contains no totals: two transactions that decide fixtures of one team would wait for each other until the
-- commit. contest.team_totals computes totals from the fixtures.
create table contest.entrant (
    tenant_id uuid not null,
    competition_key text not null,
    team_key text not null,
    seed integer not null,
    constraint entrant_pk primary key (tenant_id, competition_key, team_key),
    constraint entrant_seed_unique unique (tenant_id, competition_key, seed),
    constraint entrant_competition_fk foreign key (tenant_id, competition_key)
    references contest.competition (tenant_id, competition_key) on delete cascade,
    constraint entrant_team_fk foreign key (tenant_id, team_key) references contest.team (tenant_id, team_key),
    constraint entrant_seed_positive check (seed >= 1)
);
comment on table contest.entrant is 'One row per team of a competition.';
comment on column contest.entrant.seed is 'Place in the draw, from 1. It also orders teams that are equal otherwise.';

-- serves: the foreign key
create index entrant_team_idx on contest.entrant (tenant_id, team_key);

-- revert: drop table contest.entrant;
