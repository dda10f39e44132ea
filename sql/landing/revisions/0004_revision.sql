-- Revisions: every content that a game ever had, with its source document.
--
-- The published revision follows from these rows and the decisions alone, and not from the order of arrival: only
-- received_at and load_id record the arrival.
create table landing.revision (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    content_hash bytea not null,
    exported_at timestamptz,
    first_exported_at timestamptz,
    rank text collate "C",
    game_date date,
    given_on date,
    is_accepted boolean not null default false,
    state text not null,
    load_id bigint not null,
    format text not null,
    home_team text not null,
    away_team text not null,
    events_seen integer not null,
    events_accepted integer not null,
    events_rejected integer not null,
    stints_seen integer not null,
    stints_accepted integer not null,
    stints_ignored integer not null,
    stints_rejected integer not null,
    document bytea not null,
    received_at timestamptz not null default core.clock(),
    constraint revision_pk primary key (tenant_id, game_key, content_hash),
    -- published: its rows are in force; archived: those of another revision are; empty: has no events and no stints;
    -- quarantined: newer than the published one, and loses too many of its events
    constraint revision_state_known check (state in ('published', 'archived', 'empty', 'quarantined')),
    constraint revision_events_nothing_lost check (events_accepted + events_rejected = events_seen),
    constraint revision_stints_nothing_lost check (stints_accepted + stints_ignored + stints_rejected = stints_seen)
);
comment on table landing.revision is 'One row per content that a game of a tenant ever had.';
comment on column landing.revision.content_hash is 'SHA-256 of teams, rosters, events and stints in canonical form.';
comment on column landing.revision.exported_at is 'Last export of this content. Revisions are ordered by it; null comes first.';
comment on column landing.revision.rank is 'Order of a game merged from several documents, greater for more and larger ones; null for an export of one document.';
comment on column landing.revision.game_date is 'Day of the game in the export, if any.';
comment on column landing.revision.given_on is 'Day of the game as given to the load.';
comment on column landing.revision.is_accepted is 'True when a person accepted that it loses events.';
comment on column landing.revision.load_id is 'Load in which this content first arrived.';
comment on column landing.revision.document is 'Source document without its settings, compressed with zlib.';

-- revert: drop table landing.revision;
