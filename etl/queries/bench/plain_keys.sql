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
create table public.open_key (like public.plain_key including all);
alter table public.plain_key enable row level security;
create policy own_tenant on public.plain_key
for all to stanchion_app
using (tenant_id = core.current_tenant())
with check (tenant_id = core.current_tenant());
grant select, insert on public.plain_key, public.open_key to stanchion_app
