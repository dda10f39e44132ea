-- The volatility of a function fits its body. An immutable function in a policy keeps the value of the first tenant
-- for the next one, a stable function that writes fails when it runs, and a stable function that reads the clock
-- repeats the first time.
--
-- severity: high
-- remedy: correct the volatility in the module, then run: stanchion deploy --accept-drift
select f.name as object, 'is immutable and reads settings, tables or the time' as problem
from core.own_function as f
where
    f.volatility = 'i'
    and f.body || coalesce(pg_get_function_sqlbody(f.function), '')
    ~* '\m(current_setting|session_user|current_user|now\(|clock_timestamp|current_date|from\s+\w+\.)'
union all
select f.name, 'writes or reads the clock and is not volatile'
from core.own_function as f
where
    f.volatility <> 'v'
    and f.body || coalesce(pg_get_function_sqlbody(f.function), '')
    ~* '\m(insert into|delete from|update \w+\.|set_config|nextval|clock_timestamp|core\.clock|gen_random_uuid)'
