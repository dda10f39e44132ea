-- A score that can be: in a bracket somebody has to win.
create or replace function contest.check_score(p_fixture contest.fixture, p_home integer, p_away integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    if (p_home between 0 and 100000 and p_away between 0 and 100000) is not true then
        raise exception 'a score is of 0 to 100,000' using errcode = '22023';
    elsif p_home = p_away and exists (
        select 1
        from contest.competition as c
        where c.tenant_id = core.required_tenant() and c.competition_key = (p_fixture).competition_key and c.format = 'single elimination'
    ) then
        raise exception 'nobody wins that, and somebody has to go on' using errcode = '22023';
    end if;
end;
$$;

comment on function contest.check_score(contest.fixture, integer, integer) is
'Nothing. Raises 22023 for a score below 0, and for a draw where the winner goes on.';

-- revert: drop function contest.check_score(contest.fixture, integer, integer);
