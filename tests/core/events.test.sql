-- A stream takes events at the version that the writer saw, and gives them back as they were.
begin;
select plan(31);

insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select set_config('app.principal_id', '00000000-0000-0000-0000-0000000000aa', true);
select set_config('app.request_id', 'r1', true);
set local role stanchion_app;

select is(core.append_events('game', 'g1', 0, '[{"type": "start"}, {"type": "goal", "payload": {"by": 7}}]'), 2::bigint, 'two events are version 2');
select throws_ok($$select core.append_events('game', 'g1', 0, '[{"type": "start"}]')$$, '40001', null, 'a stream that is there is not begun again');
select throws_ok($$select core.append_events('game', 'g1', 1, '[{"type": "goal"}]')$$, '40001', null, 'who saw less is refused');
select throws_ok($$select core.append_events('game', 'g1', 3, '[{"type": "goal"}]')$$, '40001', null, 'and who claims to have seen more');
select throws_ok($$select core.append_events('game', 'g2', 1, '[{"type": "goal"}]')$$, '40001', null, 'also of a stream that is not there');
select is(core.append_events('game', 'g1', 2, '[{"type": "end"}]'), 3::bigint, 'who saw all is not');
select is(core.append_events('game', 'g1', null, '[{"type": "note"}]'), 4::bigint, 'an expected null takes any version');
select is(core.append_events('game', 'g2', null, '[{"type": "start"}]'), 1::bigint, 'and begins a stream');
select is(core.append_events('game', 'g1', 4, '[]'), 4::bigint, 'no events change nothing');
select throws_ok($$select core.append_events('game', 'g1', 3, '[]')$$, '40001', null, 'but the version has to be right');
select throws_ok($$select core.append_events('game', 'g1', 4, '[{"type": "x"}, {"payload": 1}]')$$, '23502', null, 'an event without a type is refused');
select throws_ok($$select core.append_events('game', 'g1', 4, '["x"]')$$, '23502', null, 'and what is no event');
select throws_ok($$select core.append_events('game', 'g1', 4, '{"type": "x"}')$$, '22023', null, 'and what is no list');
select throws_ok($$select core.append_events('game', 'g1', 4, null)$$, '23502', null, 'and nothing');
select results_eq(
    $$select version, event_type, payload, actor from core.read_stream('game', 'g1')$$,
    $$values
    (1::bigint, 'start', '{}'::jsonb, '00000000-0000-0000-0000-0000000000aa'),
    (2, 'goal', '{"by": 7}', '00000000-0000-0000-0000-0000000000aa'),
    (3, 'end', '{}', '00000000-0000-0000-0000-0000000000aa'),
    (4, 'note', '{}', '00000000-0000-0000-0000-0000000000aa')$$,
    'a stream is read in its order, with who did it'
);
select results_eq($$select version from core.read_stream('game', 'g1', 2, 2)$$, array[2::bigint, 3], 'or a part of it');
select is_empty($$select * from core.read_stream('game', 'g3')$$, 'one that is not there has none');
select is(
    core.append_events('json', 'j', 0, '[{"type": "t", "payload": null}, {"type": "t", "payload": [1, "ж", {"a": [true]}]}, {"type": "t", "payload": "\"'' \\ "}, {"type": "t", "payload": -1.50}]'),
    4::bigint, 'any JSON is a payload'
);
select results_eq(
    $$select payload from core.read_stream('json', 'j')$$,
    array['null'::jsonb, '[1, "ж", {"a": [true]}]', '"\"'' \\ "', '-1.50'],
    'and comes back'
);

select ok(core.save_stream_state('game', 'g1', 2, '{"goals": 1}'), 'a snapshot is kept');
select ok(not core.save_stream_state('game', 'g1', 1, '{"goals": 0}'), 'an older one is not');
select ok(not core.save_stream_state('game', 'g3', 1, '{}'), 'nor one of a stream that is not there');
select throws_ok($$select core.save_stream_state('game', 'g1', 5, '{}')$$, '23514', null, 'nor one of the future');
select throws_ok($$select core.save_stream_state('game', 'g1', 3, null)$$, '23514', null, 'nor one of nothing');
select results_eq(
    $$select version, event_type, payload from core.read_from_state('game', 'g1')$$,
    $$values (2::bigint, 'state', '{"goals": 1}'::jsonb), (3, 'end', '{}'), (4, 'note', '{}')$$,
    'a replay is the last snapshot and what came after'
);
select throws_ok('select * from core.event', '42501', null, 'an application does not read the table');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is_empty($$select * from core.read_from_state('game', 'g1')$$, 'another tenant has no such stream');
select is(core.append_events('game', 'g1', 0, '[{"type": "start"}]'), 1::bigint, 'but can have its own');
select set_config('app.tenant_id', '', true);
select throws_ok($$select core.append_events('game', 'g1', null, '[{"type": "start"}]')$$, '42501', null, 'without a tenant nothing is appended');
select throws_ok($$select * from core.read_stream('game', 'g1')$$, '42501', null, 'nor read');
select throws_ok($$select * from core.poll_events('c')$$, '42501', null, 'nor polled');

select * from finish();
rollback;
