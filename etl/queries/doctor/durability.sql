-- What is committed survives a crash.
select
    format('%s is off: a crash can lose or damage what was committed.', s.name) as problem,
    format('Run: alter system set %s = on; and reload.', s.name) as remedy
from pg_settings as s
where s.name in ('fsync', 'full_page_writes', 'synchronous_commit') and s.setting = 'off'
