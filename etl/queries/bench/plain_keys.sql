-- What claiming a key is compared with: one table, not partitioned, of an application that sees to the rest itself.
create table public.plain_key (
    tenant_id uuid not null,
    key text not null,
    attempt integer not null default 1,
    claimed_at timestamptz not null,
    lease_until timestamptz not null,
    completed_at timestamptz,
    response_code integer,
    fingerprint bytea not null,
    response_body bytea,
    constraint plain_key_pk primary key (tenant_id, key)
);
alter table public.plain_key enable row level security;
create policy own_tenant on public.plain_key
for all to stanchion_app
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());
grant select, insert, update on public.plain_key to stanchion_app;
-- The same insert said in a function, as whoever wants more than the insert has to: what a call costs by itself.
create function public.claim_plainly(p_key text, p_fingerprint bytea, p_lease interval, out outcome text, out attempt integer)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.plain_key (tenant_id, key, claimed_at, lease_until, fingerprint)
    values (core.current_tenant(), p_key, clock_timestamp(), clock_timestamp() + p_lease, p_fingerprint)
    on conflict do nothing;
    if found then
        outcome := 'claimed';
        attempt := 1;
    end if;
end;
$$;
grant execute on function public.claim_plainly(text, bytea, interval) to stanchion_app
