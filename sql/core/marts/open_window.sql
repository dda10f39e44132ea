-- Opens the window of changes that a mart is about to include, for the rest of the transaction.
--
-- The window begins after the position of the mart. It ends at the horizon, below which no change is still being written,
-- or at the lowest position of the tables that the mart reads: a mart is never ahead of its parents. With p_afresh it
-- begins before the first change and the mart is computed from scratch. When the session names one tenant, the build
-- moves no position, so its parents need not have moved either.
create or replace function core.open_window(
    p_model text, p_changes text, p_horizon bigint, p_parents text[], p_afresh boolean,
    out low bigint, out high bigint, out definition text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parents bigint;
begin
    if (p_changes ~ '^[a-z_]{1,30}$' and p_model ~ '^[a-z_]+[.][a-z_0-9]+$' and p_horizon >= -1 and p_afresh is not null) is not true then
        raise exception 'a window needs a list of changes, a model such as marts.team, a horizon and whether it begins afresh, not %, %, % and %',
            coalesce(p_changes, 'null'), coalesce(p_model, 'null'), coalesce(p_horizon::text, 'null'), coalesce(p_afresh::text, 'null')
            using errcode = '22023';
    end if;
    select r.position, r.definition into low, definition
    from core.stat_refresh as r
    where r.model = p_model;
    if p_afresh or low is null then
        low := -1;
    end if;
    select coalesce(min(coalesce(r.position, -1)), p_horizon) into v_parents
    from unnest(p_parents) as parent (model)
    left join core.stat_refresh as r on r.model = parent.model;
    high := case when core.window_tenant() is null then least(p_horizon, v_parents) else p_horizon end;
    perform core.set_local(format('stanchion.%s_low', p_changes), low::text);
    perform core.set_local(format('stanchion.%s_high', p_changes), high::text);
end;
$$;

comment on function core.open_window(text, text, bigint, text[], boolean) is
'Returns the changes of the list that a mart is to include (after low, up to high) and the definition with which it was built, null for a new mart. Errors: 22023 when a value is missing or malformed.';

grant execute on function core.open_window(text, text, bigint, text[], boolean) to stanchion_builder;

-- revert: drop function core.open_window(text, text, bigint, text[], boolean);
