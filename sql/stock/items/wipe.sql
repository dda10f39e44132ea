-- The shop's kill switch: nothing is on sale any more. What was sold stays sold, and the audit says who.
--
-- Where a principal acts, it has to be an owner or admin of the shop. The cooldown's row lock lets one of
-- two concurrent calls pass.
create or replace function stock.wipe(p_confirm text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_withdrawn bigint;
begin
    if core.current_principal() is not null and (core.member_role() in ('owner', 'admin')) is not true then
        raise exception 'only an owner or admin may do this' using errcode = '42501';
    elsif not exists (select 1 from core.tenant as t where t.tenant_id = v_tenant and t.slug = p_confirm) then
        raise exception 'to confirm, say the slug of the shop' using errcode = '22023';
    elsif not core.cooldown_start('stock.wipe', '60 seconds') then
        return false;
    end if;
    perform 1
    from stock.item as i
    where i.tenant_id = v_tenant
    order by i.item_id
    for no key update;
    select coalesce(sum(i.available), 0) into v_withdrawn from stock.item as i where i.tenant_id = v_tenant;
    insert into stock.movement (tenant_id, item_id, kind, qty, available, moved_at)
    select v_tenant, i.item_id, 'withdrawn', i.available, 0, core.clock()
    from stock.item as i
    where i.tenant_id = v_tenant and i.available > 0;
    update stock.item as i
    set withdrawn = i.withdrawn + i.available, available = 0
    where i.tenant_id = v_tenant and i.available > 0;
    perform core.write_audit('stock.wipe', p_confirm, jsonb_build_object('withdrawn', v_withdrawn));
    return true;
end;
$$;

comment on function stock.wipe(text) is
'True when the shop is wiped; false when it was less than a minute ago. Raises 42501 for a principal who is no owner or admin, or without a tenant, 22023 when the text is not the slug.';

grant execute on function stock.wipe(text) to stanchion_app;

-- revert: drop function stock.wipe(text);
