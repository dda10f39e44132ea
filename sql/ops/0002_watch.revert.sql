drop table ops.watch;
