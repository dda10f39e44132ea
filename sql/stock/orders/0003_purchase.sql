-- Decisions about orders: the only record of sales. Append-only and kept permanently.
--
-- A key is one purchase even after core.claim_key has forgotten the key.
create table stock.purchase (
    tenant_id uuid not null,
    order_key text not null,
    item_id uuid not null,
    qty integer not null,
    state text not null,
    reason text,
    price numeric(12, 2) not null,
    available bigint not null,
    ordered_at timestamptz not null,
    decided_at timestamptz not null,
    transaction_id bigint not null default (pg_current_xact_id()::text::bigint),
    constraint purchase_pk primary key (tenant_id, order_key),
    constraint purchase_item_fk foreign key (tenant_id, item_id) references stock.item (tenant_id, item_id),
    constraint purchase_qty_positive check (qty > 0),
    constraint purchase_price_positive check (price > 0),
    constraint purchase_available_counts check (available >= 0),
    constraint purchase_state_known check (state in ('sold', 'refused')),
    constraint purchase_reason_if_refused check ((state = 'refused') = (reason is not null)),
    constraint purchase_reason_known check (reason in ('out of stock'))
);
comment on table stock.purchase is 'One row per decided order.';
comment on column stock.purchase.price is 'Price of one unit at the decision.';
comment on column stock.purchase.available is 'Units of the item left after the decision.';
comment on column stock.purchase.transaction_id is 'Transaction that wrote the row; new rows are found by it (stock.closed_horizon).';

-- serves: the purchases of an item by day, and the foreign key
create index purchase_item_idx on stock.purchase (tenant_id, item_id, decided_at);

-- serves: the marts, new rows of every tenant
create index purchase_change_idx on stock.purchase (transaction_id);

-- revert: drop table stock.purchase;
