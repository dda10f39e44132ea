-- Returns the side of the acting principal: the side of the team for a player, else official.
--
-- An application that sets no principal acts for itself and is trusted. A principal has to play in the fixture or to have
-- a role in the tenant that may decide.
create or replace function contest.acting_side(p_game_key text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_principal uuid := core.current_principal();
    v_fixture record;
    v_team text;
    v_side text;
begin
    if v_principal is null then
        return 'official';
    end if;
    select f.competition_key, f.home_team_key, f.away_team_key into v_fixture
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.game_key = p_game_key;
    select p.team_key into v_team
    from contest.player as p
    where p.tenant_id = v_tenant and p.competition_key = v_fixture.competition_key and p.principal_id = v_principal;
    v_side := case v_team when v_fixture.home_team_key then 'home' when v_fixture.away_team_key then 'away' end;
    if v_side is null then
        perform core.require_editor();
    end if;
    return coalesce(v_side, 'official');
end;
$$;

comment on function contest.acting_side(text) is
'Returns home, away or official. Errors: 42501 when the principal neither plays in the fixture nor is an owner, admin or editor.';

-- Locks the fixture of a submission that is about to be decided, and returns both.
create or replace function contest.lock_submission(
    p_submission text, out submission contest.score_submission, out fixture contest.fixture
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_game text;
begin
    select s.game_key into v_game
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = p_submission;
    if not found then
        raise exception 'submission % does not exist', p_submission using errcode = 'P0002';
    end if;
    fixture := contest.lock_fixture(v_game, null);
    select s.* into submission  -- read again, since it may have changed before the lock
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = p_submission;
end;
$$;

comment on function contest.lock_submission(text) is
'Returns the submission and its locked fixture. Errors: P0002 when the submission does not exist.';

-- Refuses invalid scores. In a bracket one team has to win.
create or replace function contest.check_score(p_fixture contest.fixture, p_home integer, p_away integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    if (p_home between 0 and 100000 and p_away between 0 and 100000) is not true then
        raise exception 'both scores must be between 0 and 100000, not % and %', coalesce(p_home::text, 'null'), coalesce(p_away::text, 'null')
            using errcode = '22023';
    elsif p_home = p_away then
        perform 1
        from contest.competition as c
        where c.tenant_id = v_tenant and c.competition_key = (p_fixture).competition_key and c.format = 'single elimination';
        if found then
            raise exception 'a fixture of a single elimination needs a winner, not a draw of % to %', p_home, p_away using errcode = '22023';
        end if;
    end if;
end;
$$;

comment on function contest.check_score(contest.fixture, integer, integer) is
'Returns nothing. Errors: 22023 when a score is out of range, or for a draw where the winner advances.';

-- Makes a submission the result, and advances the winner in a bracket.
create or replace function contest.confirm_submission(p_submission contest.score_submission, p_version bigint, p_by text)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version bigint;
begin
    v_version := contest.record_event(
        'contest.fixture', (p_submission).game_key, p_version, 'result.confirmed',
        jsonb_build_object(
            'submission', (p_submission).submission_key, 'home', (p_submission).home, 'away', (p_submission).away, 'by', p_by
        )
    );
    perform contest.advance_winner((p_submission).game_key);
    return v_version;
end;
$$;

comment on function contest.confirm_submission(contest.score_submission, bigint, text) is
'Returns the version of the fixture.';

-- Advances the winner of a fixture to the next round of the bracket. The next fixture is created once both teams are known.
create or replace function contest.advance_winner(p_game_key text)
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
    v_fixture record;
    v_team text;
    v_next record;
    v_new text;
    v_version bigint;
begin
    select
        p.competition_key,
        p.round + 1 as round,
        (p.slot + 1) / 2 as slot,
        p.slot % 2 = 1 as is_home
    into v_winner
    from contest.pairing as p
    where p.tenant_id = v_tenant and p.game_key = p_game_key;
    if not found then
        return;
    end if;
    -- a session that decides the other fixture waits here and then sees this winner
    perform 1
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = v_winner.competition_key and c.format = 'single elimination'
    for no key update;
    if not found then
        return;
    end if;
    select f.official_home, f.official_away, f.home_team_key, f.away_team_key into v_fixture
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.game_key = p_game_key;
    v_team := case
        when v_fixture.official_home > v_fixture.official_away then v_fixture.home_team_key else v_fixture.away_team_key
    end;
    select
        n.game_key,
        n.home_team_key,
        n.away_team_key,
        case when v_winner.is_home then v_team else n.home_team_key end as home,
        case when v_winner.is_home then n.away_team_key else v_team end as away
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
    perform 1 from contest.score_submission as s where s.tenant_id = v_tenant and s.game_key = v_next.game_key;
    if found then
        raise exception 'the old winner has already played in the next round' using errcode = '55000';
    end if;
    perform contest.record_event(
        'contest.competition', v_winner.competition_key, null, 'pairing.filled',
        jsonb_build_object(
            'round', v_winner.round, 'slot', v_winner.slot, 'home', v_next.home, 'away', v_next.away, 'fixture', v_new
        )
    );
    if v_next.game_key is not null then
        perform contest.record_event(
            'contest.fixture', v_next.game_key, v_version, 'teams.changed',
            jsonb_build_object('home', v_next.home, 'away', v_next.away)
        );
    end if;
end;
$$;

comment on function contest.advance_winner(text) is
'Returns nothing. Errors: 55000 when the old winner has already played in the next round.';

-- revert: drop function contest.advance_winner(text);
-- revert: drop function contest.confirm_submission(contest.score_submission, bigint, text);
-- revert: drop function contest.check_score(contest.fixture, integer, integer);
-- revert: drop function contest.lock_submission(text);
-- revert: drop function contest.acting_side(text);
