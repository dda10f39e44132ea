-- A score counts once the other side, or time, says so; then it changes by amendment alone, and the ledger adds up.
begin;
select plan(76);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.be(p_who text) returns void language sql as $$
    select set_config('app.principal_id', case p_who when '' then '' else '00000000-0000-0000-0000-0000000000' || p_who end, true)
$$;
create function pg_temp.submit(p_game text, p_home integer, p_away integer, p_key text, p_expected bigint default null) returns text language sql as $$
    select s.state || ' ' || s.version from contest.submit_score(p_game, p_home, p_away, p_key, p_expected) as s
$$;
create function pg_temp.work(p_tenant text default 'a') returns integer language plpgsql as $$
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
-- team, played, won, drawn, lost, points, for, against
create function pg_temp.table_of(p_competition text) returns text language sql as $$
    select string_agg(concat_ws(' ', l.place, l.team_key, l.won, l.drawn, l.lost, trim_scale(l.points), l.score_for, l.score_against), ', ')
    from contest.leaderboard(p_competition) as l
$$;
create function pg_temp.ledger(p_game text) returns text language sql as $$
    select string_agg(concat_ws(' ', p.version, p.reason, p.team_key, trim_scale(p.points)), ', ' order by p.version, p.reason, p.team_key)
    from contest.point_entry as p where p.game_key = p_game
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
insert into core.principal (tenant_id, principal_id, email, display_name)
select '00000000-0000-0000-0000-00000000000a', ('00000000-0000-0000-0000-0000000000' || p)::uuid, p || '@example.org', p
from unnest(array['a1', 'a2', 'b1', 'e1', 'e2', 'f1']) as p;
insert into core.membership (tenant_id, principal_id, role) values
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000e1', 'editor'),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000e2', 'admin'),
('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000f1', 'viewer');
select core.ensure_partitions(relation::regclass, '2030-01-01', '2030-01-08') from core.partition_set;
select pg_temp.at('2030-01-01 12:00:00+00');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

-- a competition
select is(contest.create_competition('cup', 'Cup', 'free'), 1::bigint, 'a competition is made');
select throws_ok($$select contest.create_competition('cup', 'Cup', 'free')$$, '40001', null, 'once');
select throws_ok($$select contest.create_competition('a/b', 'Cup', 'free')$$, '23514', null, 'its key has no slash');
select throws_ok($$select contest.create_competition('c', 'Cup', 'knockout')$$, '23514', null, 'its format is one that there is');
select throws_ok($$select contest.create_competition('c', 'Cup', 'swiss')$$, '23514', null, 'a swiss tournament says its rounds');
select is(contest.enter_team('cup', '  Blue   Jays '), 'blue jays', 'a team goes by its name in one spelling');
select is(contest.enter_team('cup', 'Ants'), 'ants', 'another');
select is(contest.enter_team('cup', 'Cats'), 'cats', 'and another');
select throws_ok($$select contest.enter_team('cup', 'ANTS')$$, '23505', null, 'is in once');
select throws_ok($$select contest.enter_team('cups', 'Ants')$$, 'P0002', null, 'in a competition that there is');
select is(contest.enter_player('cup', 'ants', 'p1', 'Ann', '00000000-0000-0000-0000-0000000000a1'), 5::bigint, 'a player');
select contest.enter_player('cup', 'ants', 'p2', 'Amy', '00000000-0000-0000-0000-0000000000a2');
select contest.enter_player('cup', 'blue jays', 'p3', 'Bob', '00000000-0000-0000-0000-0000000000b1');
select throws_ok($$select contest.enter_player('cup', 'cats', 'p1', 'Ann')$$, '23505', null, 'plays for one team');
select throws_ok($$select contest.enter_player('cup', 'dogs', 'p4', 'Dan')$$, '23503', null, 'that is in the competition');
select is(contest.add_fixture('cup', 'ants', 'blue jays'), 'cup/1', 'a fixture');
select is(contest.add_fixture('cup', 'cats', 'ants'), 'cup/2', 'another');
select throws_ok($$select contest.add_fixture('cup', 'ants', 'ants')$$, '22023', null, 'is of two teams');
select throws_ok($$select contest.add_fixture('cup', 'ants', 'dogs')$$, '22023', null, 'that are in the competition');

