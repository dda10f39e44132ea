-- A score counts when the other side or the time limit confirms it. Afterwards only an amendment changes it, and the ledger adds up.
begin;
\ir ../prelude.sql
select plan(76);

create function pg_temp.submit(p_game text, p_home integer, p_away integer, p_key text, p_expected bigint default null) returns text language sql as $$
    select s.state || ' ' || s.version from contest.submit_score(p_game, p_home, p_away, p_key, p_expected) as s
$$;
-- Confirms the scores that are due, as the job worker does.
create function pg_temp.work() returns integer language plpgsql as $$
declare
    v_lease uuid;
    v_count integer;
begin
    select l.lease_id into v_lease from core.lease('contest.confirm', 'a test') as l limit 1;
    if v_lease is null then
        return 0;
    end if;
    v_count := contest.confirm_due(v_lease);
    perform core.complete(v_lease);
    return v_count;
end;
$$;
-- Returns the standings: place, team, won, drawn, lost, points, score for and score against.
create function pg_temp.standings(p_competition text) returns text language sql as $$
    select string_agg(concat_ws(' ', l.place, l.team_key, l.won, l.drawn, l.lost, trim_scale(l.points), l.score_for, l.score_against), ', ')
    from contest.leaderboard(p_competition) as l
$$;
create function pg_temp.ledger(p_game text) returns text language sql as $$
    select string_agg(concat_ws(' ', p.version, p.reason, p.team_key, trim_scale(p.points)), ', ' order by p.version, p.reason, p.team_key)
    from contest.point_entry as p where p.game_key = p_game
$$;
insert into core.principal (tenant_id, principal_id, email, display_name)
select pg_temp.id('a'), pg_temp.id(p), p || '@example.org', p
from unnest(array['a1', 'a2', 'b1', 'e1', 'e2', 'f1']) as p;
insert into core.membership (tenant_id, principal_id, role) values
(pg_temp.id('a'), pg_temp.id('e1'), 'editor'),
(pg_temp.id('a'), pg_temp.id('e2'), 'admin'),
(pg_temp.id('a'), pg_temp.id('f1'), 'viewer');
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-08') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');

-- a competition
select is(contest.create_competition('cup', 'Cup', 'free'), 1::bigint, 'create_competition() returns version 1');
select throws_ok($$select contest.create_competition('cup', 'Cup', 'free')$$, '40001', null, 'create_competition() refuses a key that exists');
select throws_ok($$select contest.create_competition('a/b', 'Cup', 'free')$$, '23514', null, 'create_competition() refuses a key with a slash');
select throws_ok($$select contest.create_competition('c', 'Cup', 'knockout')$$, '23514', null, 'create_competition() refuses an unknown format');
select throws_ok(
    $$select contest.create_competition('c', 'Cup', 'swiss')$$, '23514', null,
    'create_competition() refuses a swiss tournament without a number of rounds'
);
select is(contest.enter_team('cup', '  Blue   Jays '), 'blue jays', 'enter_team() returns the name in lower case without extra spaces');
select is(contest.enter_team('cup', 'Ants'), 'ants', 'enter_team() returns the key of a second team');
select is(contest.enter_team('cup', 'Cats'), 'cats', 'enter_team() returns the key of a third team');
select throws_ok($$select contest.enter_team('cup', 'ANTS')$$, '23505', null, 'enter_team() refuses a team that is already entered');
select throws_ok($$select contest.enter_team('cups', 'Ants')$$, 'P0002', null, 'enter_team() refuses a competition that does not exist');
select is(
    contest.enter_player('cup', 'ants', 'p1', 'Ann', pg_temp.id('a1')), 5::bigint,
    'enter_player() returns the version of the competition'
);
select contest.enter_player('cup', 'ants', 'p2', 'Amy', pg_temp.id('a2'));
select contest.enter_player('cup', 'blue jays', 'p3', 'Bob', pg_temp.id('b1'));
select throws_ok(
    $$select contest.enter_player('cup', 'cats', 'p1', 'Ann')$$, '23505', null,
    'enter_player() refuses a player who is already entered for another team'
);
select throws_ok($$select contest.enter_player('cup', 'dogs', 'p4', 'Dan')$$, '23503', null, 'enter_player() refuses a team that is not entered');
select is(contest.add_fixture('cup', 'ants', 'blue jays'), 'cup/1', 'add_fixture() returns the key of the first fixture');
select is(contest.add_fixture('cup', 'cats', 'ants'), 'cup/2', 'add_fixture() returns the key of the second fixture');
select throws_ok($$select contest.add_fixture('cup', 'ants', 'ants')$$, '22023', null, 'add_fixture() refuses the same team on both sides');
select throws_ok($$select contest.add_fixture('cup', 'ants', 'dogs')$$, '22023', null, 'add_fixture() refuses a team that is not entered');

