-- Servers of the 1,024 buckets of tenants, for a platform on several servers. Empty on a single server.
--
-- The bucket of a tenant never changes. Whole buckets move, so that a new server gets its share and no other bucket moves.
create table ops.shard_map (
    bucket integer not null,
    shard integer not null,
    constraint shard_map_pk primary key (bucket),
    constraint shard_map_bucket_known check (bucket between 0 and 1023),
    constraint shard_map_shard_counts check (shard >= 1)
);
comment on table ops.shard_map is 'One row per bucket of tenants that is assigned to a server.';

-- revert: drop table ops.shard_map;