-- who submits and who confirms
select pg_temp.be('a1');
select is(pg_temp.submit('cup/1', 3, 1, 's1'), 'pending 1', 'a player says the score');
select is(pg_temp.submit('cup/1', 3, 1, 's1', 0), 'pending 1', 'and is told again');
select is(pg_temp.submit('cup/1', 3, 2, 's1'), 'mismatch 1', 'another score has another key');
select throws_ok($$select pg_temp.submit('cup/1', 3, 2, 's2')$$, '55000', null, 'while one is pending there is no other');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'nobody confirms their own score');
select pg_temp.be('a2');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'nor one of their side');
select pg_temp.be('f1');
select throws_ok($$select contest.confirm_score('s1')$$, '42501', null, 'a viewer confirms nothing');
select throws_ok($$select pg_temp.submit('cup/2', 3, 1, 's2')$$, '42501', null, 'and submits nothing');
select throws_ok($$select contest.amend_result('cup/1', 1, 1, 'no')$$, '42501', null, 'and amends nothing');
select throws_ok($$select contest.enter_team('cup', 'Mine')$$, '42501', null, 'and enters nobody');
select pg_temp.be('b1');
select throws_ok($$select pg_temp.submit('cup/2', 3, 1, 's2')$$, '42501', null, 'who plays elsewhere has no part in it');
select throws_ok($$select contest.confirm_score('s1', 0)$$, '40001', null, 'what was seen is no longer so');
select is(contest.confirm_score('s1', 1), 2::bigint, 'the other side confirms');
select is(contest.confirm_score('s1'), 2::bigint, 'once');
select is(pg_temp.table_of('cup'), '1 ants 1 0 0 1 3 1, 2 cats 0 0 0 0 0 0, 3 blue jays 0 0 1 0 1 3', 'the table has it');
select is(pg_temp.ledger('cup/1'), '2 result ants 1, 2 result blue jays 0', 'and the ledger');
select is((select concat_ws(' ', f.status, f.official_home, f.official_away, f.version) from contest.fixture as f where f.game_key = 'cup/1'), 'final 3 1 2', 'the fixture is final');

-- a final fixture
select throws_ok($$select pg_temp.submit('cup/1', 3, 3, 's3')$$, '55000', null, 'of a final fixture no score is submitted');
select throws_ok($$select contest.dispute_score('s1', 'no')$$, '55000', null, 'nor disputed');
select throws_ok($$select contest.amend_result('cup/1', 2, 2, 'we want to')$$, '42501', null, 'a player amends nothing');
select pg_temp.be('e1');
select throws_ok($$select contest.amend_result('cup/1', 2, 2, ' ')$$, '22023', null, 'an amendment has a reason');
select throws_ok($$select contest.amend_result('cup/2', 2, 2, 'early')$$, '55000', null, 'and is of a final fixture');
select is(contest.amend_result('cup/1', 2, 2, 'miscounted', 2), 3::bigint, 'an editor amends');
select is(contest.amend_result('cup/1', 2, 2, 'again'), 3::bigint, 'the same is no amendment');
select is(pg_temp.table_of('cup'), '1 ants 0 1 0 0.5 2 2, 1 blue jays 0 1 0 0.5 2 2, 3 cats 0 0 0 0 0 0', 'equals share a place');
select is(
    pg_temp.ledger('cup/1'),
    '2 result ants 1, 2 result blue jays 0, 3 result ants 0.5, 3 result blue jays 0.5, 3 reversal ants -1, 3 reversal blue jays 0',
    'the ledger keeps what was, takes it back and has what is'
);
select is(
    (select concat_ws(' ', l.actor, l.subject, l.detail ->> 'from', l.detail ->> 'to', l.detail ->> 'reason') from core.audit_log as l where l.action = 'contest.amend'),
    '00000000-0000-0000-0000-0000000000e1 cup/1 [3, 1] [2, 2] miscounted', 'the audit says who and why'
);

