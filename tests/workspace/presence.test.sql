-- Who is online follows from when they were heard of, and is told to whom it may be.
begin;
select plan(25);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.id(p_name text) returns uuid language sql as $$
    select ('00000000-0000-0000-0000-0000000000' || p_name)::uuid
$$;
create function pg_temp.beats(p_names text[], p_at text default null) returns integer language sql as $$
    select workspace.flush_presence((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('principal_id', pg_temp.id(n), 'at', p_at))) from unnest(p_names) as n))
$$;
create function pg_temp.online(p_me text default '') returns text language sql as $$
    select string_agg(right(o.principal_id::text, 2), ' ' order by o.principal_id)
    from (select set_config('app.principal_id', case when p_me = '' then '' else pg_temp.id(p_me)::text end, true)) as me,
        workspace.online_batch((select array_agg(pg_temp.id(n)) from unnest('{a1,a2,a3,a4,b1}'::text[]) as n)) as o
    where o.is_online
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
(pg_temp.id('0a'), 'a', 'A', 'community'), (pg_temp.id('0b'), 'b', 'B', 'community');
insert into core.principal (tenant_id, principal_id, email, display_name)
select pg_temp.id('0' || left(n, 1)), pg_temp.id(n), n || '@example.org', n from unnest('{a1,a2,a3,a4,b1}'::text[]) as n;
insert into core.membership (tenant_id, principal_id, role, is_active)
select p.tenant_id, p.principal_id, 'viewer', p.display_name <> 'a4' from core.principal as p;
select pg_temp.at('2030-01-01 12:00:00+00');
select set_config('app.tenant_id', pg_temp.id('0a')::text, true);
create role an_app login in role stanchion_app;
set session authorization an_app;

select is(pg_temp.online(), null, 'nobody is online who was not heard of');
select is(pg_temp.beats('{a1,a2,a3}'), 3, 'heartbeats come in');
select is(pg_temp.beats('{a4,b1,ff}'), 0, 'of active members of the tenant alone');
select is(pg_temp.online(), 'a1 a2 a3', 'whoever was heard of is online');
select is(pg_temp.beats('{a1}', '2030-01-01 11:00:00+00'), 0, 'an old heartbeat takes nothing back');
select is(pg_temp.beats('{a1}', '2031-01-01 11:00:00+00'), 0, 'and one of the future is of now');
select is(workspace.flush_presence('[]'), 0, 'no heartbeats are none');
select throws_ok($$select workspace.flush_presence('{}')$$, '22023', null, 'what is no list is refused');
select throws_ok($$select workspace.flush_presence('[{"principal_id": "x"}]')$$, '22P02', null, 'and so is nonsense');
select is(pg_temp.online('a1'), 'a1 a2 a3', 'members see each other');
insert into workspace.block (blocked_id) values (pg_temp.id('a2'));
select is(pg_temp.online('a1'), 'a1 a3', 'but for whom they blocked');
select is(pg_temp.online('a2'), 'a2 a3', 'who does not see them either');
select is(pg_temp.online('a3'), 'a1 a2 a3', 'and others do');
select is((select count(*) from workspace.block), 0::bigint, 'nobody else is told of the block');
insert into workspace.profile (is_incognito) values (true);
select is(pg_temp.online('a3'), 'a3', 'the incognito see themselves alone');
select is(pg_temp.online('a1') || ', ' || pg_temp.online(), 'a1, a1 a2', 'and are seen by nobody');
select results_eq(
    $$select is_online, last_seen from workspace.online_batch(array[pg_temp.id('a3'), pg_temp.id('ff')]) group by 1, 2$$,
    $$values (false, null::timestamptz)$$, 'they look like somebody who is not there at all'
);
select lives_ok($$select pg_temp.online('a3')$$, 'still');
update workspace.profile set is_incognito = false;
select set_config('app.principal_id', pg_temp.id('a1')::text, true);
select throws_ok($$update workspace.profile set principal_id = pg_temp.id('a1')$$, '42501', null, 'nobody writes another''s profile');
select throws_ok($$insert into workspace.block (principal_id, blocked_id) values (pg_temp.id('a3'), pg_temp.id('a2'))$$, '42501', null, 'or blocks for another');
insert into workspace.favourite (favourite_id) values (pg_temp.id('a2'));
select set_config('app.principal_id', pg_temp.id('a2')::text, true);
select is((select count(*) from workspace.favourite), 0::bigint, 'favourites are for whose they are');
select throws_ok($$select * from workspace.presence$$, '42501', null, 'nobody reads presence past the function');
select throws_ok($$select * from workspace.online_batch(array(select gen_random_uuid() from generate_series(1, 1001)))$$, '22023', null, 'a thousand at a time');
reset session authorization;
select pg_temp.at('2030-01-01 12:02:00+00');
set session authorization an_app;
select is(pg_temp.online(), null, 'whoever was not heard of for two minutes is offline, without having said so');
reset session authorization;
select core.ensure_partitions('core.audit_log', '2030-01-01', '2030-01-01'), core.set_tenant_config('workspace', 'presence_seconds', '300');
set session authorization an_app;
select is(pg_temp.online('a3'), 'a1 a2 a3', 'or for as long as the tenant says');

select * from finish();
rollback;
