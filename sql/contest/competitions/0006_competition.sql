-- Competitions that teams enter. The points of the fixtures add up to the standings.
--
-- A competition is a stream of events, and so is each of its fixtures. The tables of competitions are projections of
-- those events: only contest.apply_competition_event and contest.apply_fixture_event write them.
create table contest.competition (
    tenant_id uuid not null,
    competition_key text not null,
    name text not null,
    kind text not null,
    format text not null,
    season_key text,
    parent_key text,
    rounds integer,
    drawn integer not null default 0,
    points_win numeric(9, 2) not null,
    points_draw numeric(9, 2) not null,
    points_loss numeric(9, 2) not null,
    constraint competition_pk primary key (tenant_id, competition_key),
    constraint competition_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint competition_season_fk foreign key (tenant_id, season_key) references contest.season (tenant_id, season_key),
    constraint competition_parent_fk foreign key (tenant_id, parent_key)
    references contest.competition (tenant_id, competition_key),
    -- a slash would make the keys of the fixtures ambiguous
    constraint competition_key_shape check (competition_key ~ '^[^/]{1,100}$'),
    constraint competition_kind_known check (kind in ('league', 'tournament')),
    -- free: fixtures are added one by one, without a draw
    constraint competition_format_known check (format in ('free', 'round robin', 'single elimination', 'swiss')),
    constraint competition_swiss_says_its_rounds check ((format = 'swiss') = (rounds is not null)),
    constraint competition_rounds_some check (rounds >= 1),
    constraint competition_a_win_is_worth_most check (points_win >= points_draw and points_draw >= points_loss)
);
comment on table contest.competition is 'One row per competition of a tenant.';
comment on column contest.competition.parent_key is 'Competition that this one is a part of, such as the league of a final round.';
comment on column contest.competition.rounds is 'Number of rounds of a swiss tournament.';
comment on column contest.competition.drawn is 'Number of rounds drawn so far.';
comment on column contest.competition.points_win is 'Points for a win in the standings, and for a bye of a swiss round.';

-- serves: the foreign keys
create index competition_season_idx on contest.competition (tenant_id, season_key);
create index competition_parent_idx on contest.competition (tenant_id, parent_key);

-- revert: drop table contest.competition;
