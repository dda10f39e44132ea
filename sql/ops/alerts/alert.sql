-- What is above its threshold in ops.threshold, and what to do about it. What `stanchion doctor` tells.
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

comment on view ops.alert is 'One row per thing that is above its threshold: what it is, and what to do.';

-- needs: ops.measure
-- revert: drop view ops.alert;
