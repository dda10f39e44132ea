-- A function sets a setting of the transaction by core.set_local(), because SET LOCAL reaches every node of a cluster and
-- set_config() does not. A statement that reads a setting which did not reach its node finds no tenant, or everything.
-- core.set_local() and core.set_context() are excepted: they call set_config() on plain Postgres only.
--
-- cluster: F3
-- severity: critical
-- remedy: call core.set_local(NAME, VALUE) as a statement; then run: stanchion deploy --accept-drift
select
    f.name as object,
    'calls set_config(), which does not reach the nodes of a cluster' as problem
from core.own_function as f
where
    core.code_of(f.body || coalesce(pg_get_function_sqlbody(f.function), '')) ~* '\mset_config\s*\('
    and f.name not in ('core.set_local(p_name text, p_value text)', 'core.set_context(p_claims jsonb)')
