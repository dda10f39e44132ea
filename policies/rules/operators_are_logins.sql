-- The owner of the functions is not an operator. On a node of a cluster, a security definer function reads the tables in a
-- session of stanchion_owner, for which the policies of the owner would admit every tenant. So core.is_operator() excludes
-- that role, and no policy and no query of a function reads the login by itself: the function reads it into a variable.
--
-- cluster: F4
-- severity: critical
-- remedy: read session_user or core.is_operator() into a variable; then run: stanchion deploy --accept-drift
select
    f.name as object,
    'admits a session of stanchion_owner' as problem
from core.own_function as f
where
    f.name = 'core.is_operator()'
    and pg_get_function_sqlbody(f.function) ~ 'SESSION_USER <> ''stanchion_owner''::name\) AND ' is not true
union all
select t.name, format('the policy %s reads the login', p.polname)
from core.placement as t
join pg_policy as p on p.polrelid = t.relation
where
    t.class in ('distributed', 'reference')
    and concat(p.polqual::text, p.polwithcheck::text) like '%{SQLVALUEFUNCTION %'
union all
select s.name, format('reads the login in a query on %s', array_to_string(s.tables, ' and '))
from core.own_statement as s
where
    s.tables <> '{}'
    and s.code !~* '^\s*(insert|update|delete)\M'  -- a node gets the value of such a call
    and s.code ~* '\m(session_user|current_user|core\.is_operator\s*\()'
