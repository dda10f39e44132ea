drop table stock.movement;
