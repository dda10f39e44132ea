-- A key is claimed once within its window, whatever the day, and answered with what was kept for it.
begin;
select plan(56);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.v7(p_time timestamptz, p_tail text default '000000000001') returns text language sql as $$
    select left(h, 8) || '-' || right(h, 4) || '-7000-8000-' || p_tail
    from lpad(to_hex((extract(epoch from p_time) * 1000)::bigint), 12, '0') as h
$$;
-- what became of a claim, in one word and two
create function pg_temp.claim(p_key text, p_fingerprint text default 'f', p_lease interval default '30 s') returns text language sql as $$
    select concat_ws(' ', c.outcome, c.attempt, c.response_code, encode(c.response_body, 'hex'))
    from core.claim_key(p_key, p_fingerprint::bytea, p_lease) as c
$$;
select core.ensure_partitions('core.idempotency_key', '2030-01-01', '2030-01-10');
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

-- the matrix, for a key of any text
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.claim('pay 1'), 'claimed 1', 'a new key is claimed');
select is(pg_temp.claim('pay 1'), 'in_progress 1', 'and asked again, is in progress');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 1', 'with another fingerprint it is for something else');
select pg_temp.at('2030-01-05 12:00:29.999999+00');
select is(pg_temp.claim('pay 1'), 'in_progress 1', 'the lease holds to its last microsecond');
select pg_temp.at('2030-01-05 12:00:30+00');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 1', 'nobody takes it over for something else');
select is(pg_temp.claim('pay 1'), 'takeover 2', 'when the lease ends, another takes over');
select is(pg_temp.claim('pay 1'), 'in_progress 2', 'and has a lease of its own');
select ok(not core.complete_key('pay 1', 1, 200, 'x'), 'whose lease ended, and whose key was taken over, cannot complete it');
select ok(not core.complete_key('pay 1', 3, 200, 'x'), 'nor can who was never given it');
select ok(core.complete_key('pay 1', 2, 201, '\x00ff00'), 'the holder can');
select ok(not core.complete_key('pay 1', 2, 500, 'x'), 'but once');
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'then everybody is given the answer, byte for byte');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 2', 'but for something else');
select is(pg_temp.claim('pay 2', 'g'), 'claimed 1', 'another key is another key');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is(pg_temp.claim('pay 1', 'g'), 'claimed 1', 'and another tenant has its own');
select ok(core.complete_key('pay 1', 1, 200, 'theirs'), 'which it completes');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'without a trace in the first one''s');
select is(pg_temp.claim('null'), 'claimed 1', 'an answer may be without a body');
select ok(core.complete_key('null', 1, null, null), 'and without a code');
select is(pg_temp.claim('null'), 'replay 1', 'and is replayed as that');

-- the window, across midnight
select pg_temp.at('2030-01-06 11:59:59.999+00');
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'the next day it is the same key');
select ok(not core.complete_key('pay 2', 2, 200, 'x'), 'and the same fence');
select ok(core.complete_key('pay 2', 1, 200, 'late'), 'and the same holder, when nobody took over');
select pg_temp.at('2030-01-06 12:00:00+00');
select is(pg_temp.claim('pay 1'), 'claimed 3', 'after 24 hours it is forgotten');
select ok(not core.complete_key('pay 1', 2, 200, 'x'), 'but who held it then does not hold it now');
select pg_temp.at('2030-01-07 23:59:59.999+00');
select is(pg_temp.claim('midnight'), 'claimed 1', 'a key claimed just before midnight');
select pg_temp.at('2030-01-08 00:00:00.001+00');
select is(pg_temp.claim('midnight'), 'in_progress 1', 'is the same just after');
select is(pg_temp.claim('other midnight'), 'claimed 1', 'a key claimed just after midnight');
select pg_temp.at('2030-01-07 23:59:59.999+00');
select is(pg_temp.claim('other midnight'), 'in_progress 1', 'is the same for a clock that is behind');
select pg_temp.at('2030-01-08 23:59:50+00');
select is(pg_temp.claim('midnight'), 'takeover 2', 'it can be taken over until its window ends');
select pg_temp.at('2030-01-08 23:59:59.999+00');
select is(pg_temp.claim('midnight'), 'claimed 3', 'when the lease ends with it');

