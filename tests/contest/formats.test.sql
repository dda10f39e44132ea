-- What is drawn is what the format says: a bracket, everybody once, or a swiss round computed by hand.
begin;
select plan(33);

-- a result without the detours: said by an application, confirmed by an official
create function pg_temp.play(p_game text, p_home integer, p_away integer) returns bigint language plpgsql as $$
declare
    v_version bigint;
begin
    perform contest.submit_score(p_game, p_home, p_away, p_game || ' ' || clock_timestamp());
    perform set_config('app.principal_id', '00000000-0000-0000-0000-0000000000e1', true);
    select contest.confirm_score(s.submission_key) into v_version
    from contest.score_submission as s where s.game_key = p_game and s.state = 'pending';
    perform set_config('app.principal_id', '', true);
    return v_version;
end;
$$;
create function pg_temp.drawn(p_competition text, p_round integer) returns text language sql as $$
    select string_agg(concat_ws(' ', p.slot || ':', coalesce(p.home_team_key, '?'), case when p.is_bye then 'has a bye' else coalesce(p.away_team_key, '?') end, p.game_key), ', ' order by p.slot)
    from contest.pairing as p where p.competition_key = p_competition and p.round = p_round
$$;
create function pg_temp.points(p_competition text) returns text language sql as $$
    select string_agg(l.place || ' ' || l.team_key || ' ' || trim_scale(l.points) || ' ' || trim_scale(l.buchholz), ', ')
    from contest.leaderboard(p_competition) as l
$$;
insert into core.tenant (tenant_id, slug, name, kind) values ('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league');
insert into core.principal (tenant_id, principal_id, email, display_name)
values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000e1', 'e@example.org', 'e');
insert into core.membership (tenant_id, principal_id, role)
values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000e1', 'editor');
select core.ensure_due_partitions();
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select contest.create_competition('swiss', 'Swiss', 'swiss', p_rounds => 3);
select contest.enter_team('swiss', t) from unnest('{a,b,c,d,e}'::text[]) as t;
select contest.create_competition('ko', 'Knockout', 'single elimination');
select contest.enter_team('ko', t) from unnest('{a,b,c,d,e}'::text[]) as t;
select contest.create_competition('all', 'All', 'round robin', 'league');
select contest.enter_team('all', t) from unnest('{a,b,c,d}'::text[]) as t;

-- A swiss tournament of five, computed by hand.
--
--       round 1      round 2      round 3      points        opponents         their points
--   a   b 3:1  1     c 1:2  0     e 4:2  1     2             b c e             2 + 1.5 + 1.5 = 5
--   b   a 1:3  0     bye    1     c 1:0  1     2             a c               2 + 1.5       = 3.5
--   c   d 2:2  0.5   a 2:1  1     b 0:1  0     1.5           d a b             2 + 2 + 2     = 6
--   d   c 2:2  0.5   e 0:0  0.5   bye    1     2             c e               1.5 + 1.5     = 3
--   e   bye    1     d 0:0  0.5   a 2:4  0     1.5           d a               2 + 2         = 4
--
-- Before round 2 they stand a e c d b: b has the bye, and a cannot meet e, since c and d have met. Before
-- round 3 they stand c e a b d: d has the bye, and c cannot meet e, since a and b have met, nor a.
select is(contest.draw('swiss'), 1, 'a round is drawn');
select is(pg_temp.drawn('swiss', 1), '1: a b swiss/1/1, 2: c d swiss/1/2, 3: e has a bye', 'the first by seed');
select throws_ok($$select contest.draw('swiss')$$, '55000', null, 'the next one waits for the last');
select is(pg_temp.points('swiss'), '1 e 1 0, 2 a 0 0, 2 b 0 0, 2 c 0 0, 2 d 0 0', 'a bye is a win, and equals share a place');
select pg_temp.play('swiss/1/1', 3, 1), pg_temp.play('swiss/1/2', 2, 2);
select is(contest.draw('swiss'), 2, 'then the second');
select is(pg_temp.drawn('swiss', 2), '1: a c swiss/2/1, 2: e d swiss/2/2, 3: b has a bye', 'in which nobody meets again');
select pg_temp.play('swiss/2/1', 1, 2), pg_temp.play('swiss/2/2', 0, 0);
select contest.draw('swiss');
select is(pg_temp.drawn('swiss', 3), '1: c b swiss/3/1, 2: e a swiss/3/2, 3: d has a bye', 'and the third');
select pg_temp.play('swiss/3/1', 0, 1), pg_temp.play('swiss/3/2', 2, 4);
select is(pg_temp.points('swiss'), '1 a 2 5, 2 b 2 3.5, 3 d 2 3, 4 c 1.5 6, 5 e 1.5 4', 'the table is the one computed by hand');
select throws_ok($$select contest.draw('swiss')$$, '55000', null, 'there are no more rounds');
select is_empty($$select * from contest.replay('swiss')$$, 'its events come to the same');

