-- as-deployer
-- The owner of everything, the schema core, and the ledger of modules, which records this one too.
--
-- It is an ordinary module and not a bootstrap step, so that reverting everything leaves an
-- empty database and not one with a ledger in it.
do $$
begin
    create role stanchion_owner nologin;
exception when duplicate_object then
    null;  -- roles belong to the cluster: another database of it has made this one
end;
$$;

-- The deployer acts as the owner from the next module on.
do $$
begin
    -- usage, not member: who made a role is a member from 16 on, and still may not act as it
    if not pg_catalog.pg_has_role(current_user, 'stanchion_owner', 'usage') then
        execute format('grant stanchion_owner to %I', current_user);
    end if;
    execute format('grant create on database %I to stanchion_owner', current_database());
end;
$$;

create schema core authorization stanchion_owner;
comment on schema core is 'What every module stands on: tenants, identity, audit, limits and the module ledger.';

-- Two settings for the whole database. Functions are for those to whom they are granted, never for PUBLIC.
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
    -- running: a module without a transaction has begun; if nobody deploys, it died half-way
    constraint module_ledger_state_known check (state in ('running', 'deployed'))
);
comment on table core.module_ledger is 'What is deployed now: one row per SQL module.';
comment on column core.module_ledger.sort_key is 'Where the module stands in the order of deployment; reverting goes backwards.';
comment on column core.module_ledger.revert_sql is 'How to take the module back; kept here, since the checkout may have moved on.';

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
'What happened to modules: one row per deploy, re-application, mended revert text and revert; only ever appended to.';

create table core.catalog_record (
    is_current boolean not null default true,
    taken_at timestamptz not null default clock_timestamp(),
    format text not null,
    catalog text not null,
    constraint catalog_record_pk primary key (is_current),
    constraint catalog_record_single check (is_current)
);
comment on column core.catalog_record.format is 'Which way of telling a catalog this is in; two formats cannot be compared.';
comment on table core.catalog_record is
'The catalog as text as the last deploy left it: one row, written in the transaction of each module.';

reset role;
