-- Returns the buckets that have to move so that a number of servers have equal shares: surplus buckets, and those of
-- removed servers. All others stay.
create or replace function ops.plan_rebalance(p_shards integer)
returns table (bucket integer, from_shard integer, to_shard integer)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if (p_shards between 1 and 1024) is not true then
        raise exception 'the number of servers must be 1 to 1024, not %', coalesce(p_shards::text, 'null') using errcode = '22023';
    end if;
    return query
    with share as (
        select n as shard, 1024 / p_shards + (n <= 1024 % p_shards)::integer as buckets
        from generate_series(1, p_shards) as n
    ),

    placed as (
        select b as bucket, m.shard, row_number() over (partition by m.shard order by b) as nth
        from generate_series(0, 1023) as b
        left join ops.shard_map as m on m.bucket = b
    ),

    staying as (
        select p.bucket, p.shard
        from placed as p
        join share as s on s.shard = p.shard
        where p.nth <= s.buckets
    ),

    moving as (
        select p.bucket, p.shard, row_number() over (order by p.bucket) as nth
        from placed as p
        where p.bucket not in (select s.bucket from staying as s)
    ),

    room as (
        select s.shard, row_number() over (order by s.shard) as nth
        from share as s
        cross join lateral generate_series(
            1, s.buckets - (select count(*) from staying as y where y.shard = s.shard)
        )
    )

    select m.bucket, m.shard, r.shard
    from moving as m
    join room as r on r.nth = m.nth
    order by m.bucket;
end;
$$;

comment on function ops.plan_rebalance(integer) is
'Returns one row per bucket that has to move; from_shard is null for an unassigned bucket. Errors: 22023 when the number of servers is out of range.';

-- revert: drop function ops.plan_rebalance(integer);
