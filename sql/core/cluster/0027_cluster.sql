-- State of the Citus cluster that this database is distributed over; no row on plain Postgres. `stanchion cluster`
-- writes it. A reference table on a cluster, so that every node reads how tenants enter.
create table core.cluster (
    is_current boolean not null default true,
    state text not null,
    entry text not null,
    shards integer not null,
    coordinator text not null,
    nodes text[] not null,
    began_at timestamptz not null default clock_timestamp(),
    completed_at timestamptz,
    constraint cluster_pk primary key (is_current),
    constraint cluster_single check (is_current),
    constraint cluster_state_known check (state in ('distributing', 'distributed', 'undoing')),
    constraint cluster_entry_known check (entry in ('node', 'coordinator')),
    constraint cluster_shards_positive check (shards > 0)
);
comment on table core.cluster is 'One row while the database is distributed over the nodes of a Citus cluster; no row on plain Postgres.';
comment on column core.cluster.state is 'distributing and undoing: a command is running or stopped half-way; run the same command again.';
comment on column core.cluster.entry is
'node: sessions of a tenant enter at the node of its shards. coordinator: every session enters at the coordinator.';
comment on column core.cluster.coordinator is 'host:port at which the nodes reach the coordinator.';
comment on column core.cluster.nodes is 'host:port of each node beside the coordinator.';

-- Steps that built the cluster, with the rows and the digest of each table before and after its step.
create table core.cluster_step (
    step_id bigint not null generated always as identity,
    happened_at timestamptz not null default clock_timestamp(),
    happened_by text not null default session_user,
    command text not null,
    step text not null,
    object text not null,
    row_count bigint,
    digest text,
    milliseconds integer not null,
    constraint cluster_step_pk primary key (step_id)
);
comment on table core.cluster_step is 'One row per step of stanchion cluster that changed something. Append-only.';
comment on column core.cluster_step.row_count is 'Rows of the table, equal before and after the step.';
comment on column core.cluster_step.digest is 'Sum of the hashes of the rows, equal before and after the step.';

-- revert: drop table core.cluster_step;
-- revert: drop table core.cluster;
