-- Items of a shop, with their stock.
--
-- A constraint of the row ensures that no unit is lost, for every writer at every moment. The free space on each page is
-- for the counts, which change with every sale and are in no index.
create table stock.item (
    tenant_id uuid not null,
    item_id uuid not null default gen_random_uuid(),
    name text not null,
    price numeric(12, 2) not null,
    received bigint not null,
    available bigint not null,
    sold bigint not null default 0,
    withdrawn bigint not null default 0,
    constraint item_pk primary key (tenant_id, item_id),
    constraint item_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint item_name_given check (name <> ''),
    constraint item_price_positive check (price > 0),
    constraint item_never_oversold check (available >= 0),
    constraint item_counts_positive check (sold >= 0 and withdrawn >= 0),
    constraint item_nothing_lost check (received = available + sold + withdrawn)
) with (fillfactor = 50);
comment on table stock.item is 'One row per item of a shop.';
comment on column stock.item.received is 'Units at the start and units restocked since.';
comment on column stock.item.withdrawn is 'Units that stock.wipe took out of sale.';

-- revert: drop table stock.item;
