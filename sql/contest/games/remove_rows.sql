-- Deletes the rows of one game of the tenant from one table, for the loader.
--
-- The loader has no right to delete: that right is on whole tables, and includes locking the table against every tenant.
-- Security definer: the owner deletes. The plan is made for each day, so that only its partition is locked.
create or replace function contest.remove_rows(p_table text, p_game_key text, p_day date default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_count bigint;
begin
    case p_table
        when 'play_event' then
            delete from contest.play_event as r where r.tenant_id = v_tenant and r.played_on = p_day and r.game_key = p_game_key;
        when 'play_participant' then
            delete from contest.play_participant as r where r.tenant_id = v_tenant and r.played_on = p_day and r.game_key = p_game_key;
        when 'play_point' then
            delete from contest.play_point as r where r.tenant_id = v_tenant and r.played_on = p_day and r.game_key = p_game_key;
        when 'stint' then
            delete from contest.stint as r where r.tenant_id = v_tenant and r.played_on = p_day and r.game_key = p_game_key;
        when 'stint_player' then
            delete from contest.stint_player as r where r.tenant_id = v_tenant and r.played_on = p_day and r.game_key = p_game_key;
        when 'game_quality' then
            delete from contest.game_quality as r where r.tenant_id = v_tenant and r.game_key = p_game_key;
        when 'roster_entry' then
            delete from contest.roster_entry as r where r.tenant_id = v_tenant and r.game_key = p_game_key;
        when 'official_figure' then
            delete from contest.official_figure as r where r.tenant_id = v_tenant and r.game_key = p_game_key;
        when 'fixture' then  -- a load deletes only fixtures that a schedule alone knew
            delete from contest.fixture as r
            where r.tenant_id = v_tenant and r.game_key = p_game_key and r.competition_key is null and r.content_hash is null;
        else
            raise exception 'the loader deletes no rows of table %', coalesce(p_table, 'null') using errcode = '22023';
    end case;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;

comment on function contest.remove_rows(text, text, date) is
'Returns the number of deleted rows of the game; a table partitioned by the day of the game needs the day. A fixture is deleted only while it belongs to no competition and no revision is published. Errors: 22023 for another table; 42501 when no tenant is set.';

grant execute on function contest.remove_rows(text, text, date) to stanchion_loader;

-- revert: drop function contest.remove_rows(text, text, date);
