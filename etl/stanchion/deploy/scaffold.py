"""Templates of new modules, with a placeholder for everything that the author has to write."""

import re
from pathlib import Path

from stanchion.deploy.modules import SCHEMAS
from stanchion.errors import StanchionError

_NAME = "[a-z_][a-z0-9_]{0,59}"  # leaves room for _pk in the 63 characters of a name
_TOPIC = "(?!function/|view/)[a-z][a-z0-9_]*"

_VERSIONED = """\
-- One sentence: the rows of this table.
--
-- The one thing about it that is not obvious.
create table {schema}.{name} (
    tenant_id uuid not null,
    constraint {name}_pk primary key (tenant_id)
);
comment on table {schema}.{name} is 'One row per ...';

-- revert: drop table {schema}.{name};
"""
_FUNCTION = """\
-- One sentence: the purpose of this function, and the one thing about it that is not obvious.
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
'Returns nothing. ... Errors: CODE when ....';

grant execute on function {schema}.{name}() to stanchion_app;

-- revert: drop function {schema}.{name}();
"""
_VIEW = """\
-- One sentence: the rows of this view.
create or replace view {schema}.{name} with (security_invoker = true) as
select 1 as one;

comment on view {schema}.{name} is 'One row per ...';

grant select on {schema}.{name} to stanchion_app;

-- revert: drop view {schema}.{name};
"""
_POLICY = """\
-- Readable by the applications and the loader of the tenant, and by the builder for all tenants.
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
-- Period of a partition (day, month or year), days kept, and the reason. A guard is a function of the day that returns
-- the reason to keep the day, or null.
insert into core.partition_set (relation, span, days_ahead, days_kept, guard) values ('{table}', 'day', 3, 90, null)
on conflict (relation) do update set
    span = excluded.span, days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = '{table}';
"""
_BY_TABLE = {"policies": _POLICY, "partitions": _PARTITION}
_REPEATABLE = {"function": _FUNCTION, "view": _VIEW}
_SCHEMA_LIST = "|".join(SCHEMAS)


def scaffold(root: Path, name: str) -> Path:
    """Write the file of SCHEMA/TOPIC/NAME, SCHEMA/TOPIC/function/NAME, .../view/NAME or policies/SCHEMA.TABLE."""
    path, text = _file(root, name)
    if path.exists():
        raise StanchionError(f"{path} already exists; nothing was written.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _file(root: Path, name: str) -> tuple[Path, str]:
    if match := re.fullmatch(rf"(policies|partitions)/((?:{_SCHEMA_LIST})\.{_NAME})", name):
        folder, table = match.groups()
        return root / folder / f"{table}.sql", _BY_TABLE[folder].format(table=table)
    if match := re.fullmatch(rf"({_SCHEMA_LIST})/({_TOPIC})/(?:(function|view)/)?({_NAME})", name):
        schema, topic, kind, thing = match.groups()
        folder_path = root / "sql" / schema / topic
        if kind:
            return folder_path / f"{thing}.sql", _REPEATABLE[kind].format(schema=schema, name=thing)
        numbers = (int(path.name[:4]) for path in (root / "sql" / schema).rglob("[0-9][0-9][0-9][0-9]_*.sql"))
        return folder_path / f"{max(numbers, default=0) + 1:04}_{thing}.sql", _VERSIONED.format(
            schema=schema, name=thing
        )
    raise StanchionError(
        f"'{name}' names no module; write SCHEMA/TOPIC/NAME (a table), SCHEMA/TOPIC/function/NAME, "
        "SCHEMA/TOPIC/view/NAME, policies/SCHEMA.TABLE or partitions/SCHEMA.TABLE, in lower case, "
        f"with SCHEMA one of {', '.join(SCHEMAS)}."
    )
