-- Places where fixtures are played: a table, a rink, a court.
create table contest.station (
    tenant_id uuid not null,
    station_key text not null,
    name text not null,
    bookings bigint not null default 0,
    constraint station_pk primary key (tenant_id, station_key),
    constraint station_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint station_name_given check (name <> '')
);
comment on table contest.station is 'One row per place of a tenant where one fixture at a time is played.';
comment on column contest.station.bookings is 'Incremented by each booking, so that concurrent bookings meet in this row at every isolation level.';

-- revert: drop table contest.station;
