begin;
select core.set_local('app.tenant_id', current_setting('app.tenant_id'));
select name, price, available from stock.item where tenant_id = :tenant::uuid and item_id = :item::uuid;
commit;
