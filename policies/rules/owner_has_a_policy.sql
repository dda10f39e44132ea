-- The owner has a policy on every table, because row-level security applies to the owner too. Without one, functions
-- and maintenance that run as the owner would silently see nothing.
--
-- severity: warning
-- remedy: add a policy for the owner in policies/, then run: stanchion deploy
select r.name as object, format('has no policy for its owner %s', pg_get_userbyid(r.owner)) as problem
from core.own_relation as r
where
    r.kind = 'table'
    and not exists (
        select 1
        from pg_policies as p
        where format('%s.%s', p.schemaname, p.tablename) = r.name and pg_get_userbyid(r.owner) = any(p.roles)
    )
