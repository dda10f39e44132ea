drop table stock.purchase;
