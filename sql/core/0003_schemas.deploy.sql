-- as-deployer
-- The two schemas that hold no module: where partitions hide, and where dbt builds.
--
-- Partitions live apart from their tables so that nobody but the owner can even name one: a
-- policy guards the table, and a partition read directly would not ask it.
create schema parts authorization stanchion_owner;
comment on schema parts is 'Partitions of every partitioned table. Nobody has usage: rows are reached through the table.';

create schema marts authorization stanchion_builder;
comment on schema marts is 'What analysts read: pre-aggregated facts, built by dbt, each with its own policies.';
grant usage on schema marts to stanchion_analyst;

grant usage on schema core to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst;
