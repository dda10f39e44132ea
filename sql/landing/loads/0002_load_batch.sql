-- Loads: one row per run of the loader over a set of files.
--
-- The row is committed as running before the data of the load. So a reader that follows load ids knows which data may
-- still come: every load below the lowest running one is closed.
create sequence landing.load_id;
-- the mirror of the marts finds out whether its sources were restored
grant select on sequence landing.load_id to stanchion_builder;

create table landing.load_batch (
    tenant_id uuid not null default core.current_tenant(),
    load_id bigint not null,
    state text not null default 'running',
    kind text not null,
    source text not null,
    started_at timestamptz not null default core.clock(),
    started_by text not null default session_user,
    finished_at timestamptz,
    outcomes jsonb not null default '{}',
    seen bigint not null default 0,
    accepted bigint not null default 0,
    rejected bigint not null default 0,
    constraint load_batch_pk primary key (tenant_id, load_id),
    constraint load_batch_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint load_batch_kind_known check (kind in ('games', 'schedule', 'decision')),
    -- running -> done: completed; failed: stopped by the server or a bug; interrupted: stopped by a person; reaped: its
    -- sessions were gone, and another load or an operator ended it. In every case the games that were loaded stay, each
    -- complete
    constraint load_batch_state_known check (state in ('running', 'done', 'failed', 'interrupted', 'reaped')),
    constraint load_batch_finished_when_over check ((finished_at is null) = (state = 'running')),
    constraint load_batch_nothing_lost check (accepted + rejected = seen)
);
comment on table landing.load_batch is 'One row per load of a tenant; its load id is greater than that of every load begun before it.';
comment on column landing.load_batch.kind is 'games: exports; schedule: fixtures; decision: a person published, withdrew or accepted something.';
comment on column landing.load_batch.outcomes is 'Number of games or rows per outcome, such as {"published": 40, "unchanged": 2}.';
comment on column landing.load_batch.seen is 'Events and stints, or schedule rows, in the files.';

-- serves: the builder of the marts, which reads the changes of every tenant after a load
create index load_batch_since_idx on landing.load_batch (load_id, tenant_id);
-- serves: the horizon, and finding loads without live sessions
create index load_batch_running_idx on landing.load_batch (tenant_id, load_id)
where state = 'running';

-- revert: drop table landing.load_batch;
-- revert: drop sequence landing.load_id;
