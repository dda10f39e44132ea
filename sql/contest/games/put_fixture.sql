-- Upserts a game from a load. For a game of a competition only the tracked columns are written; the events of the
-- competition give its teams and score.
create or replace function contest.put_fixture(p_game_key text, p_load_id bigint, p_row jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_row contest.fixture := jsonb_populate_record(null::contest.fixture, p_row);
begin
    insert into contest.fixture as f (
        tenant_id, game_key, load_id, season_key, game_type, home_team_key, away_team_key, played_on, played_on_source,
        status, official_home, official_away, official_by_period, tracked_home_team_key, tracked_away_team_key,
        is_swapped, period_seconds, penalty_minutes, home_attacks_right_p1, is_tracked_to_end, lacks, content_hash
    ) values (
        v_tenant, p_game_key, p_load_id, v_row.season_key, v_row.game_type, v_row.home_team_key, v_row.away_team_key,
        v_row.played_on, v_row.played_on_source, v_row.status, v_row.official_home, v_row.official_away,
        nullif(v_row.official_by_period, 'null'), v_row.tracked_home_team_key, v_row.tracked_away_team_key,
        v_row.is_swapped, nullif(v_row.period_seconds, 'null'), nullif(v_row.penalty_minutes, 'null'),
        v_row.home_attacks_right_p1, v_row.is_tracked_to_end, v_row.lacks, v_row.content_hash
    )
    on conflict on constraint fixture_pk do update set
        load_id = excluded.load_id,
        season_key = case when f.competition_key is null then excluded.season_key else f.season_key end,
        game_type = case when f.competition_key is null then excluded.game_type else f.game_type end,
        home_team_key = case when f.competition_key is null then excluded.home_team_key else f.home_team_key end,
        away_team_key = case when f.competition_key is null then excluded.away_team_key else f.away_team_key end,
        played_on = excluded.played_on,
        played_on_source = excluded.played_on_source,
        status = case
            when f.competition_key is null then excluded.status
            when f.official_home is not null then 'final'
            when excluded.content_hash is not null then 'live'
            else 'scheduled'
        end,
        official_home = case when f.competition_key is null then excluded.official_home else f.official_home end,
        official_away = case when f.competition_key is null then excluded.official_away else f.official_away end,
        official_by_period = case when f.competition_key is null then excluded.official_by_period else f.official_by_period end,
        tracked_home_team_key = excluded.tracked_home_team_key,
        tracked_away_team_key = excluded.tracked_away_team_key,
        is_swapped = excluded.is_swapped,
        period_seconds = excluded.period_seconds,
        penalty_minutes = excluded.penalty_minutes,
        home_attacks_right_p1 = excluded.home_attacks_right_p1,
        is_tracked_to_end = excluded.is_tracked_to_end,
        lacks = excluded.lacks,
        content_hash = excluded.content_hash,
        -- the load compared with the score that it read: when another score was confirmed since, it is compared again
        is_scored = f.competition_key is null or (f.official_home, f.official_away) is not distinct from (excluded.official_home, excluded.official_away);
end;
$$;

comment on function contest.put_fixture(text, bigint, jsonb) is
'Returns nothing. Errors: 42501 when no tenant is set, and those of the constraints of contest.fixture.';

grant execute on function contest.put_fixture(text, bigint, jsonb) to stanchion_loader;

-- revert: drop function contest.put_fixture(text, bigint, jsonb);
