-- Takes every item of the shop out of sale at once. Sold units stay sold, and the audit log records the actor.
--
-- A principal has to be an owner or admin of the shop. The row lock of the cooldown lets one of two concurrent calls pass.
create or replace function stock.wipe(p_confirm text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
    v_moved bigint;
    v_withdrawn bigint;
begin
    if core.current_principal() is not null and (core.member_role() in ('owner', 'admin')) is not true then
        raise exception 'only an owner or admin of the shop may do this; the caller is %', coalesce(core.member_role(), 'not a member')
            using errcode = '42501';
    elsif not exists (select 1 from core.tenant as t where t.tenant_id = v_tenant and t.slug = p_confirm) then
        raise exception 'the confirmation must be the slug of the shop, not %', coalesce(p_confirm, 'null') using errcode = '22023';
    elsif not core.cooldown_start('stock.wipe', '60 seconds') then
        return false;
    end if;
    perform 1
    from stock.item as i
    where i.tenant_id = v_tenant
    order by i.item_id
    for no key update;
    select coalesce(sum(i.available), 0) into v_withdrawn from stock.item as i where i.tenant_id = v_tenant;
    v_now := core.clock();
    with moved as (
        insert into stock.movement (tenant_id, item_id, kind, qty, available, moved_at)
        select v_tenant, i.item_id, 'withdrawn', i.available, 0, v_now
        from stock.item as i
        where i.tenant_id = v_tenant and i.available > 0
        returning 1
    )

    select count(*) into v_moved from moved;
    if v_moved > 0 then
        update stock.item as i
        set withdrawn = i.withdrawn + i.available, available = 0
        where i.tenant_id = v_tenant and i.available > 0;
    end if;
    perform core.write_audit('stock.wipe', p_confirm, jsonb_build_object('withdrawn', v_withdrawn));
    return true;
end;
$$;

comment on function stock.wipe(text) is
'Returns true when the shop was wiped; false when it was wiped less than a minute ago. Errors: 42501 when the principal is not an owner or admin or no tenant is set; 22023 when p_confirm is not the slug of the shop.';

grant execute on function stock.wipe(text) to stanchion_app;

-- revert: drop function stock.wipe(text);
