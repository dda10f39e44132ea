-- No prepared transaction was forgotten.
select
    format('The prepared transaction %s of %s waits since %s and holds its locks.', p.gid, p.owner, p.prepared::timestamp(0)) as problem,
    format('Run: commit prepared %L; or rollback prepared %L;', p.gid, p.gid) as remedy
from pg_prepared_xacts as p
where p.prepared < now() - interval '5 minutes'
