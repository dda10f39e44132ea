-- Sizes of tables by day, from which the growth of a table is computed.
create table ops.table_size (
    relation text not null,
    measured_on date not null,
    bytes bigint not null,
    estimated_rows bigint not null,
    constraint table_size_pk primary key (relation, measured_on)
);
comment on table ops.table_size is 'One row per table (with its partitions and indexes) and UTC day of measurement.';

-- revert: drop table ops.table_size;
