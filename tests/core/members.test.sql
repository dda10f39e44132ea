-- Members cannot extend their own rights.
begin;
\ir ../prelude.sql
select plan(9);

insert into core.principal (tenant_id, principal_id, email, display_name) values
(pg_temp.id('a'), pg_temp.id('a1'), 'owner@a.example', 'Owner'),
(pg_temp.id('a'), pg_temp.id('a2'), 'admin@a.example', 'Admin'),
(pg_temp.id('a'), pg_temp.id('a3'), 'viewer@a.example', 'Viewer');
insert into core.membership (tenant_id, principal_id, role, is_active) values
(pg_temp.id('a'), pg_temp.id('a1'), 'owner', true),
(pg_temp.id('a'), pg_temp.id('a2'), 'admin', true),
(pg_temp.id('a'), pg_temp.id('a3'), 'viewer', true);

-- The checks do not apply to an operator, so this has to be the login of an application.
select pg_temp.as_application();

select pg_temp.as_principal('a3');
select is(core.member_role(), 'viewer', 'member_role() returns viewer for a viewer');
select throws_ok($$select core.add_member('friend@a.example', 'Friend', 'viewer')$$, '42501', null, 'add_member() refuses a viewer');
select throws_ok($$update core.membership set role = 'owner'$$, '42501', null, 'a viewer cannot change a role');
select throws_ok(
    $$insert into core.membership values (core.current_tenant(), core.current_principal(), 'owner')$$, '42501', null,
    'a viewer cannot insert a membership'
);

select pg_temp.as_principal('a2');
select lives_ok($$select core.add_member('New@A.example', 'New', 'editor')$$, 'add_member() allows an admin to add an editor');
select throws_ok($$select core.add_member('boss@a.example', 'Boss', 'owner')$$, '42501', null, 'add_member() refuses an admin who adds an owner');
select results_eq($$select email from core.principal where display_name = 'New'$$, array['new@a.example'], 'add_member() stores the address in lower case');
select throws_ok($$select core.add_member('new@a.example', 'New', 'viewer')$$, '23505', null, 'add_member() refuses an address that is already a member');

select pg_temp.as_tenant('b');
select is(core.member_role(), null, 'member_role() returns null in a tenant of which the principal is not a member');

select * from finish();
rollback;
