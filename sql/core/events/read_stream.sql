-- Returns the events of a stream from a version on. Security definer: it filters by the tenant as the policy does.
create or replace function core.read_stream(
    p_type text, p_stream text, p_from bigint default 1, p_limit integer default 1000
)
returns table (version bigint, event_type text, payload jsonb, recorded_at timestamptz, actor text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    return query
    select e.version, e.event_type, e.payload, e.recorded_at, e.actor
    from core.event as e
    where e.tenant_id = v_tenant
        and e.stream_type = p_type
        and e.stream_id = p_stream
        and e.version >= p_from
    order by e.version
    limit p_limit;
end;
$$;

comment on function core.read_stream(text, text, bigint, integer) is
'Returns the events in the order of their versions; no row for an unknown stream. Errors: 42501 when no tenant is set.';

grant execute on function core.read_stream(text, text, bigint, integer) to stanchion_app, stanchion_loader;

-- revert: drop function core.read_stream(text, text, bigint, integer);