-- a UUIDv7
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 11:59:59+00')), 'claimed 1', 'a UUIDv7 is claimed');
select is(pg_temp.claim(upper(pg_temp.v7('2030-01-05 11:59:59+00'))), 'in_progress 1', 'in whatever case it is written');
select throws_ok($$select pg_temp.claim(pg_temp.v7('2030-01-04 12:00:00+00'))$$, '22023', null, 'not when it is older than the window');
select is(pg_temp.claim(pg_temp.v7('2030-01-04 12:00:00.001+00')), 'claimed 1', 'but up to then, under the day that it was made');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 12:05:00+00')), 'claimed 1', 'a clock may be five minutes ahead');
select throws_ok($$select pg_temp.claim(pg_temp.v7('2030-01-05 12:05:00.001+00'))$$, '22023', null, 'and no more');
select pg_temp.at('2030-01-05 12:00:30+00');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 11:59:59+00')), 'takeover 2', 'it is taken over');
select ok(not core.complete_key(pg_temp.v7('2030-01-05 11:59:59+00'), 1, 200, 'x'), 'its first holder no longer completes it');
select pg_temp.at('2030-01-06 12:00:30+00');
select ok(core.complete_key(pg_temp.v7('2030-01-05 11:59:59+00'), 2, 200, 'x'), 'its second one does, also after the window, since nobody else can claim it');

-- many at once
select pg_temp.at('2030-01-08 12:00:00+00');
select is(
    (
        select string_agg(pg_temp.claim(k, 'f', i), ', ' order by n)
        from (values (1, 'b1', '1 day'::interval), (2, 'b2', '1 s'), (3, pg_temp.v7('2030-01-07 12:00:01+00'), '1 day'), (4, 'b3', '1 day')) as c (n, k, i)
    ),
    'claimed 1, claimed 1, claimed 1, claimed 1', 'a batch of keys of either kind'
);
select pg_temp.at('2030-01-09 00:00:01+00');
select is(pg_temp.claim('b2'), 'takeover 2', 'of which one is lost');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is(
    core.complete_keys(array['b1', pg_temp.v7('2030-01-07 12:00:01+00')], '{1,1}', 200, '{x,x}'), '{}', 'is not another tenant''s to complete'
);
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select set_eq(
    $$select unnest(core.complete_keys(array['b1', 'b2', pg_temp.v7('2030-01-07 12:00:01+00'), 'none'], '{1,1,1,1}', 201, '{a,b,null,d}'))$$,
    array['b1', pg_temp.v7('2030-01-07 12:00:01+00')], 'is completed across midnight, but for what was taken over and what never was'
);
select is(core.complete_keys('{b1,b2}', '{1,2}', 500, '{x,y}'), '{b2}', 'once each');
select is(
    pg_temp.claim('b1') || ', ' || pg_temp.claim('b2') || ', ' || pg_temp.claim('b3'), 'replay 1 201 61, replay 2 500 79, in_progress 1',
    'with its own answer, and the others stay as they were'
);
select pg_temp.at('2030-01-09 12:00:00+00');
select is(core.complete_keys('{b3}', '{1}', 200, '{x}'), '{}', 'a window ends for a batch too');

-- what is a key
select is(
    core.key_time('01945e2c-0000-7abc-89ab-0123456789ab'), to_timestamp(x'01945e2c0000'::bigint / 1000.0), 'a UUIDv7 tells when it was made'
);
select ok(
    (
        select bool_and(core.key_time(k) is null)
        from unnest(array[
            '', 'x', gen_random_uuid()::text, '01945e2c-0000-7abc-c9ab-0123456789ab', '01945e2c-0000-7abc-89ab-0123456789ag',
            '{01945e2c-0000-7abc-89ab-0123456789ab}', '01945e2c00007abc89ab0123456789ab', ' 01945e2c-0000-7abc-89ab-0123456789ab',
            '01945e2c-0000-7abc-89ab-0123456789ab' || e'\n'
        ]) as k
    ),
    'nothing else does'
);
select is(
    (select count(*)::integer from generate_series(1, 10000) as n where core.key_time(core.key_hash('key ' || n)::text) is not null),
    0, 'no hash of ten thousand is a UUIDv7'
);
select is(
    (select count(distinct core.key_hash('key ' || n))::integer from generate_series(1, 10000) as n), 10000, 'and no two are one'
);
select is(pg_temp.claim(repeat('long ', 20000)), 'claimed 1', 'a key may be long');
select is(pg_temp.claim('ключ 🗝'), 'claimed 1', 'and in any script');
select throws_ok($$select pg_temp.claim('')$$, '22023', null, 'an empty key is none');
select throws_ok($$select pg_temp.claim('x', 'f', '0 s')$$, '22023', null, 'a lease of nothing is none');
select set_config('app.tenant_id', '', true);
select throws_ok($$select core.claim_key('x', '')$$, '42501', null, 'no tenant, no key');

select * from finish();
rollback;
