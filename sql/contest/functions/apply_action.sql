-- One action of a client that was offline, or why not; what is refused is undone, and the batch goes on.
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
                reason := 'nobody knows what it does';
        end case;
    exception
        -- what the action is refused for; a deadlock, a full disk and the like end the whole batch
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
'The version of the fixture after it and no reason; else the version that it met, and the reason.';

-- revert: drop function contest.apply_action(jsonb, boolean);
