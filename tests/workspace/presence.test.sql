-- A member is online for a time after the last heartbeat, and only members who may know it see it.
begin;
\ir ../prelude.sql
select plan(33);

create function pg_temp.beats(p_names text[], p_at text default null) returns integer language sql as $$
    select workspace.flush_presence((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('principal_id', pg_temp.id(n), 'at', p_at))) from unnest(p_names) as n))
$$;
create function pg_temp.online(p_me text default '') returns text language sql as $$
    select string_agg(right(o.principal_id::text, 2), ' ' order by o.principal_id)
    from (select pg_temp.as_principal(p_me)) as me,
        workspace.online_batch((select array_agg(pg_temp.id(n)) from unnest('{a1,a2,a3,a4,b1}'::text[]) as n)) as o
    where o.is_online
$$;
insert into core.principal (tenant_id, principal_id, email, display_name)
select pg_temp.id(left(n, 1)), pg_temp.id(n), n || '@example.org', n from unnest('{a1,a2,a3,a4,b1}'::text[]) as n;
insert into core.membership (tenant_id, principal_id, role, is_active)
select p.tenant_id, p.principal_id, 'viewer', p.display_name <> 'a4' from core.principal as p;
select pg_temp.at('2030-01-01 12:00:00+00');
select pg_temp.as_application();

select is(pg_temp.online(), null, 'online_batch() reports members without a heartbeat as offline');
select is(pg_temp.beats('{a1,a2,a3}'), 3, 'flush_presence() returns the number of members');
select is(pg_temp.beats('{a4,b1,ff}'), 0, 'flush_presence() skips inactive members, members of another tenant and unknown principals');
select is(pg_temp.online(), 'a1 a2 a3', 'online_batch() reports members with a heartbeat as online');
select is(pg_temp.beats('{a1}', '2030-01-01 11:00:00+00'), 0, 'flush_presence() ignores a heartbeat older than the stored one');
select is(pg_temp.beats('{a1}', '2031-01-01 11:00:00+00'), 0, 'flush_presence() stores a time in the future as now');
select is(workspace.flush_presence('[]'), 0, 'flush_presence() returns 0 for an empty list');
select throws_ok($$select workspace.flush_presence('{}')$$, '22023', null, 'flush_presence() refuses an argument that is not a list');
select throws_ok($$select workspace.flush_presence('[{"principal_id": "x"}]')$$, '22P02', null, 'flush_presence() refuses a principal that is not a uuid');
select is(pg_temp.online('a1'), 'a1 a2 a3', 'online_batch() shows members to each other');
insert into workspace.block (blocked_id) values (pg_temp.id('a2'));
select is(pg_temp.online('a1'), 'a1 a3', 'online_batch() hides a blocked member from the member who blocked');
select is(pg_temp.online('a2'), 'a2 a3', 'online_batch() hides the member who blocked from the blocked member');
select is(pg_temp.online('a3'), 'a1 a2 a3', 'online_batch() shows both sides of a block to other members');
select is((select count(*) from workspace.block), 0::bigint, 'a member cannot read the blocks of another member');
insert into workspace.profile (is_incognito) values (true);
select is(pg_temp.online('a3'), 'a3', 'online_batch() shows incognito members only themselves');
select is(pg_temp.online('a1') || ', ' || pg_temp.online(), 'a1, a1 a2', 'online_batch() hides incognito members from everyone else');
select results_eq(
    $$select is_online, last_seen from workspace.online_batch(array[pg_temp.id('a3'), pg_temp.id('ff')]) group by 1, 2$$,
    $$values (false, null::timestamptz)$$, 'online_batch() returns the same for an incognito member and an unknown principal'
);
select lives_ok($$select pg_temp.online('a3')$$, 'online_batch() succeeds when an incognito member calls it again');
update workspace.profile set is_incognito = false;
select pg_temp.as_principal('a1');
select throws_ok($$update workspace.profile set principal_id = pg_temp.id('a1')$$, '42501', null, 'a member cannot write the profile of another member');
select throws_ok(
    $$insert into workspace.block (principal_id, blocked_id) values (pg_temp.id('a3'), pg_temp.id('a2'))$$, '42501', null,
    'a member cannot block on behalf of another member'
);
insert into workspace.favourite (favourite_id) values (pg_temp.id('a2'));
select throws_ok('delete from workspace.block', '42501', null, 'an application cannot delete blocks itself');
select throws_ok('delete from workspace.favourite', '42501', null, 'an application cannot delete favourites itself');
select pg_temp.as_principal('a3');
select is(
    workspace.unblock(pg_temp.id('a2')) or workspace.remove_favourite(pg_temp.id('a2')), false,
    'unblock() and remove_favourite() return false for the block and the favourite of another member'
);
select pg_temp.as_principal('');
select is(workspace.unblock(pg_temp.id('a2')), false, 'unblock() returns false without a principal');
select pg_temp.as_principal('a1');
select is(workspace.unblock(pg_temp.id('a2')), true, 'unblock() returns true for a block of the acting member');
select is((select count(*) from workspace.block), 0::bigint, 'unblock() deletes the block');
select is(workspace.remove_favourite(pg_temp.id('a2')), true, 'remove_favourite() returns true for a favourite of the acting member');
insert into workspace.favourite (favourite_id) values (pg_temp.id('a2'));
select is(workspace.remove_favourite(null), false, 'remove_favourite() returns false for null');
select pg_temp.as_principal('a2');
select is((select count(*) from workspace.favourite), 0::bigint, 'a member cannot read the favourites of another member');
select throws_ok($$select * from workspace.presence$$, '42501', null, 'an application cannot read workspace.presence');
select throws_ok(
    $$select * from workspace.online_batch(array(select gen_random_uuid() from generate_series(1, 1001)))$$, '22023', null,
    'online_batch() refuses more than 1000 principals'
);
reset session authorization;
select pg_temp.at('2030-01-01 12:02:00+00');
select pg_temp.as_application();
select is(pg_temp.online(), null, 'online_batch() reports members as offline two minutes after their last heartbeat');
reset session authorization;
select core.ensure_partitions('core.audit_log', '2030-01-01', '2030-01-01'), core.set_tenant_config('workspace', 'presence_seconds', '300');
select pg_temp.as_application();
select is(pg_temp.online('a3'), 'a1 a2 a3', 'the setting presence_seconds decides how long a member is online');

select * from finish();
rollback;
