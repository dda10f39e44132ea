-- Foreign keys are enforced: the triggers of the system behind them are enabled on every table and partition.
--
-- severity: critical
-- remedy: alter table NAME enable trigger all; then check the rows written since.
select
    r.name as object,
    format('%s triggers of foreign keys are %s', count(*), case t.tgenabled when 'D' then 'disabled' else 'limited to replication' end) as problem
from core.own_relation as r
join pg_trigger as t on t.tgrelid = r.relation
where t.tgisinternal and t.tgenabled not in ('O', 'A')
group by r.name, t.tgenabled
