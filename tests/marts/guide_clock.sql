-- A clock that stands still in May 2026, so that every day and time in the guide for analysts is the same in each
-- run, and the partitions for the days to which the seed moves it.
create sequence public.minutes minvalue -100000;
select setval('public.minutes', 1);
grant select on sequence public.minutes to public;  -- core.clock() runs with the rights of the calling function's owner
create or replace function core.clock() returns timestamptz language sql volatile
return timestamptz '2026-05-25 12:00:00+00' + pg_sequence_last_value('public.minutes') * interval '1 minute';

select core.ensure_partitions(s.relation::regclass, days.first, days.last)
from core.partition_set as s
cross join (values (date '2026-05-25', date '2026-05-25'), (date '2026-06-10', date '2026-06-14')) as days (first, last)
where s.guard is distinct from 'contest.guard_play_day';
