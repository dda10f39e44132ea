-- name: aliases
-- Returns the aliases that the given ids have or are, with their games.
select
    a.alias_key,
    a.game_key
from landing.game_alias as a
where a.tenant_id = %(tenant)s and (a.game_key = any(%(games)s) or a.alias_key = any(%(games)s));

-- name: archive
-- Inserts a new revision of a game. Callers try archive_copy first.
insert into landing.revision as r (
    tenant_id, game_key, content_hash, exported_at, first_exported_at, rank, game_date, given_on, is_accepted, state, load_id,
    format, home_team, away_team, events_seen, events_accepted, events_rejected,
    stints_seen, stints_accepted, stints_ignored, stints_rejected, document
) values (
    %(tenant)s, %(game)s, %(hash)s, %(exported_at)s, %(exported_at)s, %(rank)s, %(game_date)s, %(given_on)s,
    %(is_accepted)s, 'archived', %(load)s, %(format)s, %(home_team)s, %(away_team)s,
    %(events_seen)s, %(events_accepted)s, %(events_rejected)s,
    %(stints_seen)s, %(stints_accepted)s, %(stints_ignored)s, %(stints_rejected)s, %(document)s
);

-- name: archive_copy
-- Adds the export time, the dates and the acceptance of another copy to the archived revision with that content.
update landing.revision as r
set
    exported_at = greatest(r.exported_at, %(exported_at)s),
    game_date = greatest(r.game_date, %(game_date)s),
    given_on = coalesce(%(given_on)s, r.given_on),
    is_accepted = r.is_accepted or %(is_accepted)s
where r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s;

-- name: archive_original
-- Replaces the archived copy of a content by a copy exported earlier, so that arrival order does not matter. A copy
-- merged from more or larger documents replaces the others.
update landing.revision as r
set
    first_exported_at = %(exported_at)s,
    rank = %(rank)s,
    format = %(format)s,
    home_team = %(home_team)s,
    away_team = %(away_team)s,
    events_seen = %(events_seen)s,
    events_accepted = %(events_accepted)s,
    events_rejected = %(events_rejected)s,
    stints_seen = %(stints_seen)s,
    stints_accepted = %(stints_accepted)s,
    stints_ignored = %(stints_ignored)s,
    stints_rejected = %(stints_rejected)s,
    document = %(document)s
where
    r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s
    and (
        coalesce(r.rank, '') < coalesce(%(rank)s, '')
        or (
            coalesce(r.rank, '') = coalesce(%(rank)s, '')
            and (coalesce(r.first_exported_at, '-infinity'), r.document)
            > (coalesce(%(exported_at)s, '-infinity'::timestamptz), %(document)s)
        )
    );

-- name: best_parts
-- Returns the part of each kind that a game is merged from: the largest, and of equal ones the one with the greater hash.
select distinct on (p.kind)
    p.kind,
    p.size,
    p.document
from landing.part as p
where p.tenant_id = %(tenant)s and p.game_key = %(game)s and p.format = %(format)s and p.is_merged
order by p.kind asc, p.size desc, p.part_hash desc;

-- name: fixture
-- Returns the stored columns of a fixture that a load may change.
select
    f.season_key,
    f.game_type,
    f.home_team_key,
    f.away_team_key,
    f.played_on,
    f.played_on_source,
    f.status,
    f.official_home,
    f.official_away,
    f.official_by_period,
    f.tracked_home_team_key,
    f.tracked_away_team_key,
    f.is_swapped,
    f.period_seconds,
    f.penalty_minutes,
    f.home_attacks_right_p1,
    f.is_tracked_to_end,
    f.lacks,
    f.content_hash,
    f.is_scored
from contest.fixture as f
where f.tenant_id = %(tenant)s and f.game_key = %(game)s;

-- name: formats
-- Returns the mappings of a tenant.
select
    f.name,
    f.mapping
from landing.format as f
where f.tenant_id = %(tenant)s
order by f.name;

-- name: game_keys
-- Returns the ids under which the revisions of a game were loaded.
select landing.game_keys(%(game)s);