-- submitting and confirming
select pg_temp.as_principal('a1');
select is(pg_temp.submit('cup/1', 3, 1, 's1'), 'pending 1', 'submit_score() returns pending for the score of a player');
select is(pg_temp.submit('cup/1', 3, 1, 's1', 0), 'pending 1', 'submit_score() returns the first outcome when the key is used again');
select is(pg_temp.submit('cup/1', 3, 2, 's1'), 'mismatch 1', 'submit_score() returns mismatch for another score with the same key');
select throws_ok($$select pg_temp.submit('cup/1', 3, 2, 's2')$$, '55000', null, 'submit_score() refuses a second score while one is pending');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'confirm_score() refuses the player who submitted the score');
select pg_temp.as_principal('a2');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'confirm_score() refuses a player of the side that submitted the score');
select pg_temp.as_principal('f1');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'confirm_score() refuses a viewer');
select throws_ok($$select pg_temp.submit('cup/2', 3, 1, 's2')$$, '42501', null, 'submit_score() refuses a viewer');
select throws_ok($$select contest.amend_result('cup/1', 1, 1, 'no')$$, '42501', null, 'amend_result() refuses a viewer');
select throws_ok($$select contest.enter_team('cup', 'Mine')$$, '42501', null, 'enter_team() refuses a viewer');
select pg_temp.as_principal('b1');
select throws_ok($$select pg_temp.submit('cup/2', 3, 1, 's2')$$, '42501', null, 'submit_score() refuses a player of a team outside the fixture');
select throws_ok($$select contest.confirm_score('s1', 0)$$, '40001', null, 'confirm_score() refuses an expected version that is not current');
select is(contest.confirm_score('s1', 1), 2::bigint, 'confirm_score() accepts a player of the other side');
select is(contest.confirm_score('s1'), 2::bigint, 'confirm_score() changes nothing when the score is already confirmed');
select is(pg_temp.standings('cup'), '1 ants 1 0 0 1 3 1, 2 cats 0 0 0 0 0 0, 3 blue jays 0 0 1 0 1 3', 'the standings contain a confirmed score');
select is(pg_temp.ledger('cup/1'), '2 result ants 1, 2 result blue jays 0', 'the ledger contains the points of a confirmed score');
select is(
    (select concat_ws(' ', f.status, f.official_home, f.official_away, f.version) from contest.fixture as f where f.game_key = 'cup/1'), 'final 3 1 2',
    'a fixture with a confirmed score is final'
);

-- a final fixture
select throws_ok($$select pg_temp.submit('cup/1', 3, 3, 's3')$$, '55000', null, 'submit_score() refuses a fixture that is final');
select throws_ok($$select contest.dispute_score('s1', 'no')$$, '55000', null, 'dispute_score() refuses a fixture that is final');
select throws_ok($$select contest.amend_result('cup/1', 2, 2, 'we want to')$$, '42501', null, 'amend_result() refuses a player');
select pg_temp.as_principal('e1');
select throws_ok($$select contest.amend_result('cup/1', 2, 2, ' ')$$, '22023', null, 'amend_result() refuses an empty reason');
select throws_ok($$select contest.amend_result('cup/2', 2, 2, 'early')$$, '55000', null, 'amend_result() refuses a fixture that is not final');
select is(contest.amend_result('cup/1', 2, 2, 'miscounted', 2), 3::bigint, 'amend_result() accepts an editor and returns the new version');
select is(contest.amend_result('cup/1', 2, 2, 'again'), 3::bigint, 'amend_result() changes nothing when the score is the same');
select is(pg_temp.standings('cup'), '1 ants 0 1 0 0.5 2 2, 1 blue jays 0 1 0 0.5 2 2, 3 cats 0 0 0 0 0 0', 'teams with equal points share a place');
select is(
    pg_temp.ledger('cup/1'),
    '2 result ants 1, 2 result blue jays 0, 3 result ants 0.5, 3 result blue jays 0.5, 3 reversal ants -1, 3 reversal blue jays 0',
    'the ledger keeps the old points, reverses them and contains the new points'
);
select is(
    (select concat_ws(' ', l.actor, l.subject, l.detail ->> 'from', l.detail ->> 'to', l.detail ->> 'reason') from core.audit_log as l where l.action = 'contest.amend'),
    '00000000-0000-0000-0000-0000000000e1 cup/1 [3, 1] [2, 2] miscounted', 'the audit log contains the actor and the reason of an amendment'
);

