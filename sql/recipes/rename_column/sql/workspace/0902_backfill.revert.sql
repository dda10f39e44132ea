-- no-transaction
-- Which of them nobody had said is not known any more; old code takes false for the same.
select 1;
