-- A draw follows the format: a bracket, a round robin, or swiss rounds that equal those computed by hand.
begin;
\ir ../prelude.sql
select plan(33);

-- Submits a score as an application and confirms it as an official.
create function pg_temp.play(p_game text, p_home integer, p_away integer) returns bigint language plpgsql as $$
declare
    v_version bigint;
begin
    perform contest.submit_score(p_game, p_home, p_away, p_game || ' ' || clock_timestamp());
    perform pg_temp.as_principal('e1');
    select contest.confirm_score(s.submission_key) into v_version
    from contest.score_submission as s where s.game_key = p_game and s.state = 'pending';
    perform pg_temp.as_principal('');
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
insert into core.principal (tenant_id, principal_id, email, display_name)
values (pg_temp.id('a'), pg_temp.id('e1'), 'e@example.org', 'e');
insert into core.membership (tenant_id, principal_id, role)
values (pg_temp.id('a'), pg_temp.id('e1'), 'editor');
select core.ensure_due_partitions();
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
-- The standings before round 2 are a e c d b: b has the bye. A pairing of a and e would leave c and d, who have met.
-- The standings before round 3 are c e a b d: d has the bye. A pairing of c and e would leave a and b, who have met,
-- and c has met a.
select is(contest.draw('swiss'), 1, 'draw() returns the first round of a swiss tournament');
select is(pg_temp.drawn('swiss', 1), '1: a b swiss/1/1, 2: c d swiss/1/2, 3: e has a bye', 'a swiss tournament pairs its first round by seed');
select throws_ok($$select contest.draw('swiss')$$, '55000', null, 'draw() refuses the next round while results are missing');
select is(pg_temp.points('swiss'), '1 e 1 0, 2 a 0 0, 2 b 0 0, 2 c 0 0, 2 d 0 0', 'a bye counts as a win, and teams with equal points share a place');
select pg_temp.play('swiss/1/1', 3, 1), pg_temp.play('swiss/1/2', 2, 2);
select is(contest.draw('swiss'), 2, 'draw() returns the second round of a swiss tournament');
select is(pg_temp.drawn('swiss', 2), '1: a c swiss/2/1, 2: e d swiss/2/2, 3: b has a bye', 'a swiss tournament pairs no teams again in the second round');
select pg_temp.play('swiss/2/1', 1, 2), pg_temp.play('swiss/2/2', 0, 0);
select contest.draw('swiss');
select is(pg_temp.drawn('swiss', 3), '1: c b swiss/3/1, 2: e a swiss/3/2, 3: d has a bye', 'a swiss tournament pairs no teams again in the third round');
select pg_temp.play('swiss/3/1', 0, 1), pg_temp.play('swiss/3/2', 2, 4);
select is(pg_temp.points('swiss'), '1 a 2 5, 2 b 2 3.5, 3 d 2 3, 4 c 1.5 6, 5 e 1.5 4', 'the standings of a swiss tournament equal those computed by hand');
select throws_ok($$select contest.draw('swiss')$$, '55000', null, 'draw() refuses a round beyond the last one');
select is_empty($$select * from contest.replay('swiss')$$, 'replay() finds no difference in a swiss tournament');

-- a bracket of five
select is(contest.draw('ko'), 3, 'draw() draws all rounds of a bracket at once');
select is(pg_temp.drawn('ko', 1), '1: a has a bye, 2: d e ko/1/2, 3: b has a bye, 4: c has a bye', 'the first seeds of a bracket have a bye');
select is(pg_temp.drawn('ko', 2), '1: a ?, 2: b c ko/2/2', 'teams with a bye are paired in the second round of a bracket');
select is(pg_temp.drawn('ko', 3), '1: ? ?', 'the final of a bracket has no teams before the semi-finals');
select throws_ok($$select contest.draw('ko')$$, '55000', null, 'draw() refuses to draw a bracket twice');
select throws_ok($$select contest.enter_team('ko', 'late')$$, '55000', null, 'enter_team() refuses a team after the draw');
select throws_ok($$select contest.submit_score('ko/1/2', 1, 1, 'tie')$$, '22023', null, 'submit_score() refuses a draw in a bracket');
select is(pg_temp.play('ko/1/2', 0, 1), 2::bigint, 'confirm_score() returns version 2 of a fixture in a bracket');
select is(pg_temp.drawn('ko', 2), '1: a e ko/2/1, 2: b c ko/2/2', 'the winner of a fixture is paired in the next round');
select contest.amend_result('ko/1/2', 2, 1, 'an own goal');
select is(pg_temp.drawn('ko', 2), '1: a d ko/2/1, 2: b c ko/2/2', 'an amendment that changes the winner changes the pairing of the next round');
select is(
    (select f.away_team_key || f.version from contest.fixture as f where f.game_key = 'ko/2/1'), 'd1',
    'an amendment that changes the winner changes the team of the next fixture'
);
select throws_ok($$select contest.amend_result('ko/1/2', 2, 2, 'no')$$, '22023', null, 'amend_result() refuses a draw in a bracket');
select pg_temp.play('ko/2/1', 0, 2);
select throws_ok(
    $$select contest.amend_result('ko/1/2', 1, 2, 'too late')$$, '55000', null,
    'amend_result() refuses to change the winner after the next fixture was played'
);
select is(contest.amend_result('ko/1/2', 3, 1, 'but the score may change'), 4::bigint, 'amend_result() accepts another score with the same winner');
select pg_temp.play('ko/2/2', 5, 4);
select is(pg_temp.drawn('ko', 3), '1: d b ko/3/1', 'the winners of the semi-finals meet in the final');
select pg_temp.play('ko/3/1', 1, 0);
select is((select l.team_key from contest.leaderboard('ko') as l where l.place = 1), 'd', 'the winner of the final is first in the standings');
select is_empty($$select * from contest.replay('ko')$$, 'replay() finds no difference in a bracket');

-- a round robin
select is(contest.draw('all'), 3, 'draw() draws all rounds of a round robin at once');
select is((select count(*)::integer from contest.fixture as f where f.competition_key = 'all'), 6, 'a round robin has one fixture for each pair of teams');
select pg_temp.play('all/1/1', 1, 0);
select is((select max(l.points) from contest.leaderboard('all') as l), 2.00, 'a win in a league is worth the points of the league rules');
select is_empty($$select * from contest.replay('all')$$, 'replay() finds no difference in a round robin');

-- competitions without a draw
select contest.create_competition('free', 'Free', 'free');
select throws_ok($$select contest.draw('free')$$, '55000', null, 'draw() refuses a competition of the format free');
select throws_ok($$select contest.add_fixture('all', 'a', 'b')$$, '55000', null, 'add_fixture() refuses a competition that is drawn');

select * from finish();
rollback;
