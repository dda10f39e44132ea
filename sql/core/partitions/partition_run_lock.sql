-- The number of the advisory lock that a run over the partitions holds, so that there is one at a time.
create or replace function core.partition_run_lock()
returns bigint
language sql
immutable
parallel safe
return 1470743569;

comment on function core.partition_run_lock() is 'The advisory lock of whoever makes and expires partitions: any constant.';

-- revert: drop function core.partition_run_lock();
