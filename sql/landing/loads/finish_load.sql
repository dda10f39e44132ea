-- Ends a load with its outcomes, and releases its lock.
create or replace function landing.finish_load(
    p_load_id bigint, p_state text, p_outcomes jsonb, p_accepted bigint, p_rejected bigint
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
begin
    update landing.load_batch as b
    set
        state = p_state,
        finished_at = v_now,
        outcomes = p_outcomes,
        seen = p_accepted + p_rejected,
        accepted = p_accepted,
        rejected = p_rejected
    where b.tenant_id = v_tenant and b.load_id = p_load_id and b.state = 'running';
    if not found then
        raise exception 'load % is not running', p_load_id using errcode = '55000';
    end if;
    perform pg_advisory_unlock_shared(landing.load_lock(p_load_id));
end;
$$;

comment on function landing.finish_load(bigint, text, jsonb, bigint, bigint) is
'Returns nothing. Ends a running load of the tenant. Errors: 55000 when the load is over or belongs to another tenant; 23514 for an unknown state.';

grant execute on function landing.finish_load(bigint, text, jsonb, bigint, bigint) to stanchion_loader;

-- revert: drop function landing.finish_load(bigint, text, jsonb, bigint, bigint);
