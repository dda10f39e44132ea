-- How big each table was, day by day: what a table is today says nothing of where it is going.
create table ops.table_size (
    relation text not null,
    measured_on date not null,
    bytes bigint not null,
    estimated_rows bigint not null,
    constraint table_size_pk primary key (relation, measured_on)
);
comment on table ops.table_size is 'One row per table, with its partitions and indexes, and UTC day on which it was measured.';

-- revert: drop table ops.table_size;
