-- Confirms a submitted score: the result of the fixture, its points in the ledger and the table, in this transaction.
--
-- Whoever confirms is not who submitted it, and not on that side.
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
    select f.* into v_found from contest.find_submission(p_submission) as f;
    v_submission := v_found.submission;
    v_fixture := v_found.fixture;
    v_side := contest.acting_side(v_fixture.game_key);
    if v_submission.submitted_by = core.actor() or (v_side <> 'official' and v_side = v_submission.side) then
        raise exception 'a score is confirmed by the other side' using errcode = '42501';
    elsif v_submission.state = 'confirmed' then
        return v_fixture.version;
    elsif p_expected <> v_fixture.version then
        raise exception 'the fixture is at version %, not %', v_fixture.version, p_expected using errcode = '40001';
    elsif v_submission.state <> 'pending' then
        raise exception 'the score was disputed: submit another' using errcode = '55000';
    end if;
    return contest.confirm_submission(v_submission, v_fixture.version, core.actor());
end;
$$;

comment on function contest.confirm_score(text, bigint) is
'The version of the fixture; of one that was confirmed already, as it is. Raises 42501 for who submitted it, for who is on that side and for a principal who has no part in it, 40001 when the fixture is not at the expected version, 55000 when the score was disputed, P0002 for a submission that there is not.';

grant execute on function contest.confirm_score(text, bigint) to stanchion_app;

-- revert: drop function contest.confirm_score(text, bigint);
