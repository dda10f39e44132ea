drop table stock.item;
