"""The files of a new module, with the questions that their author has to answer."""

import re
from pathlib import Path

from stanchion.deploy.modules import SCHEMAS
from stanchion.errors import StanchionError

_NAME = "[a-z_][a-z0-9_]{0,59}"  # room for _pk in the 63 letters of a name

_VERSIONED = """\
-- What this is, in a sentence.
--
-- The one thing about it that is not obvious.
create table {schema}.{name} (
    tenant_id uuid not null,
    constraint {name}_pk primary key (tenant_id)
);
comment on table {schema}.{name} is 'One row per ...';
"""
_REVERT = "drop table {schema}.{name};\n"
_FUNCTION = """\
-- What this is for, and the one thing about it that is not obvious.
create or replace function {schema}.{name}()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
end;
$$;

comment on function {schema}.{name}() is
'What it returns, what it does in the odd case, and the SQLSTATEs it raises.';

grant execute on function {schema}.{name}() to stanchion_app;

-- revert: drop function {schema}.{name}();
"""
_VIEW = """\
-- What this shows.
create or replace view {schema}.{name} with (security_invoker = true) as
select 1 as one;

comment on view {schema}.{name} is 'One row per ...';

grant select on {schema}.{name} to stanchion_app;

-- revert: drop view {schema}.{name};
"""
_POLICY = """\
-- Who may see {table}: a tenant's own applications and loader; the builder joins all of them.
alter table {table} enable row level security, force row level security;

create policy own_tenant on {table}
for select to stanchion_app, stanchion_loader
using (tenant_id = core.current_tenant());

create policy every_tenant on {table}
for select to stanchion_builder
using (true);

create policy owner_for_tenant on {table}
for all to stanchion_owner
using (tenant_id = core.current_tenant() or core.is_operator())
with check (tenant_id = core.current_tenant() or core.is_operator());

grant select on {table} to stanchion_app, stanchion_loader, stanchion_builder;

-- Not granted: ...

-- revert: select core.unsecure_relation('{table}');
"""
_PARTITION = """\
-- What is kept how long, and why. A guard is a function of the day that answers why it may not go yet.
insert into core.partition_set (relation, days_ahead, days_kept, guard) values ('{table}', 3, 90, null)
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = '{table}';
"""
_BY_TABLE = {"policies": _POLICY, "partitions": _PARTITION}
_REPEATABLE = {"functions": _FUNCTION, "views": _VIEW}


def scaffold(root: Path, name: str) -> list[Path]:
    """Write the files for SCHEMA/name, SCHEMA/functions/name, SCHEMA/views/name or policies/SCHEMA.TABLE."""
    files = _files(root, name)
    for path in files:
        if path.exists():
            raise StanchionError(f"{path} is there already; nothing was written.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _files(root: Path, name: str) -> dict[Path, str]:
    schemas = "|".join(SCHEMAS)
    if match := re.fullmatch(rf"(policies|partitions)/((?:{schemas})\.{_NAME})", name):
        folder, table = match.groups()
        return {root / folder / f"{table}.sql": _BY_TABLE[folder].format(table=table)}
    if match := re.fullmatch(rf"({schemas})/(functions|views)/({_NAME})", name):
        schema, folder, thing = match.groups()
        return {root / "sql" / schema / folder / f"{thing}.sql": _REPEATABLE[folder].format(schema=schema, name=thing)}
    if match := re.fullmatch(rf"({schemas})/({_NAME})", name):
        schema, thing = match.groups()
        folder_path = root / "sql" / schema
        taken = [int(path.name[:4]) for path in folder_path.glob("[0-9][0-9][0-9][0-9]_*.deploy.sql")]
        stem = f"{max(taken, default=0) + 1:04}_{thing}"
        return {
            folder_path / f"{stem}.deploy.sql": _VERSIONED.format(schema=schema, name=thing),
            folder_path / f"{stem}.revert.sql": _REVERT.format(schema=schema, name=thing),
        }
    raise StanchionError(
        f"'{name}' names no module: write SCHEMA/name, SCHEMA/functions/name, SCHEMA/views/name, "
        f"policies/SCHEMA.TABLE or partitions/SCHEMA.TABLE, in lower case, with SCHEMA one of {', '.join(SCHEMAS)}."
    )