-- name: games_of_row
-- Returns the games that a schedule row without a game id applies to: same teams and date, no row of their own.
select f.game_key
from contest.fixture as f
where
    f.tenant_id = %(tenant)s
    and f.played_on = %(day)s
    and (
        (
            coalesce(f.tracked_home_team_key, f.home_team_key),
            coalesce(f.tracked_away_team_key, f.away_team_key)
        ) in ((%(home)s, %(away)s), (%(away)s, %(home)s))
        or f.game_key = %(schedule_key)s
    )
    and not exists (
        select from landing.schedule as own
        where own.tenant_id = %(tenant)s and own.schedule_key = f.game_key and own.schedule_key <> %(schedule_key)s
    )
order by f.game_key;

-- name: is_archived
-- Returns true when the archived revision already contains everything in this copy of it.
select true
from landing.revision as r
where
    r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.content_hash = %(hash)s
    and r.state <> 'quarantined'
    and (r.is_accepted or not %(is_accepted)s)
    and (%(given_on)s::date is null or r.given_on = %(given_on)s)
    and (%(game_date)s::date is null or r.game_date >= %(game_date)s)
    and coalesce(%(exported_at)s::timestamptz, '-infinity') <= coalesce(r.exported_at, '-infinity')
    and coalesce(r.first_exported_at, '-infinity') < coalesce(%(exported_at)s::timestamptz, '-infinity');

-- name: known_fingerprints
-- Returns the fingerprints of files already loaded whose revision is archived and not in quarantine.
select distinct f.fingerprint
from landing.file as f
join landing.revision as r
    on r.tenant_id = %(tenant)s and r.game_key = f.game_key and r.content_hash = f.content_hash
where
    f.tenant_id = %(tenant)s
    and f.fingerprint = any(%(fingerprints)s)
    and r.state <> 'quarantined';

-- name: known_parts
-- Returns the revision merged last from the parts of a game, when it contains all of these parts.
select
    r.content_hash,
    r.state
from landing.revision as r
where
    r.tenant_id = %(tenant)s and r.game_key = %(game)s and r.format = %(format)s
    and r.rank is not null
    and not exists (
        select from unnest(%(kinds)s::text[], %(part_hashes)s::bytea[]) as e (kind, part_hash)
        left join landing.part as p
            on
                p.tenant_id = %(tenant)s and p.game_key = r.game_key and p.format = r.format
                and p.kind = e.kind and p.part_hash = e.part_hash and p.is_merged
        where p.kind is null
    )
order by r.rank desc
limit 1;

-- name: league_rules
-- Returns the league's own settings of periods at each date they change. No defaults: an export may fill the gaps.
with configured as (
    select c.key, c.value, c.valid_from
    from core.tenant_config as c
    where
        c.tenant_id = %(tenant)s
        and c.namespace = 'contest'
        and c.key in ('periods', 'period_seconds', 'overtime_seconds')
        and c.valid_from <= '9999-12-31'
)

select
    greatest(change.valid_from, '0001-01-01') as valid_from,
    rules.rules
from (select distinct configured.valid_from from configured) as change
cross join lateral (
    select jsonb_object_agg(latest.key, latest.value) as rules
    from (
        select distinct on (configured.key) configured.key, configured.value
        from configured
        where configured.valid_from <= change.valid_from
        order by configured.key asc, configured.valid_from desc
    ) as latest
) as rules;

