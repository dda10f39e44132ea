-- A submission that somebody is about to decide, with its fixture locked.
create or replace function contest.find_submission(
    p_submission text, out submission contest.score_submission, out fixture contest.fixture
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_game text;
begin
    select s.game_key into v_game
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = p_submission;
    if not found then
        raise exception 'there is no such submission' using errcode = 'P0002';
    end if;
    fixture := contest.lock_fixture(v_game, null);
    select s.* into submission  -- again, as it is under the lock
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = p_submission;
end;
$$;

comment on function contest.find_submission(text) is
'Both. Raises P0002 when there is none.';

-- revert: drop function contest.find_submission(text);
