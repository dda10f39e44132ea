-- Which teams take part in a competition, and where each stands.
--
-- The counts are the sum of the team's entries in the ledger, moved in the transaction that writes
-- those. They change with every result and are in no index; the room left on each page is for that.
create table contest.entrant (
    tenant_id uuid not null,
    competition_key text not null,
    team_key text not null,
    seed integer not null,
    played integer not null default 0,
    won integer not null default 0,
    drawn integer not null default 0,
    lost integer not null default 0,
    points numeric(12, 2) not null default 0,
    score_for bigint not null default 0,
    score_against bigint not null default 0,
    constraint entrant_pk primary key (tenant_id, competition_key, team_key),
    constraint entrant_seed_unique unique (tenant_id, competition_key, seed),
    constraint entrant_competition_fk foreign key (tenant_id, competition_key)
    references contest.competition (tenant_id, competition_key) on delete cascade,
    constraint entrant_team_fk foreign key (tenant_id, team_key) references contest.team (tenant_id, team_key),
    constraint entrant_seed_positive check (seed >= 1),
    constraint entrant_counts_positive check (won >= 0 and drawn >= 0 and lost >= 0 and score_for >= 0 and score_against >= 0),
    constraint entrant_played_is_decided check (played = won + drawn + lost)
) with (fillfactor = 50);
comment on table contest.entrant is 'One row per team of a competition: its place in the draw, and its line in the table.';
comment on column contest.entrant.seed is 'Its place in the draw, from 1; what is equal otherwise is ordered by it.';

-- serves: the foreign key
create index entrant_team_idx on contest.entrant (tenant_id, team_key);
