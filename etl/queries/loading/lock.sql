-- One game is settled by one loader at a time; a schedule waits until no game is, and the other way round.
select
    pg_advisory_xact_lock_shared(hashtextextended('stanchion schedule ' || %(tenant)s::text, 0)),
    pg_advisory_xact_lock(hashtextextended('stanchion game ' || %(tenant)s::text || ' ' || %(game)s::text, 0))
