-- A key gives access to its tenant for one transaction, until it is revoked. The stored form gives no access.
begin;
\ir ../prelude.sql
select plan(13);

create temporary table given as select core.create_api_key('scoreboard', '{read}') as key;
grant select on given to stanchion_app;

select matches((select key from given), '^stn_0{31}a_[0-9a-f]{64}$', 'create_api_key() returns the tenant and random digits');
select is_empty(
    $$select k.name from core.api_key as k join given as g on strpos(k::text, substring(g.key from 38)) > 0$$,
    'core.api_key does not contain the key itself'
);
select throws_ok($$select core.create_api_key('scoreboard')$$, '23505', null, 'create_api_key() refuses the name of a key in force');

select pg_temp.as_tenant('');
set local role stanchion_app;
select throws_ok('select * from core.api_key', '42501', null, 'an application cannot read core.api_key');
select results_eq(
    $$select k.tenant_id, k.scopes from given cross join lateral core.use_api_key(key) as k$$,
    $$values (pg_temp.id('a'), '{read}'::text[])$$,
    'use_api_key() returns the tenant and the scopes of a valid key'
);
select results_eq('select slug from core.tenant', array['a'], 'use_api_key() makes the tenant of the key the tenant of the transaction');
select is_empty(
    $$select * from core.use_api_key((select overlay(key placing '0' from 60) || 'x' from given))$$,
    'use_api_key() returns no row for a key with wrong digits'
);
select is(core.current_tenant(), null, 'use_api_key() clears the tenant when the key is wrong');
select is_empty(
    $$select * from core.use_api_key('stn_0000000000000000000000000000000b_')$$,
    'use_api_key() returns no row for the prefix of a tenant without its digits'
);
select is_empty($$select * from core.use_api_key('')$$, 'use_api_key() returns no row for an empty key');

reset role;
select pg_temp.as_tenant('a');
select core.set_tenant_status('suspended');
select is_empty('select k.* from given cross join lateral core.use_api_key(key) as k', 'use_api_key() returns no row for a key of a suspended tenant');
select pg_temp.as_tenant('a');
select core.set_tenant_status('active');
select ok(core.revoke_api_key('scoreboard'), 'revoke_api_key() returns true for a key in force');
select is_empty('select k.* from given cross join lateral core.use_api_key(key) as k', 'use_api_key() returns no row for a revoked key');

select * from finish();
rollback;
