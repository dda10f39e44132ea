-- Nobody settles a game of the tenant while its schedule changes.
select pg_advisory_xact_lock(hashtextextended('stanchion schedule ' || %(tenant)s::text, 0))
