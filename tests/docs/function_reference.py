"""docs/functions.md, made from the catalog and the comments in it; make catalog writes it anew."""

import re
from itertools import groupby

import psycopg

from stanchion.paths import ROOT

REFERENCE = ROOT / "docs" / "functions.md"

_WIDTH = 100
_HEAD = """\
# Functions

What a login of `stanchion_app` may call. Made from the database by `make catalog`; edit a function's comment, not this
page. How a session says for whom it acts: [Applications](operations/tenants.md#applications). Codes such as 42501 are
SQLSTATEs.
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
    """The whole page."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local search_path = pg_catalog")  # so that types of ours are told with their schema
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
    """On a line; else what is returned on another, and a line for each part of what is long even so."""
    call, returns = f"{name}({arguments})", f"returns {result}"
    line = f"{call} {returns}"
    return line if len(line) <= _WIDTH else f"{_folded(call)}\n{_folded(returns)}"


def _folded(text: str) -> str:
    if len(text) <= _WIDTH:
        return text
    before, _, parts = text.removesuffix(")").partition("(")
    listed = re.sub(r", (?=\w+ )", ",\n    ", parts)
    return f"{before}(\n    {listed}\n)"
