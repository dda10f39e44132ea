drop table ops.shard_map;
