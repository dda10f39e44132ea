-- Rejected pieces of files, with their position and the reason.
create table landing.reject (
    tenant_id uuid not null default core.current_tenant(),
    load_id bigint not null,
    file_no integer not null,
    game_no integer not null default 0,
    reject_no integer not null,
    game_key text,
    part text not null,
    position integer,
    reason text not null,
    raw jsonb,
    constraint reject_pk primary key (tenant_id, load_id, file_no, game_no, reject_no),
    constraint reject_load_fk foreign key (tenant_id, load_id)
    references landing.load_batch (tenant_id, load_id) on delete cascade,
    constraint reject_part_known check (part in ('file', 'roster', 'event', 'participant', 'stint', 'row'))
);
comment on table landing.reject is 'One row per rejected piece of a file.';
comment on column landing.reject.position is 'Position in its part from 0, or the line of a row in the file; null for the whole file.';
comment on column landing.reject.raw is 'Text of the rejected piece.';

-- revert: drop table landing.reject;
