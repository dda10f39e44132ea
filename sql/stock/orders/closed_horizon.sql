-- Up to which transaction everything is there of purchases and movements: whoever has taken in those up to it
-- misses none, however late a transaction commits that began before.
--
-- The last one that changed something, and not merely the last that is over, so that it stays where it is
-- while nothing happens in any shop.
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
'The last transaction that bought or moved something and below which none is still open, of the tenants that the caller sees; 0 before the first.';

grant execute on function stock.closed_horizon() to stanchion_builder;

-- revert: drop function stock.closed_horizon();
