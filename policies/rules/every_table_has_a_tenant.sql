-- A table has tenant_id, or it is one of the few tables about the platform.
--
-- severity: high
-- remedy: add tenant_id to the table, or list it in the rule with the reason.
select r.name as object, 'has no tenant_id and is not listed as a table about the platform' as problem
from core.own_relation as r
where
    r.kind = 'table'
    and not r.has_tenant
    and r.name not in (
        'core.module_ledger',  -- deployed modules
        'core.module_event',
        'core.catalog_record',
        'core.cluster',  -- state of the cluster
        'core.cluster_step',
        'core.config_key',  -- known settings
        'core.tenant_removal',  -- counts of what was removed
        'core.queue',  -- known queues
        'core.operation',  -- periodic work of the platform
        'core.operation_run',
        'core.partition_set',  -- days kept per table
        'core.partition_log',
        'core.stat_refresh',  -- position of each mart
        'workspace.plan',  -- known plans
        'workspace.plan_feature',
        'ops.session_limit',  -- limits of operators
        'ops.threshold',  -- thresholds of operators
        'ops.metric_sample',
        'ops.table_size',
        'staging.xg_coefficient',  -- coefficients of expected goals
        'mirror_state.node',  -- progress of the mirror from each node
        'mirror_state.run'
    )
