-- Records the decision of a person about all known revisions of a game.
--
-- The caller holds the lock of the game and publishes the result in the same transaction.
create or replace function landing.choose_revision(p_game_key text, p_content_hash bytea, p_reason text)
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
    v_games text[] := landing.game_keys(p_game_key);
    v_newest record;
begin
    select r.exported_at, r.rank, r.content_hash into v_newest
    from landing.revision as r
    where r.tenant_id = v_tenant and r.game_key = any(v_games)
    order by r.exported_at desc nulls last, r.rank desc nulls last, r.content_hash desc
    limit 1;
    if not found or (
        p_content_hash is not null and not exists (
            select from landing.revision as r
            where r.tenant_id = v_tenant and r.game_key = any(v_games) and r.content_hash = p_content_hash
                and r.state <> 'empty'
        )
    ) then
        raise exception 'game % has no such revision, or the revision is empty', p_game_key using errcode = 'P0002';
    end if;
    insert into landing.choice (
        tenant_id, game_key, content_hash, over_exported_at, over_rank, over_hash, reason, chosen_by, chosen_at
    ) values (
        v_tenant, p_game_key, p_content_hash, v_newest.exported_at, v_newest.rank, v_newest.content_hash, p_reason,
        v_login, v_now
    )
    on conflict on constraint choice_pk do update set
        content_hash = excluded.content_hash,
        over_exported_at = excluded.over_exported_at,
        over_rank = excluded.over_rank,
        over_hash = excluded.over_hash,
        reason = excluded.reason,
        chosen_by = excluded.chosen_by,
        chosen_at = excluded.chosen_at;
    perform core.write_audit(
        case when p_content_hash is null then 'game.withdraw' else 'game.publish' end,
        p_game_key,
        jsonb_build_object('content_hash', encode(p_content_hash, 'hex'), 'reason', p_reason)
    );
end;
$$;

comment on function landing.choose_revision(text, bytea, text) is
'Returns nothing. Chooses the revision to publish, or none with null, over all known revisions. Errors: P0002 when the game has no such revision; 42501 when no tenant is set.';

grant execute on function landing.choose_revision(text, bytea, text) to stanchion_loader;

-- revert: drop function landing.choose_revision(text, bytea, text);
