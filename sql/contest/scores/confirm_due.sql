-- Handles the queue of submitted scores: confirms the scores that were not disputed in time, and skips decided ones.
create or replace function contest.confirm_due(p_lease uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
    v_keys text[];
    v_games text[];
    v_submission contest.score_submission;
    v_count integer := 0;
begin
    select array_agg(j.payload ->> 'submission') into v_keys
    from core.job as j
    where j.tenant_id = v_tenant and j.lease_id = p_lease;
    select array_agg(s.game_key) into v_games
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = any (v_keys);
    perform contest.lock_fixtures(v_games);
    v_now := core.clock();
    for v_submission in
        select s.*
        from contest.score_submission as s
        where
            s.tenant_id = v_tenant and s.submission_key = any (v_keys) and s.state = 'pending'
            and s.due_at <= v_now
        order by s.game_key
    loop
        perform contest.confirm_submission(v_submission, null, 'time');
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;

comment on function contest.confirm_due(uuid) is
'Returns the number of scores of the lease that were confirmed. Errors: 42501 when no tenant is set.';

grant execute on function contest.confirm_due(uuid) to stanchion_worker;

-- revert: drop function contest.confirm_due(uuid);
