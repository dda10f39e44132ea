-- as-deployer
-- The two schemas beside marts that dbt builds in: staging holds its working views and tables, mart_parts
-- the partitions of the marts. Nobody but the builder has usage.
create schema staging authorization stanchion_builder;
comment on schema staging is 'What dbt computes marts from: views on the source and working tables. Nobody but the builder has usage.';

create schema mart_parts authorization stanchion_builder;
comment on schema mart_parts is 'Partitions of the marts. Nobody has usage: rows are reached through the mart.';
