-- Seasons, by their name in schedules.
create table contest.season (
    tenant_id uuid not null default core.current_tenant(),
    season_key text not null,
    name text not null,
    starts_on date,
    ends_on date,
    constraint season_pk primary key (tenant_id, season_key),
    constraint season_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint season_ends_after_it_starts check (ends_on >= starts_on)
);
comment on table contest.season is 'One row per season of a tenant. It begins and ends with its scheduled games.';

-- revert: drop table contest.season;
