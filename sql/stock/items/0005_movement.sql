-- Movements of stock other than purchases. Movements and purchases together are the history of an item.
--
-- The actor is in the audit log, which is not kept permanently.
create sequence stock.movement_id;

create table stock.movement (
    tenant_id uuid not null,
    item_id uuid not null,
    movement_id bigint not null default nextval('stock.movement_id'),
    kind text not null,
    qty bigint not null,
    available bigint not null,
    moved_at timestamptz not null,
    transaction_id bigint not null default (pg_current_xact_id()::text::bigint),
    constraint movement_pk primary key (tenant_id, item_id, movement_id),
    constraint movement_item_fk foreign key (tenant_id, item_id) references stock.item (tenant_id, item_id) on delete cascade,
    -- added: stock.add_item; restocked: stock.restock; withdrawn: stock.wipe
    constraint movement_kind_known check (kind in ('added', 'restocked', 'withdrawn')),
    constraint movement_qty_counts check (qty >= 0 and available >= 0)
);
comment on table stock.movement is 'One row per addition or withdrawal of stock of an item.';
comment on column stock.movement.movement_id is 'Unique within an item. An ordinary default and not an identity column, which Citus cannot undistribute.';
comment on column stock.movement.available is 'Units available after the movement.';
comment on column stock.movement.transaction_id is 'Transaction that wrote the row; new rows are found by it (stock.closed_horizon).';

-- serves: the marts, the history of an item from a day on
create index movement_item_idx on stock.movement (tenant_id, item_id, moved_at);

-- serves: the marts, new rows of every tenant
create index movement_change_idx on stock.movement (transaction_id);

-- revert: drop table stock.movement;
-- revert: drop sequence stock.movement_id;