-- name: loads
-- Returns the latest loads of a tenant.
select
    b.load_id as load,
    b.state,
    b.kind,
    to_char(b.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as started,
    round(extract(epoch from coalesce(b.finished_at, core.clock()) - b.started_at), 1) as seconds,
    b.outcomes,
    b.accepted,
    b.rejected,
    b.source
from landing.load_batch as b
where b.tenant_id = %(tenant)s
order by b.load_id desc
limit %(last)s;

-- name: lock_game
-- Locks a game against other loader processes, and returns its id: an alias stands for the game of the schedule. The
-- caller shares the lock of the schedule, so the alias does not change.
with game as materialized (
    select
        coalesce(
            (
                select a.game_key
                from landing.game_alias as a
                where a.tenant_id = %(tenant)s and a.alias_key = %(game)s
            ),
            %(game)s::text
        ) as game_key
)

select
    game.game_key,
    pg_advisory_xact_lock(hashtextextended('stanchion game ' || %(tenant)s::text || ' ' || game.game_key, 0)) as locked
from game;

-- name: lock_schedule
-- Locks the schedule of a tenant: waits for all games being loaded, and keeps further games waiting.
select pg_advisory_xact_lock(hashtextextended('stanchion schedule ' || %(tenant)s::text, 0));

-- name: mark_merged
-- Adds parts to those that a game is merged from, and returns the ones that were not among them.
update landing.part as p
set is_merged = true
from unnest(%(kinds)s::text[], %(part_hashes)s::bytea[]) as e (kind, part_hash)
where
    p.tenant_id = %(tenant)s and p.game_key = %(game)s and p.format = %(format)s
    and p.kind = e.kind and p.part_hash = e.part_hash and not p.is_merged
returning p.kind, p.part_hash;

-- name: merged_names
-- Returns the kind and the hash of every part that a game is merged from.
select
    p.kind,
    p.part_hash
from landing.part as p
where p.tenant_id = %(tenant)s and p.game_key = %(game)s and p.format = %(format)s and p.is_merged;

-- name: parts
-- Returns the given parts of a game.
select
    p.kind,
    p.size,
    p.document
from landing.part as p
join unnest(%(kinds)s::text[], %(part_hashes)s::bytea[]) as e (kind, part_hash)
    on e.kind = p.kind and e.part_hash = p.part_hash
where p.tenant_id = %(tenant)s and p.game_key = %(game)s and p.format = %(format)s;

-- name: put_file
-- Inserts the outcome of one game of a file.
insert into landing.file (
    tenant_id, load_id, file_no, game_no, path, format, bytes, fingerprint, outcome, reason, game_key, content_hash,
    seen, accepted, rejected, ignored
) values (
    %(tenant)s, %(load)s, %(file_no)s, %(game_no)s, %(path)s, %(format)s, %(bytes)s, %(fingerprint)s, %(outcome)s,
    %(reason)s, %(game)s, %(hash)s, %(seen)s, %(accepted)s, %(rejected)s, %(ignored)s
);

-- name: put_official
-- Inserts the official figures of a game.
insert into contest.official_figure (tenant_id, game_key, scope, side, player_key, period, name, value)
select %(tenant)s, %(game)s, e.scope, e.side, e.player_key, e.period, e.name, e.value
from
    unnest(
        %(scopes)s::text[], %(sides)s::text[], %(players)s::text[], %(periods)s::integer[], %(names)s::text[],
        %(figures)s::text[]
    ) as e (scope, side, player_key, period, name, value)
returning 1;

-- name: put_parts
-- Inserts parts of games that are not stored yet, ordered by key so that two loads cannot deadlock.
insert into landing.part (tenant_id, game_key, format, kind, part_hash, size, document, load_id)
select %(tenant)s, e.game_key, e.format, e.kind, e.part_hash, e.size, e.document, %(load)s
from
    unnest(
        %(games)s::text[], %(formats)s::text[], %(kinds)s::text[], %(part_hashes)s::bytea[], %(sizes)s::bigint[],
        %(documents)s::bytea[]
    ) as e (game_key, format, kind, part_hash, size, document)
order by e.game_key, e.format, e.kind, e.part_hash
on conflict on constraint part_pk do nothing;

-- name: put_persons
-- Upserts persons with their newest name, ordered by key so that two loader processes cannot deadlock.
insert into contest.person as p (tenant_id, person_key, name, position, seen_at)
select distinct on (e.person_key)
    %(tenant)s,
    e.person_key,
    e.name,
    e.position,
    coalesce(%(seen_at)s::timestamptz, '-infinity')
from unnest(%(keys)s::text[], %(names)s::text[], %(positions)s::text[]) as e (person_key, name, position)
order by e.person_key asc, e.name desc nulls last, e.position desc nulls last
on conflict on constraint person_pk do update set
    name = excluded.name, position = excluded.position, seen_at = excluded.seen_at
where
(excluded.seen_at, coalesce(excluded.name, ''), coalesce(excluded.position, ''))
> (p.seen_at, coalesce(p.name, ''), coalesce(p.position, ''));

-- name: put_quality
-- Upserts the quality of a published game. The acceptance ends when another revision is published.
insert into contest.game_quality as q (
    tenant_id, game_key, tracked_home, tracked_away, tracked_by_period, coverage, flags, agrees, content_hash
) values (
    %(tenant)s, %(game)s, %(tracked_home)s, %(tracked_away)s, %(tracked_by_period)s, %(coverage)s, %(flags)s,
    %(agrees)s, %(content_hash)s
)
on conflict on constraint game_quality_pk do update set
    tracked_home = excluded.tracked_home,
    tracked_away = excluded.tracked_away,
    tracked_by_period = excluded.tracked_by_period,
    coverage = excluded.coverage,
    flags = excluded.flags,
    agrees = excluded.agrees,
    content_hash = excluded.content_hash,
    accepted_by = case when q.content_hash = excluded.content_hash then q.accepted_by end,
    accepted_reason = case when q.content_hash = excluded.content_hash then q.accepted_reason end,
    accepted_at = case when q.content_hash = excluded.content_hash then q.accepted_at end;

-- name: put_rejects
-- Inserts the rejected pieces of one game of a file.
insert into landing.reject (tenant_id, load_id, file_no, game_no, reject_no, game_key, part, position, reason, raw)
select %(tenant)s, %(load)s, %(file_no)s, %(game_no)s, e.number - 1, %(game)s, e.part, e.position, e.reason, e.raw::jsonb
from
    unnest(%(parts)s::text[], %(positions)s::integer[], %(reasons)s::text[], %(raws)s::text[])
    with ordinality as e (part, position, reason, raw, number)
returning 1;

-- name: put_roster
-- Inserts the rosters of a game.
insert into contest.roster_entry (tenant_id, game_key, side, entry_no, jersey, person_key, name, position)
select %(tenant)s, %(game)s, e.side, e.entry_no, e.jersey, e.person_key, e.name, e.position
from
    unnest(
        %(sides)s::text[], %(numbers)s::integer[], %(jerseys)s::text[], %(persons)s::text[], %(names)s::text[],
        %(positions)s::text[]
    ) as e (side, entry_no, jersey, person_key, name, position)
returning 1;

-- name: put_schedule
-- Upserts a row of the schedule. Changes nothing when the stored row has the same values.
insert into landing.schedule as s (
    tenant_id, schedule_key, game_key, played_on, home_team, away_team, home_team_key, away_team_key, season_key,
    game_type, official_home, official_away, official_by_period, load_id
) values (
    %(tenant)s, %(schedule_key)s, %(game)s, %(day)s, %(home_team)s, %(away_team)s, %(home)s, %(away)s, %(season)s,
    %(game_type)s, %(official_home)s, %(official_away)s, %(official_by_period)s, %(load)s
)
on conflict on constraint schedule_pk do update set
    played_on = excluded.played_on,
    home_team = excluded.home_team,
    away_team = excluded.away_team,
    home_team_key = excluded.home_team_key,
    away_team_key = excluded.away_team_key,
    season_key = excluded.season_key,
    game_type = excluded.game_type,
    official_home = excluded.official_home,
    official_away = excluded.official_away,
    official_by_period = excluded.official_by_period,
    load_id = excluded.load_id
where
(
    s.played_on, s.home_team, s.away_team, s.season_key, s.game_type, s.official_home, s.official_away,
    s.official_by_period
)
is distinct from
(
    excluded.played_on, excluded.home_team, excluded.away_team, excluded.season_key, excluded.game_type,
    excluded.official_home, excluded.official_away, excluded.official_by_period
);

-- name: put_seasons
-- Upserts the seasons in a schedule.
insert into contest.season as s (tenant_id, season_key, name)
select
    %(tenant)s,
    e.season_key,
    e.name
from unnest(%(keys)s::text[], %(names)s::text[]) as e (season_key, name)
order by e.season_key
on conflict on constraint season_pk do update
    set name = excluded.name
    where s.name <> excluded.name;

-- name: put_teams
-- Upserts teams with the newest spelling of their names, ordered by key so that loader processes cannot deadlock.
insert into contest.team as t (tenant_id, team_key, name, seen_at)
select
    %(tenant)s,
    e.team_key,
    max(e.name),
    coalesce(%(seen_at)s::timestamptz, '-infinity')
from unnest(%(keys)s::text[], %(names)s::text[]) as e (team_key, name)
group by e.team_key
order by e.team_key
on conflict on constraint team_pk do update
    set name = excluded.name, seen_at = excluded.seen_at
    where (excluded.seen_at, excluded.name) > (t.seen_at, t.name);

-- name: put_colours
-- Sets the colours of teams that the transaction has locked; of exports of the same time, the largest colour.
update contest.team as t
set colour = e.colour, coloured_at = %(seen_at)s
from unnest(%(keys)s::text[], %(colours)s::text[]) as e (team_key, colour)
where
    t.tenant_id = %(tenant)s
    and t.team_key = e.team_key
    and (coalesce(%(seen_at)s::timestamptz, '-infinity'), e.colour)
    > (coalesce(t.coloured_at, '-infinity'), coalesce(t.colour, ''));

-- name: quality
-- Returns the stored quality of a published game.
select
    q.tracked_by_period,
    q.coverage,
    q.flags,
    q.agrees,
    q.content_hash
from contest.game_quality as q
where q.tenant_id = %(tenant)s and q.game_key = %(game)s;

-- name: quality_of
-- Returns the tracked and the official score of all published games, by the teams of the schedule.
select
    f.game_key as game,
    f.played_on,
    home.name as home,
    away.name as away,
    case when f.is_swapped then q.tracked_away else q.tracked_home end as tracked_home,
    case when f.is_swapped then q.tracked_home else q.tracked_away end as tracked_away,
    f.official_home,
    f.official_away,
    q.agrees,
    q.coverage,
    q.flags,
    q.accepted_reason as accepted
from contest.game_quality as q
join contest.fixture as f on f.tenant_id = %(tenant)s and f.game_key = q.game_key
join contest.team as home on home.tenant_id = %(tenant)s and home.team_key = f.home_team_key
join contest.team as away on away.tenant_id = %(tenant)s and away.team_key = f.away_team_key
where q.tenant_id = %(tenant)s
order by f.played_on, f.game_key;

-- name: rejects
-- Returns the rejected pieces and the quarantined games of a load (default: the latest load).
with wanted as (
    select coalesce(%(load)s::bigint, max(b.load_id)) as load_id
    from landing.load_batch as b
    where b.tenant_id = %(tenant)s
)

select
    f.path as file,
    f.game_key as game,
    coalesce(r.part, 'game') as part,
    r.position,
    coalesce(r.reason, f.reason) as reason,
    r.raw
from wanted as w
join landing.file as f on f.load_id = w.load_id
left join landing.reject as r
    on r.tenant_id = %(tenant)s and r.load_id = f.load_id and r.file_no = f.file_no and r.game_no = f.game_no
where f.tenant_id = %(tenant)s and (r.reject_no is not null or f.outcome = 'quarantined')
order by f.file_no, f.game_no, r.reject_no;

-- name: revisions
-- Returns the archived revisions of a game, without their documents.
select
    r.content_hash,
    r.format,
    r.exported_at,
    r.first_exported_at,
    r.rank,
    r.game_date,
    r.given_on,
    r.is_accepted,
    r.state,
    r.home_team,
    r.away_team,
    r.events_accepted,
    r.stints_accepted
from landing.revision as r
where r.tenant_id = %(tenant)s and r.game_key = any(%(games)s);

-- name: revisions_of
-- Returns all revisions of a game in the order of their exports, for printing.
select
    encode(r.content_hash, 'hex') as revision,
    r.state,
    to_char(r.exported_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as exported,
    r.events_accepted as events,
    r.stints_accepted as stints,
    r.events_rejected + r.stints_rejected as rejected,
    r.is_accepted as accepted,
    r.format,
    r.load_id as load
from landing.revision as r
where r.tenant_id = %(tenant)s and r.game_key = any(%(games)s)
order by coalesce(r.exported_at, '-infinity'), coalesce(r.rank, ''), r.content_hash;

-- name: schedule_of
-- Returns the schedule of a game: its competition, else its row by game id, else the row of its teams on that day.
select
    candidate.schedule_key,
    candidate.played_on,
    candidate.home_team_key,
    candidate.away_team_key,
    candidate.season_key,
    candidate.game_type,
    candidate.official_home,
    candidate.official_away,
    candidate.official_by_period,
    candidate.played_on_source,
    candidate.is_of_competition
from (
    select
        f.game_key as schedule_key,
        f.played_on,
        f.home_team_key,
        f.away_team_key,
        f.season_key,
        f.game_type,
        f.official_home,
        f.official_away,
        f.official_by_period,
        f.played_on_source,
        true as is_of_competition
    from contest.fixture as f
    where f.tenant_id = %(tenant)s and f.game_key = %(game)s and f.competition_key is not null
    union all
    select
        s.schedule_key,
        s.played_on,
        s.home_team_key,
        s.away_team_key,
        s.season_key,
        s.game_type,
        s.official_home,
        s.official_away,
        s.official_by_period,
        'schedule' as played_on_source,
        false as is_of_competition
    from landing.schedule as s
    where
        s.tenant_id = %(tenant)s
        and (
            s.schedule_key = %(game)s
            or (
                s.game_key is null
                and s.played_on = %(day)s
                and (s.home_team_key, s.away_team_key) in ((%(home)s, %(away)s), (%(away)s, %(home)s))
            )
        )
) as candidate
order by not candidate.is_of_competition, candidate.schedule_key <> %(game)s, candidate.schedule_key
limit 1;

-- name: several_sources
-- Returns the games that have revisions of several formats.
select coalesce(a.game_key, r.game_key) as game_key
from landing.revision as r
left join landing.game_alias as a on a.tenant_id = %(tenant)s and a.alias_key = r.game_key
where r.tenant_id = %(tenant)s
group by coalesce(a.game_key, r.game_key)
having count(distinct r.format) > 1
order by game_key;

-- name: share_schedule
-- Shares the lock of the schedule of a tenant with other loads of games.
select pg_advisory_xact_lock_shared(hashtextextended('stanchion schedule ' || %(tenant)s::text, 0));

-- name: untracked
-- Returns schedule rows without a game id: whether a tracked game matches the row, whether the row has a fixture.
select
    s.schedule_key,
    exists(
        select from contest.fixture as f
        where
            f.tenant_id = %(tenant)s
            and f.played_on = s.played_on
            and f.played_on_source = 'schedule'
            and f.home_team_key = s.home_team_key
            and f.away_team_key = s.away_team_key
            and f.game_key <> s.schedule_key
            and not exists (
                select from landing.schedule as own
                where own.tenant_id = %(tenant)s and own.schedule_key = f.game_key
            )
    ) as is_tracked,
    exists(
        select from contest.fixture as f
        where f.tenant_id = %(tenant)s and f.game_key = s.schedule_key
    ) as has_fixture
from landing.schedule as s
where
    s.tenant_id = %(tenant)s
    and s.played_on = any(%(days)s)
    and s.game_key is null
    and not exists (
        select from landing.revision as r
        where r.tenant_id = %(tenant)s and r.game_key = s.schedule_key
    );

-- name: update_season_dates
-- Updates the start and end of each season to its first and last scheduled game.
update contest.season as s
set starts_on = g.starts_on, ends_on = g.ends_on
from (
    select
        n.season_key,
        min(n.played_on) as starts_on,
        max(n.played_on) as ends_on
    from landing.schedule as n
    where n.tenant_id = %(tenant)s
    group by n.season_key
) as g
where
    s.tenant_id = %(tenant)s
    and s.season_key = g.season_key
    and (s.starts_on, s.ends_on) is distinct from (g.starts_on, g.ends_on);
