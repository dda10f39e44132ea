-- A stream accepts events only at the version that the writer expects, and returns them unchanged.
begin;
\ir ../prelude.sql
select plan(31);

insert into core.principal (tenant_id, principal_id, email, display_name) values (pg_temp.id('a'), pg_temp.id('aa'), 'aa@a.example', 'Aa');
select pg_temp.as_principal('aa');
select set_config('app.request_id', 'r1', true);
set local role stanchion_app;

select is(
    core.append_events('game', 'g1', 0, '[{"type": "start"}, {"type": "goal", "payload": {"by": 7}}]'), 2::bigint,
    'append_events() returns version 2 after two events'
);
select throws_ok(
    $$select core.append_events('game', 'g1', 0, '[{"type": "start"}]')$$, '40001', null,
    'append_events() refuses version 0 for an existing stream'
);
select throws_ok(
    $$select core.append_events('game', 'g1', 1, '[{"type": "goal"}]')$$, '40001', null,
    'append_events() refuses an expected version below the current one'
);
select throws_ok(
    $$select core.append_events('game', 'g1', 3, '[{"type": "goal"}]')$$, '40001', null,
    'append_events() refuses an expected version above the current one'
);
select throws_ok(
    $$select core.append_events('game', 'g2', 1, '[{"type": "goal"}]')$$, '40001', null,
    'append_events() refuses a version for a stream that does not exist'
);
select is(core.append_events('game', 'g1', 2, '[{"type": "end"}]'), 3::bigint, 'append_events() accepts the current version');
select is(core.append_events('game', 'g1', null, '[{"type": "note"}]'), 4::bigint, 'append_events() accepts any version when null is expected');
select is(core.append_events('game', 'g2', null, '[{"type": "start"}]'), 1::bigint, 'append_events() starts a stream when null is expected');
select is(core.append_events('game', 'g1', 4, '[]'), 4::bigint, 'append_events() without events leaves the version unchanged');
select throws_ok($$select core.append_events('game', 'g1', 3, '[]')$$, '40001', null, 'append_events() without events refuses a wrong version');
select throws_ok(
    $$select core.append_events('game', 'g1', 4, '[{"type": "x"}, {"payload": 1}]')$$, '23502', null,
    'append_events() refuses an event without a type'
);
select throws_ok($$select core.append_events('game', 'g1', 4, '["x"]')$$, '23502', null, 'append_events() refuses an event that is not an object');
select throws_ok($$select core.append_events('game', 'g1', 4, '{"type": "x"}')$$, '22023', null, 'append_events() refuses events that are not a list');
select throws_ok($$select core.append_events('game', 'g1', 4, null)$$, '23502', null, 'append_events() refuses null instead of events');
select results_eq(
    $$select version, event_type, payload, actor from core.read_stream('game', 'g1')$$,
    $$values
    (1::bigint, 'start', '{}'::jsonb, '00000000-0000-0000-0000-0000000000aa'),
    (2, 'goal', '{"by": 7}', '00000000-0000-0000-0000-0000000000aa'),
    (3, 'end', '{}', '00000000-0000-0000-0000-0000000000aa'),
    (4, 'note', '{}', '00000000-0000-0000-0000-0000000000aa')$$,
    'read_stream() returns the events in order with their actor'
);
select results_eq($$select version from core.read_stream('game', 'g1', 2, 2)$$, array[2::bigint, 3], 'read_stream() returns only the requested part');
select is_empty($$select * from core.read_stream('game', 'g3')$$, 'read_stream() returns no row for a stream that does not exist');
select is(
    core.append_events('json', 'j', 0, '[{"type": "t", "payload": null}, {"type": "t", "payload": [1, "ж", {"a": [true]}]}, {"type": "t", "payload": "\"'' \\ "}, {"type": "t", "payload": -1.50}]'),
    4::bigint, 'append_events() accepts any JSON as payload'
);
select results_eq(
    $$select payload from core.read_stream('json', 'j')$$,
    array['null'::jsonb, '[1, "ж", {"a": [true]}]', '"\"'' \\ "', '-1.50'],
    'read_stream() returns the payloads unchanged'
);

select ok(core.save_stream_state('game', 'g1', 2, '{"goals": 1}'), 'save_stream_state() returns true for a newer state');
select ok(not core.save_stream_state('game', 'g1', 1, '{"goals": 0}'), 'save_stream_state() returns false for an older state');
select ok(not core.save_stream_state('game', 'g3', 1, '{}'), 'save_stream_state() returns false for a stream that does not exist');
select throws_ok($$select core.save_stream_state('game', 'g1', 5, '{}')$$, '23514', null, 'save_stream_state() refuses a version beyond the stream');
select throws_ok($$select core.save_stream_state('game', 'g1', 3, null)$$, '23514', null, 'save_stream_state() refuses null as the state');
select results_eq(
    $$select version, event_type, payload from core.read_from_state('game', 'g1')$$,
    $$values (2::bigint, 'state', '{"goals": 1}'::jsonb), (3, 'end', '{}'), (4, 'note', '{}')$$,
    'read_from_state() returns the last state and the events after it'
);
select throws_ok('select * from core.event', '42501', null, 'an application cannot read core.event');
select pg_temp.as_tenant('b'), pg_temp.as_principal('');
select is_empty($$select * from core.read_from_state('game', 'g1')$$, 'read_from_state() returns no row of another tenant');
select is(core.append_events('game', 'g1', 0, '[{"type": "start"}]'), 1::bigint, 'append_events() starts a stream of the same name for another tenant');
select pg_temp.as_tenant('');
select throws_ok($$select core.append_events('game', 'g1', null, '[{"type": "start"}]')$$, '42501', null, 'append_events() fails without a tenant');
select throws_ok($$select * from core.read_stream('game', 'g1')$$, '42501', null, 'read_stream() fails without a tenant');
select throws_ok($$select * from core.poll_events('c')$$, '42501', null, 'poll_events() fails without a tenant');

select * from finish();
rollback;
