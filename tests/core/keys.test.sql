-- A key is claimed once within its window, also across midnight, and returns its stored response afterwards.
begin;
\ir ../prelude.sql
select plan(63);

create function pg_temp.v7(p_time timestamptz, p_tail text default '000000000001') returns text language sql as $$
    select left(h, 8) || '-' || right(h, 4) || '-7000-8000-' || p_tail
    from lpad(to_hex((extract(epoch from p_time) * 1000)::bigint), 12, '0') as h
$$;
-- Returns the outcome and the attempt of a claim, then the response code and the body.
create function pg_temp.claim(p_key text, p_fingerprint text default 'f', p_lease interval default '30 s') returns text language sql as $$
    select concat_ws(' ', c.outcome, c.attempt, c.response_code, encode(c.response_body, 'hex'))
    from core.claim_key(p_key, p_fingerprint::bytea, p_lease) as c
$$;
select core.ensure_partitions('core.idempotency_key', '2030-01-01', '2030-01-10');

-- every outcome, for a key that is not a UUIDv7
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.claim('pay 1'), 'claimed 1', 'claim_key() returns claimed for a new key');
select is(pg_temp.claim('pay 1'), 'in_progress 1', 'claim_key() returns in_progress for a key with a lease in force');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 1', 'claim_key() returns mismatch for another fingerprint');
select pg_temp.at('2030-01-05 12:00:29.999999+00');
select is(pg_temp.claim('pay 1'), 'in_progress 1', 'claim_key() returns in_progress until the last microsecond of the lease');
select pg_temp.at('2030-01-05 12:00:30+00');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 1', 'claim_key() returns mismatch for another fingerprint after the lease');
select is(pg_temp.claim('pay 1'), 'takeover 2', 'claim_key() returns takeover when the lease has expired');
select is(pg_temp.claim('pay 1'), 'in_progress 2', 'claim_key() returns in_progress during the lease of a takeover');
select ok(not core.complete_key('pay 1', 1, 200, 'x'), 'complete_key() returns false for the attempt that was taken over');
select ok(not core.complete_key('pay 1', 3, 200, 'x'), 'complete_key() returns false for an attempt that was never given out');
select ok(core.complete_key('pay 1', 2, 201, '\x00ff00'), 'complete_key() returns true for the current attempt');
select ok(not core.complete_key('pay 1', 2, 500, 'x'), 'complete_key() returns false for a key that is complete');
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'claim_key() returns replay with the response, byte for byte');
select is(pg_temp.claim('pay 1', 'g'), 'mismatch 2', 'claim_key() returns mismatch for another fingerprint of a complete key');
select is(pg_temp.claim('pay 2', 'g'), 'claimed 1', 'claim_key() returns claimed for another key');
select pg_temp.as_tenant('b');
select is(pg_temp.claim('pay 1', 'g'), 'claimed 1', 'claim_key() returns claimed for the same key of another tenant');
select ok(core.complete_key('pay 1', 1, 200, 'theirs'), 'complete_key() completes the key of the other tenant');
select pg_temp.as_tenant('a');
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'claim_key() returns the response of the own tenant');
select is(pg_temp.claim('null'), 'claimed 1', 'claim_key() returns claimed for a key that will have no response');
select ok(core.complete_key('null', 1, null, null), 'complete_key() accepts a response without a code and a body');
select is(pg_temp.claim('null'), 'replay 1', 'claim_key() returns replay with a null code and body when none were stored');

