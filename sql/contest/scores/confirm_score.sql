-- Confirms a submitted score: one transaction writes the result of the fixture and its points in the ledger.
--
-- The confirming principal is not the submitter and not on the side of the submitter.
create or replace function contest.confirm_score(p_submission text, p_expected bigint default null)
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
    select f.* into v_found from contest.lock_submission(p_submission) as f;
    v_submission := v_found.submission;
    v_fixture := v_found.fixture;
    v_side := contest.acting_side(v_fixture.game_key);
    if v_submission.submitted_by = core.actor() or (v_side <> 'official' and v_side = v_submission.side) then
        raise exception 'score % must be confirmed by the other side or an official', p_submission using errcode = '42501';
    elsif v_submission.state = 'confirmed' then
        return v_fixture.version;
    elsif p_expected <> v_fixture.version then
        raise exception 'fixture % is at version %, expected %', v_fixture.game_key, v_fixture.version, p_expected using errcode = '40001';
    elsif v_submission.state <> 'pending' then
        raise exception 'score % was disputed; submit another one', p_submission using errcode = '55000';
    end if;
    return contest.confirm_submission(v_submission, v_fixture.version, core.actor());
end;
$$;

comment on function contest.confirm_score(text, bigint) is
'Returns the version of the fixture, unchanged when the score was already confirmed. Errors: 42501 when the principal submitted the score, is on the side of the submitter, or has no part in the fixture; 40001 when the fixture is at another version; 55000 when the score was disputed; P0002 when the submission does not exist.';

grant execute on function contest.confirm_score(text, bigint) to stanchion_app;

-- revert: drop function contest.confirm_score(text, bigint);
