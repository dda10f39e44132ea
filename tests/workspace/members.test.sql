-- An invitation lets in whoever was invited, once, in time, and while there is a seat.
begin;
select plan(24);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.as_of(p_email text) returns void language sql as $$
    select set_config('app.email', p_email, true), set_config('app.principal_id', '', true)
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'team'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'team');
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-31') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
create temporary table token (name text, token text);
grant select, insert on pg_temp.token to public;
create function pg_temp.accept(p_name text) returns uuid language sql as $$
    select workspace.accept_invitation((select t.token from pg_temp.token as t where t.name = p_name order by ctid desc limit 1))
$$;
insert into token values ('ada', workspace.invite('Ada@Example.org', 'owner'));
create role an_app login in role stanchion_app;
set session authorization an_app;

-- by whom
select throws_ok($$select workspace.invite('x@example.org', 'viewer')$$, '42501', null, 'nobody in particular invites nobody');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'without an address nobody is who was invited');
select pg_temp.as_of('eve@example.org');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'another address is not either');
select pg_temp.as_of('ADA@example.org');
select throws_ok($$select workspace.accept_invitation('inv_guess')$$, 'P0002', null, 'a token is not guessed');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'the token of one tenant opens no other');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000ad', true);
select is(pg_temp.accept('ada'), '00000000-0000-0000-0000-0000000000ad', 'who was invited comes in, whatever the case, as who they are');
select is(core.member_role(), 'owner', 'with the role of the invitation');
select throws_ok($$select pg_temp.accept('ada')$$, 'P0002', null, 'once');
select lives_ok($$insert into token values ('bob', workspace.invite('bob@example.org', 'viewer'))$$, 'an owner invites');
select lives_ok($$insert into token values ('old', (select token from token where name = 'bob')), ('bob', workspace.invite('bob@example.org', 'editor'))$$, 'and again');
select pg_temp.as_of('bob@example.org');
select throws_ok($$select pg_temp.accept('old')$$, 'P0002', null, 'the first of two no longer works');
select set_config('app.principal_id', pg_temp.accept('bob')::text, true) is not null as joined;
select is(core.member_role(), 'editor', 'the last does');
select throws_ok($$select workspace.invite('x@example.org', 'viewer')$$, '42501', null, 'an editor invites nobody');
select throws_ok($$select core.add_member('bob@example.org', 'Bob', 'owner')$$, '42501', null, 'nor promotes themselves');

-- in time, and while there is a seat
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000ad', true);
insert into token values ('cy', workspace.invite('cy@example.org', 'admin', '1 hour')), ('di', workspace.invite('di@example.org', 'viewer'));
select throws_ok($$select workspace.invite('x@example.org', 'king')$$, '23514', null, 'there are no kings');
select throws_ok($$select workspace.invite('x@example.org', 'viewer', '0')$$, '22023', null, 'nor invitations for no time');
reset session authorization;
select pg_temp.at('2030-01-01 13:00:00+00');
set session authorization an_app;
select pg_temp.as_of('cy@example.org');
select throws_ok($$select pg_temp.accept('cy')$$, 'P0002', null, 'an invitation is over when its time is');
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000ad', true);
insert into token values ('cy', workspace.invite('cy@example.org', 'admin'));
select pg_temp.as_of('cy@example.org');
select set_config('app.principal_id', pg_temp.accept('cy')::text, true) is not null as joined;
select is(core.member_role(), 'admin', 'it can be given again');
select throws_ok($$select workspace.invite('x@example.org', 'owner')$$, '42501', null, 'an admin makes no owners');
select pg_temp.as_of('di@example.org');
select throws_ok($$select pg_temp.accept('di')$$, '53400', null, 'three seats are three members');
reset session authorization;
select workspace.subscribe('team');
set session authorization an_app;
select lives_ok($$select pg_temp.accept('di')$$, 'who pays has more');
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000ad', true);
insert into token values ('di', workspace.invite('di@example.org', 'owner'));
select pg_temp.as_of('di@example.org');
select throws_ok($$select pg_temp.accept('di')$$, '23505', null, 'who is a member cannot become one');
select throws_ok($$select i.token_hash from workspace.invitation as i$$, '42501', null, 'no token is to be seen');
select throws_ok($$update workspace.invitation set role = 'owner'$$, '42501', null, 'and none to be changed');

select * from finish();
rollback;
