-- A host name belongs to at most one tenant.
begin;
\ir ../prelude.sql
select plan(6);

select core.add_tenant_domain('Stats.A.example');

set local role stanchion_app;
select pg_temp.as_tenant('');
select is(
    core.tenant_for_domain('STATS.a.example'), pg_temp.id('a'),
    'tenant_for_domain() finds the tenant without a current tenant, in any case'
);
select is(core.tenant_for_domain('stats.b.example'), null, 'tenant_for_domain() returns null for an unknown host name');
select is(core.tenant_for_domain('example'), null, 'tenant_for_domain() returns null for a part of a host name');

reset role;
select pg_temp.as_tenant('b');
select throws_ok($$select core.add_tenant_domain('stats.a.example')$$, '23505', null, 'add_tenant_domain() refuses a host name of another tenant');
select throws_ok($$select core.add_tenant_domain('not a host')$$, '23514', null, 'add_tenant_domain() refuses text that is not a host name');
select pg_temp.as_tenant('a');
select core.set_tenant_status('suspended');
select is(core.tenant_for_domain('stats.a.example'), null, 'tenant_for_domain() returns null for a suspended tenant');

select * from finish();
rollback;
