-- The fixture of a competition whose score somebody is about to say, locked and as it is now.
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
        raise exception 'there is no such fixture' using errcode = 'P0002';
    elsif v_fixture.competition_key is null then
        raise exception 'the fixture is of no competition: its schedule says its score' using errcode = '55000';
    elsif p_expected <> v_fixture.version then
        raise exception 'the fixture is at version %, not %', v_fixture.version, p_expected using errcode = '40001';
    end if;
    if v_fixture.round is not null then  -- with where its winner goes
        perform contest.lock_fixtures(array[p_game_key]);
    end if;
    return v_fixture;
end;
$$;

comment on function contest.lock_fixture(text, bigint) is
'The fixture. Raises P0002 when there is none, 55000 when it is of no competition, 40001 when it is not at the expected version; an expected null takes any.';

-- revert: drop function contest.lock_fixture(text, bigint);
