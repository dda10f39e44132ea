"""Generator of docs/functions.md from the comments in the database. `make catalog` runs it."""

import re
from itertools import groupby

import psycopg

from stanchion.paths import ROOT

REFERENCE = ROOT / "docs" / "functions.md"

_WIDTH = 100
_HEAD = """\
# Functions

The functions that a login in the role `stanchion_app` may call. `make catalog` generates this page from the comments
of the functions, so edit those instead. [Applications](operations/tenants.md#applications) describes how a session
names its tenant. Codes such as 42501 are SQLSTATEs.
"""
_FUNCTIONS = """
    select
        n.nspname,
        obj_description(n.oid, 'pg_namespace'),
        format('%s.%s', n.nspname, p.proname),
        pg_get_function_arguments(p.oid),
        pg_get_function_result(p.oid),
        obj_description(p.oid, 'pg_proc')
    from core.own_function as f
    join pg_proc as p on p.oid = f.function
    join pg_namespace as n on n.oid = p.pronamespace
    where
        has_function_privilege('stanchion_app', p.oid, 'execute')
        and has_schema_privilege('stanchion_app', n.oid, 'usage')
    order by n.nspname collate "C", p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"
"""


def render(conn: psycopg.Connection) -> str:
    """Return the text of the page."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local search_path = pg_catalog")  # makes Postgres print the schema of our types
        rows = conn.execute(_FUNCTIONS).fetchall()
    sections = [_HEAD]
    for (schema, about), functions in groupby(rows, key=lambda row: row[:2]):
        sections.append(f"## {schema}\n\n{about}\n")
        sections += (
            f"### {name}\n\n```text\n{_signature(name, arguments, result)}\n```\n\n{comment}\n"
            for _, _, name, arguments, result, comment in functions
        )
    return "\n".join(sections)


def _signature(name: str, arguments: str, result: str) -> str:
    """Return the signature on one line if it fits, else with the result on a second line and long lists folded."""
    call, returns = f"{name}({arguments})", f"returns {result}"
    line = f"{call} {returns}"
    return line if len(line) <= _WIDTH else f"{_folded(call)}\n{_folded(returns)}"


def _folded(text: str) -> str:
    if len(text) <= _WIDTH:
        return text
    before, _, parts = text.removesuffix(")").partition("(")
    listed = re.sub(r", (?=\w+ )", ",\n    ", parts)
    return f"{before}(\n    {listed}\n)"
