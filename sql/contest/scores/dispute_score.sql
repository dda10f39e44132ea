-- Disputes a submitted score. Either side may, and the submitter, who withdraws it in this way. Another score can then be
-- submitted.
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
        raise exception 'a reason is required' using errcode = '22023';
    end if;
    select f.* into v_found from contest.lock_submission(p_submission) as f;
    v_submission := v_found.submission;
    v_fixture := v_found.fixture;
    v_side := contest.acting_side(v_fixture.game_key);
    if v_submission.state = 'disputed' and v_submission.decided_by = core.actor() then
        return v_fixture.version;
    elsif p_expected <> v_fixture.version then
        raise exception 'fixture % is at version %, expected %', v_fixture.game_key, v_fixture.version, p_expected using errcode = '40001';
    elsif v_submission.state <> 'pending' then
        raise exception 'score % is already %', p_submission, v_submission.state using errcode = '55000';
    end if;
    perform core.write_audit('contest.dispute', v_fixture.game_key, jsonb_build_object('submission', p_submission, 'reason', p_reason));
    return contest.record_event(
        'contest.fixture', v_fixture.game_key, v_fixture.version, 'score.disputed',
        jsonb_build_object('submission', p_submission, 'reason', p_reason, 'side', v_side)
    );
end;
$$;

comment on function contest.dispute_score(text, text, bigint) is
'Returns the version of the fixture. Errors: 55000 when the score is already confirmed or disputed; 40001 when the fixture is at another version; 22023 when the reason is empty; P0002 when the submission does not exist; 42501 when the principal has no part in the fixture.';

grant execute on function contest.dispute_score(text, text, bigint) to stanchion_app;

-- revert: drop function contest.dispute_score(text, text, bigint);
