-- Locks a fixture of a competition whose score is about to change, and returns its current row.
create or replace function contest.lock_fixture(p_game_key text, p_expected bigint)
returns contest.fixture
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_fixture contest.fixture;
begin
    select f.* into v_fixture
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.game_key = p_game_key
    for no key update;
    if not found then
        raise exception 'fixture % does not exist', p_game_key using errcode = 'P0002';
    elsif v_fixture.competition_key is null then
        raise exception 'fixture % has no competition: its score comes from its schedule', p_game_key using errcode = '55000';
    elsif p_expected <> v_fixture.version then
        raise exception 'fixture % is at version %, expected %', p_game_key, v_fixture.version, p_expected using errcode = '40001';
    end if;
    if v_fixture.round is not null then  -- also locks the slot to which the winner goes
        perform contest.lock_fixtures(array[p_game_key]);
    end if;
    return v_fixture;
end;
$$;

comment on function contest.lock_fixture(text, bigint) is
'Returns the locked fixture; an expected version of null accepts any. Errors: P0002 when the fixture does not exist; 55000 when it has no competition; 40001 when it is at another version.';

-- Locks everything that deciding these fixtures will write, always in the same order, so that two sessions which decide
-- several fixtures never deadlock: fixtures by round, and in a bracket also the fixtures that their winners go to.
create or replace function contest.lock_fixtures(p_games text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_games text[] := p_games;
    v_pairing record;
    v_game text;
begin
    for v_pairing in
        select p.competition_key, p.round + 1 as round, (p.slot + 1) / 2 as slot
        from contest.pairing as p
        where p.tenant_id = v_tenant and p.game_key = any (p_games)
    loop
        perform 1
        from contest.competition as c
        where c.tenant_id = v_tenant and c.competition_key = v_pairing.competition_key and c.format = 'single elimination';
        continue when not found;
        select n.game_key into v_game
        from contest.pairing as n
        where n.tenant_id = v_tenant and n.competition_key = v_pairing.competition_key
            and n.round = v_pairing.round and n.slot = v_pairing.slot;
        if v_game is not null then
            v_games := v_games || v_game;
        end if;
    end loop;
    perform 1
    from contest.fixture as f
    where f.tenant_id = v_tenant and f.game_key = any (v_games)
    order by f.round, f.game_key
    for no key update;
end;
$$;

comment on function contest.lock_fixtures(text[]) is
'Returns nothing. Unknown fixtures are skipped.';

-- revert: drop function contest.lock_fixtures(text[]);
-- revert: drop function contest.lock_fixture(text, bigint);