-- the window, across midnight
select pg_temp.at('2030-01-06 11:59:59.999+00');
select is(pg_temp.claim('pay 1'), 'replay 2 201 00ff00', 'claim_key() returns replay on the next day, within the window');
select ok(not core.complete_key('pay 2', 2, 200, 'x'), 'complete_key() returns false for a wrong attempt on the next day');
select ok(core.complete_key('pay 2', 1, 200, 'late'), 'complete_key() returns true after the lease when no takeover happened');
select pg_temp.at('2030-01-06 12:00:00+00');
select is(pg_temp.claim('pay 1'), 'claimed 3', 'claim_key() returns claimed when the window of 24 hours has passed');
select ok(not core.complete_key('pay 1', 2, 200, 'x'), 'complete_key() returns false for an attempt of an earlier window');
select pg_temp.at('2030-01-07 23:59:59.999+00');
select is(pg_temp.claim('midnight'), 'claimed 1', 'claim_key() returns claimed just before midnight');
select pg_temp.at('2030-01-08 00:00:00.001+00');
select is(pg_temp.claim('midnight'), 'in_progress 1', 'claim_key() returns in_progress just after midnight for the same key');
select is(pg_temp.claim('other midnight'), 'claimed 1', 'claim_key() returns claimed just after midnight for another key');
select pg_temp.at('2030-01-07 23:59:59.999+00');
select is(pg_temp.claim('other midnight'), 'in_progress 1', 'claim_key() returns in_progress when the clock has gone back over midnight');
select pg_temp.at('2030-01-08 23:59:50+00');
select is(pg_temp.claim('midnight'), 'takeover 2', 'claim_key() returns takeover until the end of the window');
select pg_temp.at('2030-01-08 23:59:59.999+00');
select is(pg_temp.claim('midnight'), 'claimed 3', 'claim_key() returns claimed at the end of the window, when the lease ends too');

-- a clock that goes back over midnight by more than the tolerance
select pg_temp.at('2030-01-08 00:10:00+00');
select is(pg_temp.claim('back'), 'claimed 1', 'claim_key() returns claimed for a key after midnight, before the clock goes back');
select pg_temp.at('2030-01-07 23:50:00+00');
select is(pg_temp.claim('back'), 'in_progress 1', 'claim_key() returns in_progress when the clock has gone back over midnight by twenty minutes');
select is(pg_temp.claim('new'), 'claimed 1', 'claim_key() returns claimed for another key when the clock has gone back');
select pg_temp.at('2030-01-06 12:00:00+00');
select is(pg_temp.claim('back', 'g'), 'mismatch 1', 'claim_key() returns mismatch when the clock has gone back by more than a day');
select ok(core.complete_key('back', 1, 200, 'b'), 'complete_key() completes a key that was claimed two days later by the clock');
select is(core.complete_keys('{new}', '{1}', 200, '{n}'), '{new}', 'complete_keys() completes a key that was claimed a day later by the clock');
select is(pg_temp.claim('back'), 'replay 1 200 62', 'claim_key() returns replay when the clock has gone back by more than a day');

-- a UUIDv7
select pg_temp.at('2030-01-05 12:00:00+00');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 11:59:59+00')), 'claimed 1', 'claim_key() returns claimed for a UUIDv7');
select is(pg_temp.claim(upper(pg_temp.v7('2030-01-05 11:59:59+00'))), 'in_progress 1', 'claim_key() returns in_progress for a UUIDv7 in upper case');
select throws_ok($$select pg_temp.claim(pg_temp.v7('2030-01-04 12:00:00+00'))$$, '22023', null, 'claim_key() refuses a UUIDv7 that is older than the window');
select is(pg_temp.claim(pg_temp.v7('2030-01-04 12:00:00.001+00')), 'claimed 1', 'claim_key() returns claimed for a UUIDv7 at the beginning of the window');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 12:05:00+00')), 'claimed 1', 'claim_key() returns claimed for a UUIDv7 that is five minutes ahead');
select throws_ok(
    $$select pg_temp.claim(pg_temp.v7('2030-01-05 12:05:00.001+00'))$$, '22023', null,
    'claim_key() refuses a UUIDv7 that is more than five minutes ahead'
);
select pg_temp.at('2030-01-05 12:00:30+00');
select is(pg_temp.claim(pg_temp.v7('2030-01-05 11:59:59+00')), 'takeover 2', 'claim_key() returns takeover for a UUIDv7 with an expired lease');
select ok(
    not core.complete_key(pg_temp.v7('2030-01-05 11:59:59+00'), 1, 200, 'x'),
    'complete_key() returns false for the attempt of a UUIDv7 that was taken over'
);
select pg_temp.at('2030-01-06 12:00:30+00');
select ok(
    core.complete_key(pg_temp.v7('2030-01-05 11:59:59+00'), 2, 200, 'x'),
    'complete_key() returns true for a UUIDv7 after its window, since no other claim is possible'
);

