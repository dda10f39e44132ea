-- No triggers, rules or MERGE: functions write every row explicitly. A trigger is hard to find, and none of the three
-- reaches every node of a cluster.
--
-- severity: high
-- remedy: drop trigger NAME on TABLE; and write the rows in a function.
select r.name as object, format('has the trigger %s', t.tgname) as problem
from core.own_relation as r
join pg_trigger as t on t.tgrelid = r.relation and not t.tgisinternal
union all
select r.name, format('has the rule %s', w.rulename)
from core.own_relation as r
join pg_rewrite as w on w.ev_class = r.relation and w.rulename <> '_RETURN'
union all
select f.name, 'uses MERGE'
from core.own_function as f
where f.body ~* '\mmerge\s+into\M'
