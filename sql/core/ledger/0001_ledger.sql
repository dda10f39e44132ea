-- as-deployer
-- Creates the owner of every object, the schema core, and the ledger of modules, which also records this module.
--
-- The ledger is an ordinary module and not a bootstrap step, so that reverting everything leaves an empty database.
do $$
begin
    create role stanchion_owner nologin;
exception when duplicate_object then
    null;  -- roles belong to the cluster, and another database of the cluster created this one
end;
$$;

-- From the next module on, the deployer acts as the owner.
do $$
begin
    -- checks usage and not member: from Postgres 16 on, the creator of a role is a member that may not act as the role
    if not pg_catalog.pg_has_role(current_user, 'stanchion_owner', 'usage') then
        execute format('grant stanchion_owner to %I', current_user);
    end if;
    execute format('grant create on database %I to stanchion_owner', current_database());
end;
$$;

create schema core authorization stanchion_owner;
comment on schema core is 'The base of every module: tenants, identity, audit, limits and the module ledger.';

-- Applies to the whole database: functions are executable only for the roles that they are granted to.
alter default privileges for role stanchion_owner revoke execute on functions from public;

set local role stanchion_owner;

create table core.module_ledger (
    name text not null,
    sort_key text not null,
    checksum text not null,
    revert_sql text not null,
    state text not null,
    deployed_at timestamptz not null default clock_timestamp(),
    deployed_by text not null default session_user,
    constraint module_ledger_pk primary key (name),
    -- running: a module without a transaction has begun. It stopped half-way when no deployer is running.
    constraint module_ledger_state_known check (state in ('running', 'deployed'))
);
comment on table core.module_ledger is 'One row per deployed SQL module.';
comment on column core.module_ledger.sort_key is 'Position of the module in the order of deployment. Modules are reverted in the opposite order.';
comment on column core.module_ledger.revert_sql is 'Statements that revert the module, kept because the checkout may have changed since.';

create table core.module_event (
    event_id bigint not null generated always as identity,
    happened_at timestamptz not null default clock_timestamp(),
    happened_by text not null default session_user,
    action text not null,
    name text not null,
    checksum text not null,
    milliseconds integer not null,
    constraint module_event_pk primary key (event_id),
    constraint module_event_action_known check (action in ('deploy', 'reapply', 'mend', 'revert'))
);
comment on table core.module_event is
'One row per deploy, re-application, corrected revert text and revert of a module. Append-only.';

create table core.catalog_record (
    is_current boolean not null default true,
    taken_at timestamptz not null default clock_timestamp(),
    format text not null,
    catalog text not null,
    constraint catalog_record_pk primary key (is_current),
    constraint catalog_record_single check (is_current)
);
comment on column core.catalog_record.format is 'Hash of the query that wrote the catalog. Two catalogs with different formats cannot be compared.';
comment on table core.catalog_record is
'The catalog as text after the last deploy: one row, written in the transaction of each module.';

reset role;
