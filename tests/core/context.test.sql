-- The tenant of a transaction comes from one setting or from the token. An invalid value sets no tenant.
begin;
\ir ../prelude.sql
select plan(19);

select pg_temp.as_tenant('');
set local role stanchion_app;

select is(core.current_tenant(), null, 'a transaction without a setting or a token has no tenant');
select is_empty('select * from core.tenant', 'a transaction without a tenant sees no tenant');

select pg_temp.as_tenant('a');
select results_eq('select slug from core.tenant', array['a'], 'the setting app.tenant_id decides the visible tenant');

select set_config('request.jwt.claims', '{"app_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000b"}}', true);
select results_eq('select slug from core.tenant', array['a'], 'the setting app.tenant_id has precedence over the token');

select pg_temp.as_tenant('');
select results_eq('select slug from core.tenant', array['b'], 'the token decides the tenant when the setting is empty');

select set_config('request.jwt.claims', '{"app_metadata": {"org_id": "00000000-0000-0000-0000-00000000000a"}}', true);
select results_eq('select slug from core.tenant', array['a'], 'the JWT claim org_id is the tenant when tenant_id is missing');

select set_config('request.jwt.claims', '{"org_id": "00000000-0000-0000-0000-00000000000a"}', true);
select is_empty('select * from core.tenant', 'a JWT claim at the top level, where users can write, is ignored');

select set_config('request.jwt.claims', '{"user_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000a"}}', true);
select is_empty('select * from core.tenant', 'a JWT claim in user_metadata is ignored');

select set_config('request.jwt.claims', '{"app_metadata": "x"}', true);
select is(core.current_tenant(), null, 'JWT claims of another shape result in no tenant');

select set_config('request.jwt.claims', '{"app_metadata": {"tenant_id": 7', true);
select is(core.current_tenant(), null, 'a truncated token results in no tenant and no error');

select set_config('request.jwt.claims', repeat('[', 100000), true);
select is(core.current_tenant(), null, 'a deeply nested token results in no tenant and no error');

select set_config('request.jwt.claims', '', true);
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a'' or true --', true);
select is(core.current_tenant(), null, 'a setting that is not a uuid results in no tenant and no error');
select throws_ok(
    'select core.required_tenant()', '42501', 'no tenant in this transaction: it needs app.tenant_id, JWT claims or an API key',
    'required_tenant() fails without a tenant and names the remedies'
);

select pg_temp.as_tenant('a');
select core.set_context('{"sub": "00000000-0000-0000-0000-0000000000aa", "app_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000b"}}');
select results_eq('select slug from core.tenant', array['b'], 'set_context() replaces the earlier tenant');
select is(core.current_principal(), pg_temp.id('aa'), 'set_context() sets the principal from the JWT claims');

select core.set_local('app.request_id', 'a''; b\\c');
select is(current_setting('app.request_id'), 'a''; b\\c', 'set_local() sets any text for the transaction');
select throws_ok(
    'select core.set_local(''work_mem'', ''1GB'')', '22023', 'only settings app.*, stanchion.* and request.jwt.claims can be set, not work_mem',
    'set_local() refuses a setting of Postgres'
);
reset role;
select ok(core.is_operator(), 'a superuser is an operator');
set local session authorization stanchion_owner;
select ok(not core.is_operator(), 'the owner is not an operator: functions connect as the owner to the nodes of a cluster');
reset session authorization;

select * from finish();
rollback;