-- disputes, and time
select pg_temp.be('a1');
select is(pg_temp.submit('cup/2', 0, 5, 't1'), 'pending 1', 'a score');
select throws_ok($$select contest.dispute_score('t1', '')$$, '22023', null, 'is disputed with a reason');
select pg_temp.be('e2');
select is(contest.dispute_score('t1', 'it was 4'), 2::bigint, 'is disputed');
select is(contest.dispute_score('t1', 'it was 4'), 2::bigint, 'once');
select throws_ok($$select contest.confirm_score('t1')$$, '55000', null, 'and not confirmed any more');
select throws_ok($$select contest.confirm_score('t0')$$, 'P0002', null, 'nor is one that there is not');
select pg_temp.be('e1');
select is(pg_temp.submit('cup/2', 1, 4, 't2', 2), 'pending 3', 'an official says another');
select pg_temp.at('2030-01-01 12:04:59+00');
select is(pg_temp.work(), 0, 'which is not confirmed before its time');
select pg_temp.at('2030-01-01 12:05:00+00');
select is(pg_temp.work(), 1, 'and then is, once of all that were submitted');
select is(pg_temp.work(), 0, 'once');
select is(
    (select string_agg(concat_ws(' ', s.submission_key, s.state, s.side, s.decided_by = 'time'), ', ' order by s.submission_key) from contest.score_submission as s),
    's1 confirmed home f, t1 disputed away f, t2 confirmed official t', 'time decided it'
);
select is((select d.settled_at from contest.dispute as d), timestamptz '2030-01-01 12:05:00+00', 'and settled the dispute');
select pg_temp.be('');
select contest.add_fixture('cup', 'cats', 'blue jays');
select is(pg_temp.submit('cup/3', 1, 0, 'u1'), 'pending 1', 'an application says a score of its own');
select throws_ok($$select contest.confirm_score('u1')$$, '42501', null, 'and does not confirm it');
select core.set_tenant_config('contest', 'confirm_seconds', '60');
select throws_ok($$select pg_temp.submit('cup/3', -1, 0, 'u2')$$, '55000', null, 'one at a time');
select contest.dispute_score('u1', 'taken back');
select throws_ok($$select pg_temp.submit('cup/3', -1, 0, 'u2')$$, '22023', null, 'no score is below zero');
select is(pg_temp.submit('cup/3', 1, 0, 'u2'), 'pending 3', 'a league may wait less');
select is((select s.due_at from contest.score_submission as s where s.submission_key = 'u2'), timestamptz '2030-01-01 12:06:00+00', 'a minute');

-- stations
select is(contest.add_station('t1', 'Table 1'), 1::bigint, 'a station');
select is(contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:00+00', '2030-01-02 11:00+00'), 4::bigint, 'is booked');
select contest.add_fixture('cup', 'ants', 'cats');
select throws_ok($$select contest.schedule_fixture('cup/4', 't1', '2030-01-02 10:59+00', '2030-01-02 12:00+00')$$, '23P01', null, 'by one fixture at a time');
select is(contest.schedule_fixture('cup/4', 't1', '2030-01-02 11:00+00', '2030-01-02 12:00+00'), 1::bigint, 'the next begins when one ends');
select throws_ok($$select contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:30+00', '2030-01-02 11:30+00')$$, '23P01', null, 'moving is booking');
select is(contest.schedule_fixture('cup/3', 't1', '2030-01-02 10:30+00', '2030-01-02 11:00+00'), 5::bigint, 'and does not meet itself');
select throws_ok($$select contest.schedule_fixture('cup/1', 't1', '2030-01-03 10:30+00', '2030-01-03 11:00+00')$$, '55000', null, 'what is over is not moved');

-- all of it again
select is_empty($$select * from contest.replay('cup')$$, 'its events come to the same');
select throws_ok($$select * from contest.replay('cups')$$, 'P0002', null, 'those of nothing come to nothing');

-- nobody else
set local role stanchion_app;
select throws_ok($$update contest.fixture set official_home = 9$$, '42501', null, 'an application writes no fixture');
select throws_ok($$insert into contest.point_entry select * from contest.point_entry$$, '42501', null, 'and no points');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is_empty($$select * from contest.leaderboard('cup')$$, 'another tenant sees no table');
select throws_ok($$select pg_temp.submit('cup/3', 1, 0, 'x')$$, 'P0002', null, 'and no fixture');
set local role stanchion_loader;
select throws_ok($$update contest.fixture set official_home = 9$$, '42501', null, 'a loader writes no fixture either');

select * from finish();
rollback;
