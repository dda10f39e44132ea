-- Stints: stretches of a game without a player change.
create table contest.stint (
    tenant_id uuid not null default core.current_tenant(),
    played_on date not null,
    game_key text not null,
    stint_no integer not null,
    period integer not null,
    start_s numeric not null,
    end_s numeric not null,
    stoppage_s numeric,
    start_type text,
    stop_type text,
    constraint stint_pk primary key (tenant_id, played_on, game_key, stint_no),
    constraint stint_ends_after_it_starts check (end_s <= start_s)
) partition by range (played_on);
comment on table contest.stint is 'One row per stint of a published game.';
comment on column contest.stint.start_s is 'Seconds left on the clock at the start. The clock counts down, so it is never less than end_s.';

-- revert: drop table contest.stint;
