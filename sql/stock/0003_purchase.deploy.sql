-- Every decision about an order: the only record of what was sold, kept for ever, and never changed.
--
-- A key is one purchase also when core.claim_key has forgotten it.
create table stock.purchase (
    tenant_id uuid not null,
    order_key text not null,
    item_id uuid not null,
    qty integer not null,
    state text not null,
    reason text,
    price numeric(12, 2) not null,
    ordered_at timestamptz not null,
    decided_at timestamptz not null,
    constraint purchase_pk primary key (tenant_id, order_key),
    constraint purchase_item_fk foreign key (tenant_id, item_id) references stock.item (tenant_id, item_id),
    constraint purchase_qty_positive check (qty > 0),
    constraint purchase_price_positive check (price > 0),
    constraint purchase_state_known check (state in ('sold', 'refused')),
    constraint purchase_reason_if_refused check ((state = 'refused') = (reason is not null)),
    constraint purchase_reason_known check (reason in ('out of stock'))
);
comment on table stock.purchase is 'One row per order that was decided.';
comment on column stock.purchase.price is 'What one of it cost when it was decided.';

-- serves: the purchases of an item and of its days, and the foreign key
create index purchase_item_idx on stock.purchase (tenant_id, item_id, decided_at);
