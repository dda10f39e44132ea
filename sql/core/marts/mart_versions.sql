-- Returns the versions of marts, so that an answer from a mart can be kept as long as its version is the same.
--
-- The version contains the time at which core.close_window last recorded a change, which increases with each change and
-- is written in the transaction that writes the rows. It also contains the rows of the catalog about the mart and its
-- policies: a new definition, a grant or a revoked grant makes a new version.
--
-- Security definer: applications cannot read core.stat_refresh. The owner has no right on schema marts, so names are
-- looked up in the catalog; the settings find them by index, also after core.plan_for_marts, whose plans read all of it.
create or replace function core.mart_versions(p_models text[])
returns table (model text, version text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_indexscan = on
set enable_nestloop = on
set enable_seqscan = off
as $$
begin
    return query
    select
        r.model,
        concat_ws(
            '.',
            (extract(epoch from r.refreshed_at) * 1000000)::bigint,
            c.oid,
            c.xmin,
            (select string_agg(concat_ws('.', p.oid, p.xmin), '.' order by p.oid) from pg_policy as p where p.polrelid = c.oid)
        )
    from core.stat_refresh as r
    left join pg_namespace as n on n.nspname = split_part(r.model, '.', 1)
    left join pg_class as c on c.relnamespace = n.oid and c.relname = split_part(r.model, '.', 2)
    where r.model = any(p_models)
    order by r.model;
end;
$$;

comment on function core.mart_versions(text[]) is
'Returns the name and the version of each of these marts; no row for a relation that is not a mart. A version never occurs twice.';

grant execute on function core.mart_versions(text[]) to stanchion_app;

-- revert: drop function core.mart_versions(text[]);
