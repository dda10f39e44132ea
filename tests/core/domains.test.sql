-- A host name is one tenant's or nobody's.
begin;
select plan(6);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select core.add_tenant_domain('Stats.A.example');

set local role stanchion_app;
select set_config('app.tenant_id', '', true);
select is(core.tenant_for_domain('STATS.a.example'), '00000000-0000-0000-0000-00000000000a'::uuid, 'found before there is a tenant, in any case');
select is(core.tenant_for_domain('stats.b.example'), null, 'an unknown host name is no tenant, not a default one');
select is(core.tenant_for_domain('example'), null, 'nor is a part of one');

reset role;
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select throws_ok($$select core.add_tenant_domain('stats.a.example')$$, '23505', null, 'nobody takes what somebody has');
select throws_ok($$select core.add_tenant_domain('not a host')$$, '23514', null, 'nor what is no host name');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select core.set_tenant_status('suspended');
select is(core.tenant_for_domain('stats.a.example'), null, 'a suspended tenant is not found');

select * from finish();
rollback;
