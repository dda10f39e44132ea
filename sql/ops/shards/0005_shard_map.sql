-- Which of 1,024 buckets of tenants is on which server, for a platform that outgrew one. Empty as long as it did not.
--
-- A tenant's bucket never changes; what moves is a bucket, so that a new server takes its share and nothing else moves.
create table ops.shard_map (
    bucket integer not null,
    shard integer not null,
    constraint shard_map_pk primary key (bucket),
    constraint shard_map_bucket_known check (bucket between 0 and 1023),
    constraint shard_map_shard_counts check (shard >= 1)
);
comment on table ops.shard_map is 'One row per bucket of tenants that was given to a server.';

-- revert: drop table ops.shard_map;
