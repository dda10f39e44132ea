-- Whose data a transaction is about is what it says, in one place; what it does not say clearly is nobody's.
begin;
select plan(15);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');

set local role stanchion_app;

select is(core.current_tenant(), null, 'nothing said: no tenant');
select is_empty('select * from core.tenant', 'no tenant: no row');

select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select results_eq('select slug from core.tenant', array['a'], 'the setting: its own row');

select set_config('request.jwt.claims', '{"app_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000b"}}', true);
select results_eq('select slug from core.tenant', array['a'], 'the setting comes before the token');

select set_config('app.tenant_id', '', true);
select results_eq('select slug from core.tenant', array['b'], 'an empty setting leaves it to the token');

select set_config('request.jwt.claims', '{"app_metadata": {"org_id": "00000000-0000-0000-0000-00000000000a"}}', true);
select results_eq('select slug from core.tenant', array['a'], 'org_id is read where there is no tenant_id');

select set_config('request.jwt.claims', '{"org_id": "00000000-0000-0000-0000-00000000000a"}', true);
select is_empty('select * from core.tenant', 'a claim that the user could write at the top is not read');

select set_config('request.jwt.claims', '{"user_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000a"}}', true);
select is_empty('select * from core.tenant', 'nor one in user_metadata');

select set_config('request.jwt.claims', '{"app_metadata": "x"}', true);
select is(core.current_tenant(), null, 'a claim of another shape: no tenant');

select set_config('request.jwt.claims', '{"app_metadata": {"tenant_id": 7', true);
select is(core.current_tenant(), null, 'a token cut short: no tenant and no error');

select set_config('request.jwt.claims', repeat('[', 100000), true);
select is(core.current_tenant(), null, 'a token nested without end: no tenant and no error');

select set_config('request.jwt.claims', '', true);
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a'' or true --', true);
select is(core.current_tenant(), null, 'a setting that is not a uuid: no tenant and no error');
select throws_ok(
    'select core.required_tenant()', '42501', 'no tenant: this transaction does not say for whom it acts',
    'a function that needs one refuses without naming a setting'
);

select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select core.set_context('{"sub": "00000000-0000-0000-0000-0000000000aa", "app_metadata": {"tenant_id": "00000000-0000-0000-0000-00000000000b"}}');
select results_eq('select slug from core.tenant', array['b'], 'set_context forgets what was set before');
select is(core.current_principal(), '00000000-0000-0000-0000-0000000000aa'::uuid, 'and knows who acts');

select * from finish();
rollback;
