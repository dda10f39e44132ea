-- Which score somebody means who confirms or disputes what they saw of a fixture.
create or replace function contest.pending_submission(p_game_key text, p_expected bigint)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_submission text;
begin
    perform contest.lock_fixture(p_game_key, p_expected);
    select s.submission_key into v_submission
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.game_key = p_game_key and s.state = 'pending';
    if not found then
        raise exception 'no score of the fixture is pending' using errcode = '55000';
    end if;
    return v_submission;
end;
$$;

comment on function contest.pending_submission(text, bigint) is
'The key of the pending submission. Raises 55000 when there is none, 40001 when the fixture is not at the expected version, P0002 when there is no such fixture.';

-- revert: drop function contest.pending_submission(text, bigint);
