-- Metrics above their threshold in ops.threshold, with the remedy. `stanchion doctor` prints these rows.
create or replace view ops.alert with (security_invoker = true) as
select
    w.name,
    m.subject,
    w.threshold,
    m.value,
    m.problem,
    m.remedy
from ops.threshold as w
join ops.measure() as m on m.name = w.name
where m.value > w.threshold;

comment on view ops.alert is 'One row per metric above its threshold: the problem and the remedy.';

-- needs: ops.measure
-- revert: drop view ops.alert;