-- a bracket of five
select is(contest.draw('ko'), 3, 'a bracket is drawn whole');
select is(pg_temp.drawn('ko', 1), '1: a has a bye, 2: d e ko/1/2, 3: b has a bye, 4: c has a bye', 'the first seeds have a bye');
select is(pg_temp.drawn('ko', 2), '1: a ?, 2: b c ko/2/2', 'and stand in the second round');
select is(pg_temp.drawn('ko', 3), '1: ? ?', 'the last one is open');
select throws_ok($$select contest.draw('ko')$$, '55000', null, 'it is drawn once');
select throws_ok($$select contest.enter_team('ko', 'late')$$, '55000', null, 'and then nobody enters');
select throws_ok($$select contest.submit_score('ko/1/2', 1, 1, 'tie')$$, '22023', null, 'somebody wins');
select is(pg_temp.play('ko/1/2', 0, 1), 2::bigint, 'one does');
select is(pg_temp.drawn('ko', 2), '1: a e ko/2/1, 2: b c ko/2/2', 'and goes on');
select contest.amend_result('ko/1/2', 2, 1, 'an own goal');
select is(pg_temp.drawn('ko', 2), '1: a d ko/2/1, 2: b c ko/2/2', 'or the other, after an amendment');
select is((select f.away_team_key || f.version from contest.fixture as f where f.game_key = 'ko/2/1'), 'd1', 'and plays there');
select throws_ok($$select contest.amend_result('ko/1/2', 2, 2, 'no')$$, '22023', null, 'never nobody');
select pg_temp.play('ko/2/1', 0, 2);
select throws_ok($$select contest.amend_result('ko/1/2', 1, 2, 'too late')$$, '55000', null, 'who has played on stays');
select is(contest.amend_result('ko/1/2', 3, 1, 'but the score may change'), 4::bigint, 'with another score');
select pg_temp.play('ko/2/2', 5, 4);
select is(pg_temp.drawn('ko', 3), '1: d b ko/3/1', 'the winners meet');
select pg_temp.play('ko/3/1', 1, 0);
select is((select l.team_key from contest.leaderboard('ko') as l where l.place = 1), 'd', 'and who won all of them is first');
select is_empty($$select * from contest.replay('ko')$$, 'its events come to the same');

-- everybody once
select is(contest.draw('all'), 3, 'a round robin is drawn whole');
select is((select count(*)::integer from contest.fixture as f where f.competition_key = 'all'), 6, 'everybody meets everybody');
select pg_temp.play('all/1/1', 1, 0);
select is((select max(l.points) from contest.leaderboard('all') as l), 2.00, 'a win of a league is worth what its rules say');
select is_empty($$select * from contest.replay('all')$$, 'its events come to the same');

-- competitions in which there is nothing to draw
select contest.create_competition('free', 'Free', 'free');
select throws_ok($$select contest.draw('free')$$, '55000', null, 'nothing is drawn in a free one');
select throws_ok($$select contest.add_fixture('all', 'a', 'b')$$, '55000', null, 'and nothing is added to a drawn one');

select * from finish();
rollback;
