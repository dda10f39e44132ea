-- A table is about a tenant and has tenant_id, or it is one of the few that are about the platform.
select r.name as object, 'has no tenant_id and is not known to be about the platform' as problem
from core.own_relation as r
where
    r.kind = 'table'
    and not r.has_tenant
    and r.name not in (
        'core.module_ledger',  -- what is deployed
        'core.module_event',
        'core.catalog_record',
        'core.config_key',  -- which settings there can be
        'core.queue',  -- which queues there are
        'core.partition_set',  -- what is kept how long
        'core.partition_log',
        'core.stat_refresh',  -- how old each mart is
        'workspace.plan',  -- which plans there are
        'workspace.plan_feature',
        'ops.threshold',  -- what operators watch
        'ops.metric_sample',
        'ops.table_size',
        'ops.shard_map'
    )
