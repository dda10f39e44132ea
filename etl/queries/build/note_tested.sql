-- Notes that the tests held for what every mart holds by now.
select core.close_window('staging.tested', '')
from (
    select set_config('stanchion.window_high', min(r.load_id)::text, true) as high
    from core.stat_refresh as r
    where r.model ~ '^marts[.](fact|dim)_' and r.model !~ '_season$'
) as opened
where opened.high is not null
