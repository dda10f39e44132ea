-- Notes, for each list of changes, that the tests held for what every mart holds by now.
select core.close_window('staging.tested_' || opened.changes, opened.changes, '')
from (
    select
        r.changes,
        set_config(format('stanchion.%s_high', r.changes), min(r.position)::text, true) as high
    from core.stat_refresh as r
    where r.model ~ '^marts[.]' and r.changes is not null
    group by r.changes
) as opened
where opened.high is not null
