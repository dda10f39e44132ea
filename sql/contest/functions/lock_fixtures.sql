-- Locks what deciding these fixtures will write, always in one order, so that two who decide several at once never
-- wait for each other both ways: fixtures by round, and in a bracket also those that their winners go to.
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
'Nothing. A fixture that there is not is passed over.';

-- revert: drop function contest.lock_fixtures(text[]);
