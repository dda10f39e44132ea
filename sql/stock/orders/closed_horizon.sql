-- Returns the transaction up to which all purchases and movements are visible: a reader that has read up to it misses no
-- row, however late an older transaction commits.
--
-- It is the last transaction that changed something and not the last finished one, so that it does not move while no shop
-- has any activity.
create or replace function stock.closed_horizon()
returns bigint
language sql
stable
parallel safe
begin atomic
    select greatest(
        0,
        (
            select p.transaction_id from stock.purchase as p
            where p.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            order by p.transaction_id desc
            limit 1
        ),
        (
            select m.transaction_id from stock.movement as m
            where m.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            order by m.transaction_id desc
            limit 1
        )
    );
end;

comment on function stock.closed_horizon() is
'Returns the last transaction that bought or moved stock and below which none is open, over the tenants that the caller sees; 0 before the first.';

grant execute on function stock.closed_horizon() to stanchion_builder;

-- revert: drop function stock.closed_horizon();
