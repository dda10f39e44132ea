-- A competition of 32 teams and 100 fixtures, and a function that takes the next step in one of them: a score is
-- submitted by one side and disputed by the other, until one of them is confirmed, and amended from then on.
do $$
declare
    v_player uuid;
begin
    perform contest.create_competition('cup', 'Cup', 'free');
    for n in 0..31 loop
        perform contest.enter_team('cup', 'team ' || n);
        v_player := core.add_member(format('player%s@example.org', n), 'Player', 'viewer');
        perform contest.enter_player('cup', 'team ' || n, 'player ' || n, 'Player', v_player);
    end loop;
    for n in 0..99 loop
        perform contest.add_fixture('cup', 'team ' || n % 32, 'team ' || (n * 5 + 1 + n / 32) % 32);
    end loop;
end;
$$;

create function public.next_step(p_game text) returns text language plpgsql volatile as $$
declare
    v_fixture contest.fixture;
    v_pending contest.score_submission;
    v_team text;
    v_home integer := floor(random() * 10);
begin
    loop
        begin
            select f.* into v_fixture from contest.fixture as f
            where f.tenant_id = core.current_tenant() and f.game_key = p_game;
            if v_fixture.status = 'final' then
                perform contest.amend_result(
                    p_game, v_home, (v_fixture.official_away + 1 + floor(random() * 8)::integer) % 10, 'it was so',
                    v_fixture.version
                );
                return 'amended';
            end if;
            select s.* into v_pending from contest.score_submission as s
            where s.tenant_id = core.current_tenant() and s.game_key = p_game and s.state = 'pending';
            v_team := case when v_pending.side = 'home' then v_fixture.away_team_key else v_fixture.home_team_key end;
            perform set_config('app.principal_id', p.principal_id::text, true)
            from contest.player as p
            where p.tenant_id = core.current_tenant() and p.competition_key = 'cup' and p.team_key = v_team;
            if v_pending.submission_key is null then
                perform contest.submit_score(p_game, v_home, v_home + 1, gen_random_uuid()::text, v_fixture.version);
                return 'submitted';
            elsif random() < 0.95 then
                perform contest.dispute_score(v_pending.submission_key, 'it was not so', v_fixture.version);
                return 'disputed';
            else
                perform contest.confirm_score(v_pending.submission_key, v_fixture.version);
                return 'confirmed';
            end if;
        exception
            -- another client was faster at this fixture: what was seen is no longer so, and it looks again
            when serialization_failure or object_not_in_prerequisite_state then
                perform set_config('app.principal_id', '', true);
        end;
    end loop;
end;
$$;
