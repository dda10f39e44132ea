-- no-transaction
-- The column goes with the module that made it.
select 1;
