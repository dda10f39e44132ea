-- A key opens its tenant for one transaction, until it is revoked; what is stored opens nothing.
begin;
select plan(13);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
create temporary table given as select core.create_api_key('scoreboard', '{read}') as key;
grant select on given to stanchion_app;

select matches((select key from given), '^stn_0{31}a_[0-9a-f]{64}$', 'a key names its tenant and is otherwise random');
select is_empty(
    $$select k.name from core.api_key as k join given as g on strpos(k::text, substring(g.key from 38)) > 0$$,
    'the key itself is not stored'
);
select throws_ok($$select core.create_api_key('scoreboard')$$, '23505', null, 'a name is taken while its key is in force');

select set_config('app.tenant_id', '', true);
set local role stanchion_app;
select throws_ok('select * from core.api_key', '42501', null, 'an application cannot read keys');
select results_eq(
    $$select k.tenant_id, k.scopes from given cross join lateral core.use_api_key(key) as k$$,
    $$values ('00000000-0000-0000-0000-00000000000a'::uuid, '{read}'::text[])$$,
    'the key is good'
);
select results_eq('select slug from core.tenant', array['a'], 'and its tenant is open');
select is_empty($$select * from core.use_api_key((select overlay(key placing '0' from 60) || 'x' from given))$$, 'a key that is nearly it is not');
select is(core.current_tenant(), null, 'and closes the tenant that was open');
select is_empty($$select * from core.use_api_key('stn_0000000000000000000000000000000b_')$$, 'the name of another tenant is not enough');
select is_empty($$select * from core.use_api_key('')$$, 'nor is nothing');

reset role;
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select core.set_tenant_status('suspended');
select is_empty('select k.* from given cross join lateral core.use_api_key(key) as k', 'a suspended tenant has no good key');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select core.set_tenant_status('active');
select ok(core.revoke_api_key('scoreboard'), 'revoked');
select is_empty('select k.* from given cross join lateral core.use_api_key(key) as k', 'it opens nothing any more');

select * from finish();
rollback;
