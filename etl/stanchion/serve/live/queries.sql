-- Queries of live streams, each in a transaction of stanchion_app.

-- name: snapshot
select
    e.server,
    extract(epoch from e.taken_at)::bigint,
    e.snapshot::text,
    extract(epoch from e.taken_at)::double precision
from core.event_snapshot() as e;

-- name: kept_since
select extract(epoch from core.events_kept_since())::bigint;

-- name: events
select
    e.stream_type,
    e.stream_id,
    e.version,
    e.event_type,
    to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.payload::text,
    e.transaction_id::text::bigint,
    e.event_position,
    e.writer_id::text::bigint
from core.read_events_between(
    %(earlier)s::pg_snapshot, coalesce(%(later)s::pg_snapshot, pg_current_snapshot()),
    %(last_transaction)s::text::xid8, %(last_position)s, %(page)s
) as e;

-- name: standings
select coalesce(json_agg(l), '[]')::text
from contest.leaderboard(%(competition)s) as l;

-- name: competitions
select f.game_key, f.competition_key
from contest.fixture as f
where f.game_key = any(%(fixtures)s) and f.competition_key is not null;

-- name: online
select o.principal_id::text, o.is_online, o.last_seen
from workspace.online_batch(%(principals)s) as o;

-- name: presence_seconds
select (e.settings ->> 'presence_seconds')::integer
from core.config_effective as e
where
    e.namespace = 'workspace'
    and e.tenant_id = core.current_tenant()
    and (core.clock() at time zone 'UTC')::date >= e.valid_from
    and (core.clock() at time zone 'UTC')::date < e.valid_to;

-- name: flush
select workspace.flush_presence(%(heartbeats)s);
