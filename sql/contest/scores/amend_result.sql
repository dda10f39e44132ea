-- Changes the result of a final fixture. No other function does. The ledger keeps the old result, the entries that cancel
-- it and the new one; the audit log keeps the actor and the reason.
--
-- In a bracket the new winner replaces the old one in the next fixture, as long as that one has not begun.
create or replace function contest.amend_result(
    p_game_key text, p_home integer, p_away integer, p_reason text, p_expected bigint default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_fixture contest.fixture;
    v_version bigint;
begin
    perform core.require_editor();
    if (p_reason ~ '\S') is not true then
        raise exception 'a reason is required' using errcode = '22023';
    end if;
    v_fixture := contest.lock_fixture(p_game_key, p_expected);
    if v_fixture.status <> 'final' then
        raise exception 'fixture % is not final but %: submit a score', p_game_key, v_fixture.status using errcode = '55000';
    end if;
    perform contest.check_score(v_fixture, p_home, p_away);
    if (v_fixture.official_home, v_fixture.official_away) = (p_home, p_away) then
        return v_fixture.version;
    end if;
    v_version := contest.record_event(
        'contest.fixture', p_game_key, v_fixture.version, 'result.amended',
        jsonb_build_object('home', p_home, 'away', p_away, 'reason', p_reason)
    );
    perform contest.advance_winner(p_game_key);
    perform core.write_audit(
        'contest.amend', p_game_key,
        jsonb_build_object(
            'from', array[v_fixture.official_home, v_fixture.official_away], 'to', array[p_home, p_away], 'reason', p_reason
        )
    );
    return v_version;
end;
$$;

comment on function contest.amend_result(text, integer, integer, text, bigint) is
'Returns the version of the fixture, unchanged when it already has that result. Errors: 55000 when the fixture is not final, has no competition, or its winner has already played in the next round; 40001 when it is at another version; 22023 when the score is invalid or the reason is empty; P0002 when it does not exist; 42501 when the principal is not an owner, admin or editor.';

grant execute on function contest.amend_result(text, integer, integer, text, bigint) to stanchion_app;

-- revert: drop function contest.amend_result(text, integer, integer, text, bigint);
