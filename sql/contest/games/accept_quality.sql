-- Accepts the published revision of a game although it contradicts the official score, and audits the reason.
--
-- The acceptance holds for this revision. A later revision is compared again.
create or replace function contest.accept_quality(p_game_key text, p_reason text, p_load_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_login text := session_user;
    v_now timestamptz := core.clock();
begin
    if (p_reason ~ '\S') is not true then
        raise exception 'a reason is required' using errcode = '22023';
    end if;
    update contest.game_quality as q
    set accepted_by = v_login, accepted_reason = p_reason, accepted_at = v_now
    where q.tenant_id = v_tenant and q.game_key = p_game_key;
    if not found then
        raise exception 'no revision of game % is published', p_game_key using errcode = 'P0002';
    end if;
    update contest.fixture as f
    set load_id = p_load_id
    where f.tenant_id = v_tenant and f.game_key = p_game_key;
    perform core.write_audit('quality.accept', p_game_key, jsonb_build_object('reason', p_reason));
end;
$$;

comment on function contest.accept_quality(text, text, bigint) is
'Returns nothing. Accepts the published revision of a game, as part of a load. Errors: P0002 when no revision is published; 22023 when the reason is empty; 42501 when no tenant is set.';

grant execute on function contest.accept_quality(text, text, bigint) to stanchion_loader;

-- revert: drop function contest.accept_quality(text, text, bigint);
