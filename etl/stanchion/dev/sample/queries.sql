-- name: cup
-- A swiss cup of the teams of the league: two rounds, whose scores an application submits and a referee confirms.
do $$
declare
    v_tenant uuid := core.current_tenant();
    v_referee uuid := core.add_member('referee@example.org', 'The Referee', 'editor');
    v_now timestamptz;
    v_team record;
    v_game record;
begin
    perform contest.create_competition('cup', 'Harbour Cup', 'swiss', p_rounds => 2);
    for v_team in
        select t.team_key, t.name, row_number() over (order by t.team_key) as number
        from contest.team as t
        where t.tenant_id = core.current_tenant()
    loop
        perform contest.enter_team('cup', v_team.name);
        perform contest.enter_player('cup', v_team.team_key, 'cup ' || v_team.number, 'Captain ' || v_team.number);
    end loop;
    for v_round in 1..2 loop
        perform contest.draw('cup');
        for v_game in
            select f.game_key, row_number() over (order by f.game_key) as number
            from contest.fixture as f
            where f.tenant_id = core.current_tenant() and f.competition_key = 'cup' and f.round = v_round
        loop
            perform contest.submit_score(v_game.game_key, 3, (v_round * v_game.number)::integer, v_game.game_key);
            perform core.set_local('app.principal_id', v_referee::text);
            perform contest.confirm_score(v_game.game_key);
            perform core.set_local('app.principal_id', '');
        end loop;
    end loop;
    perform contest.amend_result('cup/1/1', 3, 0, 'counted again');
    -- every score is confirmed, so a job worker need not wait until the time for disputes is over
    v_now := core.clock();
    update core.job as j set run_at = v_now
    where j.tenant_id = v_tenant and j.queue = 'contest.confirm';
end;
$$;

-- name: workspace
-- Members, a document, a dataset and some usage of a small league.
select
    workspace.subscribe('team'),
    core.add_member('ada@example.org', 'Ada', 'owner'),
    core.add_member('bo@example.org', 'Bo', 'editor'),
    workspace.save_document('Rules of the house', 'Helmets on the ice. The last one out turns off the lights.', '{rules}'),
    workspace.save_dataset('Ice times', 52, 4096);

select used.allowed
from generate_series(1, 20) as n
cross join lateral workspace.record_usage('assistant', 100 + n, 0.00045) as used;