-- several keys in one statement
select pg_temp.at('2030-01-08 12:00:00+00');
select is(
    (
        select string_agg(pg_temp.claim(k, 'f', i), ', ' order by n)
        from (values (1, 'b1', '1 day'::interval), (2, 'b2', '1 s'), (3, pg_temp.v7('2030-01-07 12:00:01+00'), '1 day'), (4, 'b3', '1 day')) as c (n, k, i)
    ),
    'claimed 1, claimed 1, claimed 1, claimed 1', 'claim_key() returns claimed for each of several keys in one statement'
);
select pg_temp.at('2030-01-09 00:00:01+00');
select is(pg_temp.claim('b2'), 'takeover 2', 'claim_key() returns takeover for one of several keys after its lease');
select pg_temp.as_tenant('b');
select is(
    core.complete_keys(array['b1', pg_temp.v7('2030-01-07 12:00:01+00')], '{1,1}', 200, '{x,x}'), '{}', 'complete_keys() completes no key of another tenant'
);
select pg_temp.as_tenant('a');
select set_eq(
    $$select unnest(core.complete_keys(array['b1', 'b2', pg_temp.v7('2030-01-07 12:00:01+00'), 'none'], '{1,1,1,1}', 201, '{a,b,null,d}'))$$,
    array['b1', pg_temp.v7('2030-01-07 12:00:01+00')], 'complete_keys() returns the completed keys of two days, without keys that were taken over or are unknown'
);
select is(core.complete_keys('{b1,b2}', '{1,2}', 500, '{x,y}'), '{b2}', 'complete_keys() completes each key once');
select is(
    pg_temp.claim('b1') || ', ' || pg_temp.claim('b2') || ', ' || pg_temp.claim('b3'), 'replay 1 201 61, replay 2 500 79, in_progress 1',
    'claim_key() returns the own response of each completed key'
);
select pg_temp.at('2030-01-09 12:00:00+00');
select is(core.complete_keys('{b3}', '{1}', 200, '{x}'), '{}', 'complete_keys() completes no key after its window');

-- the forms of a key
select is(
    core.key_time('01945e2c-0000-7abc-89ab-0123456789ab'), to_timestamp(x'01945e2c0000'::bigint / 1000.0), 'key_time() returns the creation time of a UUIDv7'
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
    'key_time() returns null for every other text'
);
select is(
    (select count(*)::integer from generate_series(1, 10000) as n where core.key_time(core.key_hash('key ' || n)::text) is not null),
    0, 'key_hash() never returns a UUIDv7 for ten thousand keys'
);
select is(
    (select count(distinct core.key_hash('key ' || n))::integer from generate_series(1, 10000) as n), 10000, 'key_hash() returns ten thousand different values for ten thousand keys'
);
select is(pg_temp.claim(repeat('long ', 20000)), 'claimed 1', 'claim_key() returns claimed for a key of 100,000 characters');
select is(pg_temp.claim('ключ 🗝'), 'claimed 1', 'claim_key() returns claimed for a key in any script');
select throws_ok($$select pg_temp.claim('')$$, '22023', null, 'claim_key() refuses an empty key');
select throws_ok($$select pg_temp.claim('x', 'f', '0 s')$$, '22023', null, 'claim_key() refuses a lease of zero');
select pg_temp.as_tenant('');
select throws_ok($$select core.claim_key('x', '')$$, '42501', null, 'claim_key() fails without a tenant');

select * from finish();
rollback;
