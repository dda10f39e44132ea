-- An invitation admits the invited address once, before it expires, while the plan has a free seat.
begin;
\ir ../prelude.sql
select plan(24);

-- Makes an address that of the session, without a principal.
create function pg_temp.as_address(p_email text) returns void language sql as $$
    select set_config('app.email', p_email, true), pg_temp.as_principal('')
$$;
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-31') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');
create temporary table token (name text, token text);
grant select, insert on pg_temp.token to public;
create function pg_temp.accept(p_name text) returns uuid language sql as $$
    select workspace.accept_invitation((select t.token from pg_temp.token as t where t.name = p_name order by ctid desc limit 1))
$$;
insert into token values ('ada', workspace.invite('Ada@Example.org', 'owner'));
select pg_temp.as_application();

-- permissions
select throws_ok($$select workspace.invite('x@example.org', 'viewer')$$, '42501', null, 'invite() refuses a session without a principal');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'accept_invitation() refuses a session without an address');
select pg_temp.as_address('eve@example.org');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'accept_invitation() refuses another address');
select pg_temp.as_address('ADA@example.org');
select throws_ok($$select workspace.accept_invitation('inv_guess')$$, 'P0002', null, 'accept_invitation() refuses an unknown token');
select pg_temp.as_tenant('b');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'accept_invitation() refuses the token of another tenant');
select pg_temp.as_tenant('a');
select pg_temp.as_principal('ad');
select is(pg_temp.accept('ada'), pg_temp.id('ad'), 'accept_invitation() returns the principal of the session, in any case of the address');
select is(core.member_role(), 'owner', 'accept_invitation() gives the role of the invitation');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'accept_invitation() refuses a token that was used');
select lives_ok($$insert into token values ('bob', workspace.invite('bob@example.org', 'viewer'))$$, 'invite() allows an owner');
select lives_ok(
    $$insert into token values ('old', (select token from token where name = 'bob')), ('bob', workspace.invite('bob@example.org', 'editor'))$$,
    'invite() accepts an address that is already invited'
);
select pg_temp.as_address('bob@example.org');
select throws_ok($$select pg_temp.accept('old')$$, 'P0002', null, 'accept_invitation() refuses the first of two tokens for an address');
select set_config('app.principal_id', pg_temp.accept('bob')::text, true) is not null as joined;
select is(core.member_role(), 'editor', 'accept_invitation() accepts the last of two tokens for an address');
select throws_ok($$select workspace.invite('x@example.org', 'viewer')$$, '42501', null, 'invite() refuses an editor');
select throws_ok($$select core.add_member('bob@example.org', 'Bob', 'owner')$$, '42501', null, 'add_member() refuses an editor who promotes themselves');

-- expiry and seats
select pg_temp.as_principal('ad');
insert into token values ('cy', workspace.invite('cy@example.org', 'admin', '1 hour')), ('di', workspace.invite('di@example.org', 'viewer'));
select throws_ok($$select workspace.invite('x@example.org', 'king')$$, '23514', null, 'invite() refuses an unknown role');
select throws_ok($$select workspace.invite('x@example.org', 'viewer', '0')$$, '22023', null, 'invite() refuses a duration of zero');
reset session authorization;
select pg_temp.at('2030-01-01 13:00:00+00');
select pg_temp.as_application();
select pg_temp.as_address('cy@example.org');
select throws_ok($$select pg_temp.accept('cy')$$, 'P0002', null, 'accept_invitation() refuses an expired token');
select pg_temp.as_principal('ad');
insert into token values ('cy', workspace.invite('cy@example.org', 'admin'));
select pg_temp.as_address('cy@example.org');
select set_config('app.principal_id', pg_temp.accept('cy')::text, true) is not null as joined;
select is(core.member_role(), 'admin', 'accept_invitation() accepts a new token after an expired one');
select throws_ok($$select workspace.invite('x@example.org', 'owner')$$, '42501', null, 'invite() refuses an admin who invites an owner');
select pg_temp.as_address('di@example.org');
select throws_ok($$select pg_temp.accept('di')$$, '53400', null, 'accept_invitation() refuses a fourth member of a plan with three seats');
reset session authorization;
select workspace.subscribe('team');
select pg_temp.as_application();
select lives_ok($$select pg_temp.accept('di')$$, 'accept_invitation() accepts a fourth member after a subscription to a larger plan');
select pg_temp.as_principal('ad');
insert into token values ('di', workspace.invite('di@example.org', 'owner'));
select pg_temp.as_address('di@example.org');
select throws_ok($$select pg_temp.accept('di')$$, '23505', null, 'accept_invitation() refuses an address that is already a member');
select throws_ok($$select i.token_hash from workspace.invitation as i$$, '42501', null, 'an application cannot read the hash of a token');
select throws_ok($$update workspace.invitation set role = 'owner'$$, '42501', null, 'an application cannot update an invitation');

select * from finish();
rollback;
