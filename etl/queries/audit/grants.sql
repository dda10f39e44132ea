-- The relations that a role may read.
select r.name
from core.own_relation as r
where r.kind in ('table', 'view') and has_table_privilege(%(role)s, r.relation, 'select')
