-- as-deployer
-- The four schemas that contain no module: parts (partitions), and marts, staging and mart_parts, which dbt builds.
--
-- Partitions live apart from their tables so that nobody but the owner can even name one: a
-- policy guards the table, and a partition read directly would not ask it.
create schema parts authorization stanchion_owner;
comment on schema parts is 'Partitions of every partitioned table. Nobody has usage: rows are reached through the table.';

create schema marts authorization stanchion_builder;
comment on schema marts is 'What analysts read: pre-aggregated facts, built by dbt, each with its own policies.';
grant usage on schema marts to stanchion_analyst;

create schema staging authorization stanchion_builder;
comment on schema staging is 'What dbt computes marts from: views on the source and working tables. Nobody but the builder has usage.';

create schema mart_parts authorization stanchion_builder;
comment on schema mart_parts is 'Partitions of the marts. Nobody has usage: rows are reached through the mart.';

grant usage on schema core to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;
