-- Changes the result of a final fixture: the only way there is. The ledger keeps the old result, what takes it back
-- and the new one; the audit says who and why.
--
-- In a bracket the new winner goes on in the place of the old one, as long as that fixture has not begun.
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
        raise exception 'why?' using errcode = '22023';
    end if;
    v_fixture := contest.lock_fixture(p_game_key, p_expected);
    if v_fixture.status <> 'final' then
        raise exception 'the fixture is not final: submit a score' using errcode = '55000';
    end if;
    perform contest.check_score(v_fixture, p_home, p_away);
    if (v_fixture.official_home, v_fixture.official_away) = (p_home, p_away) then
        return v_fixture.version;
    end if;
    v_version := contest.record(
        'contest.fixture', p_game_key, v_fixture.version, 'result.amended',
        jsonb_build_object('home', p_home, 'away', p_away, 'reason', p_reason)
    );
    perform contest.advance(p_game_key);
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
'The version of the fixture; of one that has that result already, as it is. Raises 55000 for a fixture that is not final, is of no competition, or whose winner has played on, 40001 when it is not at the expected version, 22023 for a score that cannot be or without a reason, P0002 for a fixture that there is not, 42501 for a principal who is no owner, admin or editor.';

grant execute on function contest.amend_result(text, integer, integer, text, bigint) to stanchion_app;

-- revert: drop function contest.amend_result(text, integer, integer, text, bigint);
