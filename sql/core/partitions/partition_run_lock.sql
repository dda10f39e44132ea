-- Returns the advisory lock of a run over the partitions, so that one run is active at a time.
create or replace function core.partition_run_lock()
returns bigint
language sql
immutable
parallel safe
return 1470743569;

comment on function core.partition_run_lock() is 'Returns the number of the advisory lock of a run that makes and expires partitions: an arbitrary constant.';

-- revert: drop function core.partition_run_lock();
