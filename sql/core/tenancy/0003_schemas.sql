-- as-deployer
-- The schemas that contain no module: parts (partitions), expired_parts (partitions that were detached and kept), and
-- marts, staging and mart_parts, which dbt builds.
--
-- Partitions are in a schema of their own, without usage for any role: the policies belong to the table, so a partition
-- that could be read directly would show the rows of every tenant.
create schema parts authorization stanchion_owner;
comment on schema parts is 'Partitions of every partitioned table. No role has usage: rows are read through the table.';

create schema expired_parts authorization stanchion_owner;
comment on schema expired_parts is 'Expired partitions that are detached and kept. Only the owner has usage, and so DBAs.';

create schema marts authorization stanchion_builder;
comment on schema marts is 'Pre-aggregated facts for analysts and applications, built by dbt, each with its own policies.';
grant usage on schema marts to stanchion_analyst, stanchion_app;

create schema staging authorization stanchion_builder;
comment on schema staging is 'Views on the sources and working tables from which dbt computes the marts. Only the builder has usage.';

create schema mart_parts authorization stanchion_builder;
comment on schema mart_parts is 'Partitions of the marts. No role has usage: rows are read through the mart.';

grant usage on schema core to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;