-- disputes, and confirmation by time
select pg_temp.as_principal('a1');
select is(pg_temp.submit('cup/2', 0, 5, 't1'), 'pending 1', 'submit_score() returns pending for a score that will be disputed');
select throws_ok($$select contest.dispute_score('t1', '')$$, '22023', null, 'dispute_score() refuses an empty reason');
select pg_temp.as_principal('e2');
select is(contest.dispute_score('t1', 'it was 4'), 2::bigint, 'dispute_score() returns the new version of the fixture');
select is(contest.dispute_score('t1', 'it was 4'), 2::bigint, 'dispute_score() changes nothing when the score is already disputed');
select throws_ok($$select contest.confirm_score('t1')$$, '55000', null, 'confirm_score() refuses a disputed score');
select throws_ok($$select contest.confirm_score('t0')$$, 'P0002', null, 'confirm_score() refuses an unknown key');
select pg_temp.as_principal('e1');
select is(pg_temp.submit('cup/2', 1, 4, 't2', 2), 'pending 3', 'submit_score() accepts another score from an official after a dispute');
select pg_temp.at('2030-01-01 12:04:59+00');
select is(pg_temp.work(), 0, 'confirm_due() confirms no score before its time');
select pg_temp.at('2030-01-01 12:05:00+00');
select is(pg_temp.work(), 1, 'confirm_due() confirms a due score once');
select is(pg_temp.work(), 0, 'confirm_due() confirms nothing when no score is due');
select is(
    (select string_agg(concat_ws(' ', s.submission_key, s.state, s.side, s.decided_by = 'time'), ', ' order by s.submission_key) from contest.score_submission as s),
    's1 confirmed home f, t1 disputed away f, t2 confirmed official t', 'a score that confirm_due() confirmed has time in decided_by'
);
select is((select d.settled_at from contest.dispute as d), timestamptz '2030-01-01 12:05:00+00', 'a confirmed score closes the dispute of the fixture');
select pg_temp.as_principal('');
select contest.add_fixture('cup', 'cats', 'blue jays');
select is(pg_temp.submit('cup/3', 1, 0, 'u1'), 'pending 1', 'submit_score() accepts a score from an application');
select throws_ok($$select contest.confirm_score('u1')$$, '42501', null, 'confirm_score() refuses the application that submitted the score');
select core.set_tenant_config('contest', 'confirm_seconds', '60');
select throws_ok(
    $$select pg_temp.submit('cup/3', -1, 0, 'u2')$$, '55000', null,
    'submit_score() refuses a second score of an application while one is pending'
);
select contest.dispute_score('u1', 'taken back');
select throws_ok($$select pg_temp.submit('cup/3', -1, 0, 'u2')$$, '22023', null, 'submit_score() refuses a negative score');
select is(pg_temp.submit('cup/3', 1, 0, 'u2'), 'pending 3', 'submit_score() returns pending after the dispute of the earlier score');
select is(
    (select s.due_at from contest.score_submission as s where s.submission_key = 'u2'), timestamptz '2030-01-01 12:06:00+00',
    'the setting confirm_seconds decides the time of confirmation'
);

-- stations
select is(contest.add_station('t1', 'Table 1'), 1::bigint, 'add_station() returns version 1');
select is(
    contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:00+00', '2030-01-02 11:00+00'), 4::bigint,
    'schedule_fixture() returns the new version of the fixture'
);
select contest.add_fixture('cup', 'ants', 'cats');
select throws_ok(
    $$select contest.schedule_fixture('cup/4', 't1', '2030-01-02 10:59+00', '2030-01-02 12:00+00')$$, '23P01', null,
    'schedule_fixture() refuses a time at which the station is booked'
);
select is(
    contest.schedule_fixture('cup/4', 't1', '2030-01-02 11:00+00', '2030-01-02 12:00+00'), 1::bigint,
    'schedule_fixture() accepts a time that begins when another one ends'
);
select throws_ok(
    $$select contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:30+00', '2030-01-02 11:30+00')$$, '23P01', null,
    'schedule_fixture() refuses to move a fixture to a booked time'
);
select is(
    contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:30+00', '2030-01-02 11:00+00'), 5::bigint,
    'schedule_fixture() accepts a time that overlaps only the old time of the fixture'
);
select throws_ok(
    $$select contest.schedule_fixture('cup/1', 't1', '2030-01-03 10:30+00', '2030-01-03 11:00+00')$$, '55000', null,
    'schedule_fixture() refuses a fixture that is final'
);

-- replay
select is_empty($$select * from contest.replay('cup')$$, 'replay() finds no difference after all of these events');
select throws_ok($$select * from contest.replay('cups')$$, 'P0002', null, 'replay() refuses a competition that does not exist');

-- access
set local role stanchion_app;
select throws_ok($$update contest.fixture set official_home = 9$$, '42501', null, 'an application cannot update a fixture');
select throws_ok($$insert into contest.point_entry select * from contest.point_entry$$, '42501', null, 'an application cannot insert points');
select pg_temp.as_tenant('b');
select is_empty($$select * from contest.leaderboard('cup')$$, 'leaderboard() returns no row of another tenant');
select throws_ok($$select pg_temp.submit('cup/3', 1, 0, 'x')$$, 'P0002', null, 'submit_score() refuses a fixture of another tenant');
set local role stanchion_loader;
select throws_ok($$update contest.fixture set official_home = 9$$, '42501', null, 'a loader cannot update a fixture');

select * from finish();
rollback;
