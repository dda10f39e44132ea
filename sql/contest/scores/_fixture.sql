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
    v_tenant uuid := core.required_tenant();
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
begin
    perform 1
    from contest.fixture as f
    where
        f.tenant_id = v_tenant
        and f.game_key = any (
            p_games || array(
                select n.game_key
                from contest.pairing as p
                join contest.competition as c
                    on c.tenant_id = p.tenant_id and c.competition_key = p.competition_key and c.format = 'single elimination'
                join contest.pairing as n
                    on n.tenant_id = p.tenant_id and n.competition_key = p.competition_key
                    and n.round = p.round + 1 and n.slot = (p.slot + 1) / 2
                where p.tenant_id = v_tenant and p.game_key = any (p_games) and n.game_key is not null
            )
        )
    order by f.round, f.game_key
    for no key update;
end;
$$;

comment on function contest.lock_fixtures(text[]) is
'Returns nothing. Unknown fixtures are skipped.';

-- revert: drop function contest.lock_fixtures(text[]);
-- revert: drop function contest.lock_fixture(text, bigint);
