-- Statements that give the partitions of $1 to whom it belongs.
select format('alter table %s owner to %I', c.oid::regclass, pg_get_userbyid(p.relowner))
from pg_inherits as i
join pg_class as c on c.oid = i.inhrelid
join pg_class as p on p.oid = i.inhparent
where p.oid = to_regclass($1) and c.relowner <> p.relowner
