-- How stock came and went other than by being bought: with the purchases, what an item's history is made of.
--
-- The audit says who did it, and is not kept for ever.
create table stock.movement (
    tenant_id uuid not null,
    item_id uuid not null,
    movement_id bigint not null generated always as identity,
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
comment on table stock.movement is 'One row per time that stock of an item came or was withdrawn.';
comment on column stock.movement.available is 'What there was of the item after it.';
comment on column stock.movement.transaction_id is 'The transaction that wrote it: what is new is found by this (stock.closed_horizon).';

-- serves: the marts, an item's history from a day on
create index movement_item_idx on stock.movement (tenant_id, item_id, moved_at);

-- serves: the marts, what is new, of every tenant
create index movement_change_idx on stock.movement (transaction_id);

-- revert: drop table stock.movement;
