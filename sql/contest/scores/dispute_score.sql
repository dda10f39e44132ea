-- Says that a submitted score is wrong. Either side may, and whoever submitted it, who so takes it back; another
-- score can then be submitted.
create or replace function contest.dispute_score(p_submission text, p_reason text, p_expected bigint default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_found record;
    v_submission contest.score_submission;
    v_fixture contest.fixture;
    v_side text;
begin
    if (p_reason ~ '\S') is not true then
        raise exception 'why?' using errcode = '22023';
    end if;
    select f.* into v_found from contest.find_submission(p_submission) as f;
    v_submission := v_found.submission;
    v_fixture := v_found.fixture;
    v_side := contest.acting_side(v_fixture.game_key);
    if v_submission.state = 'disputed' and v_submission.decided_by = core.actor() then
        return v_fixture.version;
    elsif p_expected <> v_fixture.version then
        raise exception 'the fixture is at version %, not %', v_fixture.version, p_expected using errcode = '40001';
    elsif v_submission.state <> 'pending' then
        raise exception 'the score is % already', v_submission.state using errcode = '55000';
    end if;
    perform core.write_audit('contest.dispute', v_fixture.game_key, jsonb_build_object('submission', p_submission, 'reason', p_reason));
    return contest.record(
        'contest.fixture', v_fixture.game_key, v_fixture.version, 'score.disputed',
        jsonb_build_object('submission', p_submission, 'reason', p_reason, 'side', v_side)
    );
end;
$$;

comment on function contest.dispute_score(text, text, bigint) is
'The version of the fixture. Raises 55000 when the score is confirmed or disputed already, 40001 when the fixture is not at the expected version, 22023 without a reason, P0002 for a submission that there is not, 42501 for a principal who has no part in it.';

grant execute on function contest.dispute_score(text, text, bigint) to stanchion_app;

-- revert: drop function contest.dispute_score(text, text, bigint);
