-- Everything that is watched: its promise, and for each alert the problem and the remedy.
select
    w.promise,
    a.problem,
    a.remedy
from ops.watch as w
left join ops.alert as a on a.name = w.name
order by w.name, a.subject
