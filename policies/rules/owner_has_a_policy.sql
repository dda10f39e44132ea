-- The owner is under row level security too: without a policy of its own, functions and
-- maintenance that work as the owner would see nothing, in silence.
select r.name as object, format('there is no policy for its owner %s', pg_get_userbyid(r.owner)) as problem
from core.own_relation as r
where
    r.kind = 'table'
    and not exists (
        select 1
        from pg_policies as p
        where format('%s.%s', p.schemaname, p.tablename) = r.name and pg_get_userbyid(r.owner) = any(p.roles)
    )
