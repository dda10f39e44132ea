-- Parts: what single documents contribute to games that several documents make together.
--
-- A game is merged from the parts of all its documents. Every merged part is kept, so the game does not depend on the
-- order in which the documents arrived. A load stores all parts first, and merges each game once, when it has read every
-- file. A part that no load has merged belongs to a load that is running or was killed, or to a document that was
-- rejected because the game could not be merged with it.
create table landing.part (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    format text not null,
    kind text not null,
    part_hash bytea not null,
    size bigint not null,
    document bytea not null,
    load_id bigint not null,
    is_merged boolean not null default false,
    received_at timestamptz not null default core.clock(),
    constraint part_pk primary key (tenant_id, game_key, format, kind, part_hash),
    constraint part_size_not_negative check (size >= 0)
);
comment on table landing.part is 'One row per part of a game that a document contained, such as its events or its box score.';
comment on column landing.part.format is 'Format whose parts are merged into one game.';
comment on column landing.part.kind is 'Kind of the part. A game is merged from the largest part of each kind, and of equal ones from the one with the greater hash.';
comment on column landing.part.part_hash is 'SHA-256 of the document.';
comment on column landing.part.size is 'Number of entries in the part.';
comment on column landing.part.document is 'JSON of the known fields of the source, compressed with zlib.';
comment on column landing.part.load_id is 'Load in which the part first arrived.';
comment on column landing.part.is_merged is 'Whether the game may contain the part. It is set in the transaction that merges the game with it.';

-- revert: drop table landing.part;
