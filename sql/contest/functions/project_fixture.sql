-- The events of a fixture of a competition: when it is, what was said about its score, and what holds.
create or replace function contest.project_fixture(p_game_key text, p_version bigint, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_at timestamptz := (p_payload ->> 'at')::timestamptz;
begin
    case p_event
        when 'score.submitted' then
            insert into contest.score_submission (
                tenant_id, submission_key, game_key, home, away, side, submitted_by, submitted_at, due_at
            ) values (
                v_tenant, p_payload ->> 'submission', p_game_key, (p_payload ->> 'home')::integer,
                (p_payload ->> 'away')::integer, p_payload ->> 'side', p_payload ->> 'by', v_at,
                (p_payload ->> 'due')::timestamptz
            );
        when 'score.disputed' then
            update contest.score_submission as s
            set state = 'disputed', decided_by = p_payload ->> 'by', decided_at = v_at
            where s.tenant_id = v_tenant and s.submission_key = p_payload ->> 'submission';
            insert into contest.dispute (tenant_id, submission_key, game_key, reason, side, raised_by, raised_at)
            values (
                v_tenant, p_payload ->> 'submission', p_game_key, p_payload ->> 'reason', p_payload ->> 'side',
                p_payload ->> 'by', v_at
            );
        when 'result.confirmed' then
            update contest.score_submission as s
            set state = 'confirmed', decided_by = p_payload ->> 'by', decided_at = v_at
            where s.tenant_id = v_tenant and s.submission_key = p_payload ->> 'submission';
            update contest.dispute as d
            set settled_at = v_at
            where d.tenant_id = v_tenant and d.game_key = p_game_key and d.settled_at is null;
        when 'result.amended' then
            null;
        when 'teams.changed' then
            update contest.fixture as f
            set home_team_key = p_payload ->> 'home', away_team_key = p_payload ->> 'away', version = p_version
            where f.tenant_id = v_tenant and f.game_key = p_game_key;
        when 'fixture.scheduled' then
            -- where something is published its rows lie under the day of the game, which a load moves
            update contest.fixture as f
            set
                station_key = p_payload ->> 'station',
                starts_at = (p_payload ->> 'starts_at')::timestamptz,
                ends_at = (p_payload ->> 'ends_at')::timestamptz,
                played_on = case
                    when f.content_hash is null then core.utc_day((p_payload ->> 'starts_at')::timestamptz) else f.played_on
                end,
                version = p_version
            where f.tenant_id = v_tenant and f.game_key = p_game_key;
        else
            raise exception 'nobody knows an event %', p_event using errcode = '22023';
    end case;
    if p_event in ('result.confirmed', 'result.amended') then
        perform contest.enter_result(
            p_game_key, p_version, (p_payload ->> 'home')::integer, (p_payload ->> 'away')::integer, v_at
        );
    elsif p_event in ('score.submitted', 'score.disputed') then
        update contest.fixture as f
        set version = p_version
        where f.tenant_id = v_tenant and f.game_key = p_game_key;
    end if;
end;
$$;

comment on function contest.project_fixture(text, bigint, text, jsonb) is
'Nothing. Raises 22023 for an event that nobody knows, and what the tables refuse.';

-- revert: drop function contest.project_fixture(text, bigint, text, jsonb);
