-- Shops with a limited stock.
create schema stock;
comment on schema stock is 'Shops that must not oversell: items, purchases and the queue of orders.';

grant usage on schema stock to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker;

-- revert: drop schema stock;
