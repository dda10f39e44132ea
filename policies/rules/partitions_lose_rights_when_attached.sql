-- A function that creates a partition revokes the rights of its owner after it attached the partition, not before. Citus
-- copies an attached partition to the nodes as its owner, who needs the rights until then.
--
-- cluster: D12
-- severity: high
-- remedy: move the "revoke" below the "attach partition" in the function; then run: stanchion deploy --accept-drift
select
    f.name as object,
    'revokes the rights on a new partition before it attaches the partition' as problem
from core.own_function as f
where
    regexp_replace(f.body, '--[^\n]*', '', 'g')
    ~* 'create table (?:(?!attach partition).)*\mrevoke (?:(?!create table).)*\mattach partition'
