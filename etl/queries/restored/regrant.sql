-- What these logins were granted is theirs again, under the number that they have on this server.
update core.analyst_grant as g
set role_id = r.oid
from pg_roles as r
where r.rolname = g.role_name and g.role_name = any(%(logins)s) and g.role_id <> r.oid
