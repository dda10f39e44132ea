-- A table cut by day, of which a day may go at once when it is past, for measuring how days go.
set role stanchion_owner;
create table core.bench_reading (
    tenant_id uuid not null,
    taken_on date not null,
    reading_id bigint not null generated always as identity,
    value integer not null default 0,
    constraint bench_reading_pk primary key (tenant_id, taken_on, reading_id)
) partition by range (taken_on);
insert into core.partition_set (relation, days_ahead, days_kept) values ('core.bench_reading', 1, 1);
reset role
