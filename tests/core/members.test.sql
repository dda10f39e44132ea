-- Nobody makes themselves more than they are.
begin;
select plan(9);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'team'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'team');
insert into core.principal (tenant_id, principal_id, email, display_name) values
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a1', 'owner@a.example', 'Owner'),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a2', 'admin@a.example', 'Admin'),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a3', 'viewer@a.example', 'Viewer');
insert into core.membership (tenant_id, principal_id, role, is_active) values
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a1', 'owner', true),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a2', 'admin', true),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000a3', 'viewer', true);

-- an operator's session would pass; an application's login is none
create role app_under_test login in role stanchion_app;
set local session authorization app_under_test;
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000a3', true);
select is(core.member_role(), 'viewer', 'a viewer is a viewer');
select throws_ok($$select core.add_member('friend@a.example', 'Friend', 'viewer')$$, '42501', null, 'and adds nobody');
select throws_ok($$update core.membership set role = 'owner'$$, '42501', null, 'nor promotes themselves');
select throws_ok($$insert into core.membership values (core.current_tenant(), core.current_principal(), 'owner')$$, '42501', null, 'nor adds a membership by hand');

select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000a2', true);
select lives_ok($$select core.add_member('New@A.example', 'New', 'editor')$$, 'an admin adds an editor');
select throws_ok($$select core.add_member('boss@a.example', 'Boss', 'owner')$$, '42501', null, 'but no owner');
select results_eq($$select email from core.principal where display_name = 'New'$$, array['new@a.example'], 'addresses are lower case');
select throws_ok($$select core.add_member('new@a.example', 'New', 'viewer')$$, '23505', null, 'a member is a member once');

select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is(core.member_role(), null, 'who is somebody in one tenant is nobody in another');

select * from finish();
rollback;
