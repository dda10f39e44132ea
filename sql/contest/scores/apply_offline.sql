-- Applies the actions of an offline client: [{"id", "fixture", "version", "do", ...}], in any order.
--
-- Each action happens once per id, however often and by whichever client it is sent, and a later batch gets the first
-- outcome. Actions on a fixture go by the version that the client saw and never by its clock. An action at another
-- version is a conflict, and so are the later actions of the batch on that fixture, since they were based on a state that
-- never existed. Of two actions at one version the smaller id is first, so every order of a batch has the same outcome.
create or replace function contest.apply_offline(p_actions jsonb)
returns table (action_id text, outcome text, fixture text, version bigint, reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_action record;
    v_new bigint;
    v_games text[];
    v_version bigint;
    v_reason text;
    v_spoilt text[] := array[]::text[];
begin
    if jsonb_typeof(p_actions) is distinct from 'array' or jsonb_array_length(p_actions) > 1000 then
        raise exception 'a batch must be a list of at most 1000 actions' using errcode = '22023';
    elsif exists (
        select 1
        from jsonb_array_elements(p_actions) as a (action)
        where (
            length(a.action ->> 'id') between 1 and 200 and length(a.action ->> 'fixture') between 1 and 500
            and jsonb_typeof(a.action -> 'version') = 'number' and a.action ->> 'version' ~ '^[0-9]{1,18}$'
        ) is not true
    ) then
        raise exception 'every action needs an id, a fixture and the version at which it was made' using errcode = '22023';
    end if;
    -- inserts the ids first, in one order: a session that sends one of them too waits here and then gets its outcome
    with new as (
        insert into contest.offline_action (tenant_id, action_id, fingerprint, game_key, received_at)
        select distinct on (a.action ->> 'id')
            v_tenant, a.action ->> 'id', sha256(convert_to(a.action::text, 'UTF8')), a.action ->> 'fixture', v_now
        from jsonb_array_elements(p_actions) as a (action)
        order by a.action ->> 'id', a.action::text
        on conflict on constraint offline_action_pk do nothing
        returning 1
    )

    select count(*) into v_new from new;
    if v_new > 0 then  -- else every action has its outcome
        v_games := array(
            select distinct o.game_key
            from contest.offline_action as o
            where o.tenant_id = v_tenant and o.outcome is null
                and o.action_id in (select a.action ->> 'id' from jsonb_array_elements(p_actions) as a (action))
        );
        perform contest.lock_fixtures(v_games);
    end if;
    for v_action in
        select distinct on (e.game_key, e.version, o.action_id) o.action_id, e.game_key, e.version, e.action
        from (
            select
                a.action,
                a.action ->> 'id' as id,
                a.action ->> 'fixture' as game_key,
                (a.action ->> 'version')::bigint as version
            from jsonb_array_elements(p_actions) as a (action)
        ) as e
        join contest.offline_action as o
            on o.tenant_id = v_tenant and o.action_id = e.id and o.outcome is null
            and o.fingerprint = sha256(convert_to(e.action::text, 'UTF8'))
        order by e.game_key, e.version, o.action_id
    loop
        select d.version, d.reason into v_version, v_reason
        from contest.apply_action(v_action.action, v_action.game_key = any (v_spoilt)) as d;
        if v_reason is not null then
            v_spoilt := v_spoilt || v_action.game_key;
        end if;
        update contest.offline_action as o
        set
            outcome = case when v_reason is null then 'applied' else 'conflict' end,
            version = v_version,
            reason = v_reason
        where o.tenant_id = v_tenant and o.action_id = v_action.action_id;
    end loop;
    return query
    select distinct
        o.action_id,
        case when o.fingerprint = sha256(convert_to(a.action::text, 'UTF8')) then o.outcome else 'mismatch' end,
        a.action ->> 'fixture',
        o.version,
        case
            when o.fingerprint = sha256(convert_to(a.action::text, 'UTF8')) then o.reason
            else 'the id was for another action'
        end
    from jsonb_array_elements(p_actions) as a (action)
    join contest.offline_action as o on o.tenant_id = v_tenant and o.action_id = a.action ->> 'id'
    order by 1, 2;
end;
$$;

comment on function contest.apply_offline(jsonb) is
'Returns one row per action: applied, with the version of the fixture after it; conflict, with the version found and the reason; mismatch, when the id belongs to another action. Errors: 22023 when the batch is not a list of actions; 42501 when no tenant is set; 40001 above READ COMMITTED when another session just sent one of them.';

grant execute on function contest.apply_offline(jsonb) to stanchion_app;

-- Applies one action of an offline client. A refused action is undone, and the batch continues.
create or replace function contest.apply_action(
    p_action jsonb, p_is_spoilt boolean, out version bigint, out reason text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_game text := p_action ->> 'fixture';
    v_expected bigint := (p_action ->> 'version')::bigint;
    v_state text;
begin
    select f.version into version from contest.fixture as f where f.tenant_id = v_tenant and f.game_key = v_game;
    if p_is_spoilt then
        reason := 'an action before it met a conflict';
        return;
    end if;
    begin
        case p_action ->> 'do'
            when 'submit' then
                select s.state, s.version into v_state, version
                from contest.submit_score(
                    v_game, (p_action ->> 'home')::integer, (p_action ->> 'away')::integer, p_action ->> 'id', v_expected
                ) as s;
                if v_state = 'mismatch' then
                    reason := 'the id is the key of another submission';
                end if;
            when 'confirm' then
                version := contest.confirm_score(contest.pending_submission(v_game, v_expected), v_expected);
            when 'dispute' then
                version := contest.dispute_score(
                    contest.pending_submission(v_game, v_expected), p_action ->> 'reason', v_expected
                );
            when 'amend' then
                version := contest.amend_result(
                    v_game, (p_action ->> 'home')::integer, (p_action ->> 'away')::integer, p_action ->> 'reason', v_expected
                );
            else
                reason := format('unknown action %s', coalesce(p_action ->> 'do', 'null'));
        end case;
    exception
        -- errors that refuse the action; a deadlock, a full disk and the like end the whole batch
        when
            serialization_failure or insufficient_privilege or no_data_found or object_not_in_prerequisite_state
            or invalid_parameter_value or invalid_text_representation or numeric_value_out_of_range or unique_violation
        then
            if sqlstate = '40001' and current_setting('transaction_isolation') <> 'read committed' then
                raise;
            end if;
            reason := sqlerrm;
    end;
end;
$$;

comment on function contest.apply_action(jsonb, boolean) is
'Returns the version of the fixture after the action and no reason; or the version found and the reason of the refusal.';

-- Returns the pending submission of a fixture, if the fixture is still at the version that the caller saw.
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
        raise exception 'fixture % has no pending score', p_game_key using errcode = '55000';
    end if;
    return v_submission;
end;
$$;

comment on function contest.pending_submission(text, bigint) is
'Returns the key of the pending submission. Errors: 55000 when there is none; 40001 when the fixture is at another version; P0002 when the fixture does not exist.';

-- revert: drop function contest.pending_submission(text, bigint);
-- revert: drop function contest.apply_action(jsonb, boolean);
-- revert: drop function contest.apply_offline(jsonb);
