-- Sends the winner of a fixture on to the next round of the bracket; what follows is a fixture once both are known.
create or replace function contest.advance(p_game_key text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_winner record;
    v_next record;
    v_new text;
    v_version bigint;
begin
    select
        p.competition_key,
        p.round + 1 as round,
        (p.slot + 1) / 2 as slot,
        p.slot % 2 = 1 as is_home,
        case when f.official_home > f.official_away then f.home_team_key else f.away_team_key end as team_key
    into v_winner
    from contest.pairing as p
    join contest.competition as c on c.tenant_id = p.tenant_id and c.competition_key = p.competition_key
    join contest.fixture as f on f.tenant_id = p.tenant_id and f.game_key = p.game_key
    where p.tenant_id = v_tenant and p.game_key = p_game_key and c.format = 'single elimination';
    if not found then
        return;
    end if;
    -- who wins the other one waits here, and then sees whom this one sent on
    perform 1
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = v_winner.competition_key
    for no key update;
    select
        n.game_key,
        n.home_team_key,
        n.away_team_key,
        case when v_winner.is_home then v_winner.team_key else n.home_team_key end as home,
        case when v_winner.is_home then n.away_team_key else v_winner.team_key end as away
    into v_next
    from contest.pairing as n
    where n.tenant_id = v_tenant and n.competition_key = v_winner.competition_key
        and n.round = v_winner.round and n.slot = v_winner.slot;
    if not found or (v_next.home, v_next.away) is not distinct from (v_next.home_team_key, v_next.away_team_key) then
        return;
    end if;
    if v_next.game_key is null and v_next.home is not null and v_next.away is not null then
        v_new := format('%s/%s/%s', v_winner.competition_key, v_winner.round, v_winner.slot);
    end if;
    select f.version into v_version
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.game_key = v_next.game_key;
    if exists (
        select 1 from contest.score_submission as s where s.tenant_id = v_tenant and s.game_key = v_next.game_key
    ) then
        raise exception 'the winner has played on' using errcode = '55000';
    end if;
    perform contest.record(
        'contest.competition', v_winner.competition_key, null, 'pairing.filled',
        jsonb_build_object(
            'round', v_winner.round, 'slot', v_winner.slot, 'home', v_next.home, 'away', v_next.away, 'fixture', v_new
        )
    );
    if v_next.game_key is not null then
        perform contest.record(
            'contest.fixture', v_next.game_key, v_version, 'teams.changed',
            jsonb_build_object('home', v_next.home, 'away', v_next.away)
        );
    end if;
end;
$$;

comment on function contest.advance(text) is
'Nothing. Raises 55000 when the old winner has played on.';

-- revert: drop function contest.advance(text);
