-- Class of each table on a Citus cluster: distributed by tenant, reference (a copy on every node) or local to the
-- coordinator. `stanchion cluster` and the tenancy rules read it; plain Postgres does not use it.
--
-- A table with tenant_id is distributed unless it is listed. A table without tenant_id must be listed: its class is null
-- until then, and `stanchion cluster plan` refuses it.
create or replace view core.placement with (security_invoker = true) as
with listed (name, class, reason) as (
    values
    ('core.tenant', 'reference', 'lists the tenants'),
    ('core.tenant_domain', 'reference', 'finds the tenant of a host name'),
    ('core.analyst_grant', 'reference', 'finds the tenants of a login on every node'),
    ('core.config_key', 'reference', 'known settings'),
    ('core.queue', 'reference', 'known queues'),
    ('core.tenant_config', 'reference', 'small, seldom written, and joined with the known settings'),
    ('core.cluster', 'reference', 'every node reads how tenants enter the cluster'),
    ('workspace.plan', 'reference', 'known plans'),
    ('workspace.plan_feature', 'reference', 'known plans'),
    ('workspace.subscription', 'reference', 'small, seldom written, and joined with the known plans'),
    ('core.cluster_step', 'local', 'steps that build the cluster run on the coordinator'),
    ('core.tenant_removal', 'local', 'removals are recorded on the coordinator'),
    ('core.module_ledger', 'local', 'the deployer runs on the coordinator'),
    ('core.module_event', 'local', 'the deployer runs on the coordinator'),
    ('core.catalog_record', 'local', 'the deployer runs on the coordinator'),
    ('core.operation', 'local', 'periodic work of the platform is run from one server'),
    ('core.operation_run', 'local', 'periodic work of the platform is run from one server'),
    ('core.partition_set', 'local', 'partitions are created and expired on the coordinator'),
    ('core.partition_log', 'local', 'partitions are created and expired on the coordinator'),
    ('core.stat_refresh', 'local', 'marts are built on one node'),
    ('ops.metric_sample', 'local', 'measures of one server'),
    ('ops.table_size', 'local', 'measures of one server'),
    ('ops.session_limit', 'local', 'limits that operators set on one server'),
    ('ops.threshold', 'local', 'limits that operators set on one server')
)

select
    r.relation,
    r.name,
    case
        when r.schema_name in ('marts', 'staging', 'mart_parts') or r.schema_name like 'mirror\_%' then 'local'
        when l.class is not null then l.class
        when r.has_tenant then 'distributed'
    end as class,
    case
        when r.schema_name in ('marts', 'staging', 'mart_parts') or r.schema_name like 'mirror\_%' then 'marts are built on one node'
        when l.class is not null then l.reason
        when r.has_tenant then 'has tenant_id'
    end as reason
from core.own_relation as r
left join listed as l on l.name = r.name
where r.kind = 'table';

comment on view core.placement is
'One row per table, partitions excluded: its class on a Citus cluster (distributed, reference or local; null when unknown) and the reason.';

-- needs: core.own_relation
-- revert: drop view core.placement;
