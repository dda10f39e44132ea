-- Outcomes of the files of a load, and of each game of a file with several games.
--
-- A file whose bytes were read before gets no new row: the load only counts it.
create table landing.file (
    tenant_id uuid not null default core.current_tenant(),
    load_id bigint not null,
    file_no integer not null,
    game_no integer not null default 0,
    path text not null,
    format text,
    bytes bigint not null,
    fingerprint bytea,
    outcome text not null,
    reason text,
    game_key text,
    content_hash bytea,
    seen integer not null default 0,
    accepted integer not null default 0,
    rejected integer not null default 0,
    ignored integer not null default 0,
    constraint file_pk primary key (tenant_id, load_id, file_no, game_no),
    constraint file_load_fk foreign key (tenant_id, load_id)
    references landing.load_batch (tenant_id, load_id) on delete cascade,
    -- published: its rows are in force; unchanged: its content was known; archived: kept, while another revision is in
    -- force; empty: without events and stints; quarantined: kept, and not in force until a person accepts it; rejected:
    -- only the reason was kept; moved: known, and its game moved to another day
    constraint file_outcome_known check (
        outcome in ('published', 'unchanged', 'archived', 'empty', 'quarantined', 'rejected', 'moved')
    ),
    constraint file_rejected_for_a_reason check (outcome <> 'rejected' or reason is not null),
    constraint file_nothing_lost check (accepted + rejected = seen)
);
comment on table landing.file is 'One row per game in a file of a load, or per file in which no game could be read.';
comment on column landing.file.fingerprint is 'SHA-256 of the file without settings and of the load options; null when the file is to be read again next time.';
comment on column landing.file.seen is 'Events and stints in the file; accepted + rejected = seen.';
comment on column landing.file.ignored is 'Number of accepted stints without a player.';

-- serves: skipping files that were read before
create index file_fingerprint_idx on landing.file (tenant_id, fingerprint)
where fingerprint is not null;
-- serves: counting the documents of one game in a load, and deleting the rejects of the merge before
create index file_game_idx on landing.file (tenant_id, game_key, load_id);

-- revert: drop table landing.file;
