"""Statements outside the database that a cluster would run wrongly: queries of Python, dbt macros and documentation.

The catalog does not contain these texts, so no query in policies/rules finds them. `stanchion cluster check` reads the
texts that ship with Stanchion, and the test suite also reads the documentation. Each check has the name of the rule
that finds the same fault in a function.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stanchion.audit.findings import CRITICAL, HIGH, Finding
from stanchion.deploy.statements import line_at, split
from stanchion.paths import ROOT

PAGE_CHECKS = ("arguments_have_no_queries", "set_local_is_alone")  # a page may also show the work of an operator

_PACKAGE = Path(__file__).resolve().parents[1]
# subpackages that read and write single tenants; the others build marts or administer the server
_OF_TENANTS = ("access", "cli", "contest", "export", "ingest", "jobs", "ops", "server")
_SQL = re.compile(r"\s*(?:begin|select|insert|update|delete|with|set|--)\b", re.IGNORECASE)
_SET_LOCAL = re.compile(r"set (?:local|session) |set \w+(?:\.\w+)? (?:to|=) ")
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"\s-c\s+(\"[^\"]*\"|'[^']*')")
_COUNTED = re.compile(r"\bquery\(\"[^\"]+\", \"(\w+)\"\)(?:(?!query\().){0,200}?\)\.rowcount\b", re.DOTALL)
_CALL = re.compile(
    r"\b((?:core|landing|contest|stock|workspace)\.[a-z_]+) \( "
    r"(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\()*?\bselect\b.*?\bfrom ([a-z]+\.[a-z_]+)\b"
)


@dataclass(frozen=True)
class Text:
    """SQL that one call sends to the server as one message, and its place: a file with a line."""

    place: str
    sql: str
    is_counted: bool = False  # the caller reads the number of its rows

    @property
    def statements(self) -> list[str]:
        """The statements in lower case, without comments and the contents of strings; parameters begin with v_."""
        text = re.sub(r"%\((\w+)\)s", r" v_\1 ", self.sql).replace("%s", " v_ ")
        return [re.sub(r" ?(\.|::) ?", r"\1", statement.code) for statement in split(text)]


def check_texts(texts: Iterable[Text], tables: Collection[str], only: Collection[str] = ()) -> Iterator[Finding]:
    """Yield the faults of the texts. `tables` are the tables that a cluster distributes by tenant."""
    for text in texts:
        for name, (severity, find, remedy) in CHECKS.items():
            if not only or name in only:
                yield from (Finding(name, text.place, problem, severity, remedy) for problem in find(text, tables))


def shipped_texts() -> Iterator[Text]:
    """Yield the SQL of the Python code that reads and writes single tenants, and the dbt macros that use SET LOCAL."""
    for path in sorted((ROOT / "dbt_project").rglob("*.sql")):
        yield from macro_texts(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    paths = [path for package in _OF_TENANTS for path in sorted((_PACKAGE / package).rglob("*"))]
    sources = {
        f"stanchion/{path.relative_to(_PACKAGE).as_posix()}": path.read_text(encoding="utf-8")
        for path in paths
        if path.suffix in (".py", ".sql")
    }
    counted = {name for source in sources.values() for name in _COUNTED.findall(source)}
    for place, source in sources.items():
        yield from python_texts(source, place) if place.endswith(".py") else query_texts(source, place, counted)


def macro_texts(source: str, place: str) -> Iterator[Text]:
    """Yield each SET LOCAL of a dbt macro with a statement after it: dbt sends a model as one message."""
    for found in re.finditer(r"^\s*set local .*$", source, re.MULTILINE):
        yield Text(f"{place}:{line_at(source, found.end())}", f"{found[0]}; select 1")


def query_texts(source: str, place: str, counted: Collection[str] = ()) -> Iterator[Text]:
    """Yield the named queries of a file. `counted` has the names of those whose number of rows is read."""
    for part in re.finditer(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", source, re.MULTILINE | re.DOTALL):
        yield Text(f"{place}:{line_at(source, part.start())}", part[2], part[1] in counted)


def python_texts(source: str, place: str) -> Iterator[Text]:
    """Yield the strings of Python code that contain SQL. The expressions of an f-string become {}."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _SQL.match(text):
            yield Text(f"{place}:{node.lineno}", text)


def page_texts(source: str, place: str) -> Iterator[Text]:
    """Yield the SQL of a page: each statement of a block of SQL, and each argument `-c` of a command."""
    for block in _BLOCK.finditer(source):
        line = line_at(source, block.start())
        if block[1] == "sql":
            yield from (Text(f"{place}:{line + each.line}", each.text) for each in split(block[2]))
        for command in _COMMAND.finditer(block[2].replace("\\\n", "  ")):
            yield Text(f"{place}:{line + line_at(block[2], command.start())}", command[1][1:-1])


def documentation(root: Path = ROOT) -> Iterator[Text]:
    """Yield the SQL of the pages of the checkout; a wheel has none."""
    for path in [*sorted(root.glob("docs/**/*.md")), *sorted(root.glob("*.md"))]:
        yield from page_texts(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())


def _set_local_is_alone(text: Text, _: Collection[str]) -> Iterator[str]:
    kinds = {
        bool(_SET_LOCAL.match(code)) for code in text.statements if not re.match(r"begin|commit|end|rollback", code)
    }
    if len(kinds) == 2 and any(code.startswith("set local ") for code in text.statements):
        yield "has SET LOCAL and other statements in one message, which a cluster sends to its nodes as a whole"


def _settings_reach_every_node(text: Text, _: Collection[str]) -> Iterator[str]:
    if re.search(r"set_config\(\s*'(?:app|request)\.", text.sql):
        yield "sets a setting by set_config(), which does not reach the nodes of a cluster"


def _writes_are_counted(text: Text, _: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        if (
            text.is_counted
            and re.search(r"\binsert into .*\bselect\b.*\bon conflict\b", code)
            and "returning" not in code
        ):
            yield "counts rows that conflict as inserted"


def _inserts_return_their_rows(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        into = re.search(
            r"insert into ([\w.{} ]+?)(?: as \w+)?(?: \( [^()]* \))?(?: overriding \w+ value)? select\b", code
        )
        if into and (into[1] in tables or "{" in into[1]) and not re.search(r"\breturning\b|\bon conflict\b", code):
            yield f"inserts the rows of a query into {into[1]} without RETURNING"


def _every_table_names_its_tenant(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        if re.search(r"\btenant_id = v_", code) and _named(code, tables):
            yield from (
                f"compares {pair}" for pair in re.findall(r"\b(?!v_)\w+\.tenant_id = (?!v_)\w+\.tenant_id", code)
            )


def _tenant_is_a_variable(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        for call in re.findall(r"\btenant_id = (core\.\w+) \(", code):
            if _named(code, tables):
                yield f"calls {call}() in a statement on {' and '.join(_named(code, tables))}"


def _writes_contain_no_volatile_calls(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        written = re.search(
            r"\b(?:update|delete from) ([a-z]+\.[a-z_]+).*|\binsert into ([a-z]+\.[a-z_]+).*\bdo update\b.*", code
        )
        call = written and re.search(r"\b(core\.clock|clock_timestamp|gen_random_uuid|random|nextval) \(", written[0])
        if written and call and (written[1] or written[2]) in tables:
            yield f"calls {call[1]}() in a write of {written[1] or written[2]}"


def _rows_are_found_by_keys(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        if re.search(r"\bctid\b", code) and _named(code, tables):
            yield f"uses ctid on {' and '.join(_named(code, tables))}"


def _arguments_have_no_queries(text: Text, tables: Collection[str]) -> Iterator[str]:
    for code in text.statements:
        if (call := _CALL.search(code)) and call[2] in tables:
            yield f"passes a query on {call[2]} to {call[1]}()"


def _named(code: str, tables: Collection[str]) -> list[str]:
    return sorted({word for word in re.findall(r"\b[a-z]+\.[a-z_]+\b", code) if word in tables})


_Find = Callable[[Text, Collection[str]], Iterator[str]]
CHECKS: dict[str, tuple[str, _Find, str]] = {
    "arguments_have_no_queries": (HIGH, _arguments_have_no_queries, "Read the value first, and pass it."),
    "every_table_names_its_tenant": (
        HIGH,
        _every_table_names_its_tenant,
        "Replace a.tenant_id = b.tenant_id by a.tenant_id = %(tenant)s.",
    ),
    "inserts_return_their_rows": (HIGH, _inserts_return_their_rows, "Add: returning 1"),
    "rows_are_found_by_keys": (HIGH, _rows_are_found_by_keys, "Find the rows by their keys."),
    "set_local_is_alone": (
        CRITICAL,
        _set_local_is_alone,
        "Send SET LOCAL alone, or call core.set_local(NAME, VALUE) in a statement.",
    ),
    "settings_reach_every_node": (CRITICAL, _settings_reach_every_node, "Call core.set_local(NAME, VALUE)."),
    "tenant_is_a_variable": (HIGH, _tenant_is_a_variable, "Compare tenant_id with a parameter."),
    "writes_are_counted": (CRITICAL, _writes_are_counted, "Insert VALUES, or add: returning 1"),
    "writes_contain_no_volatile_calls": (HIGH, _writes_contain_no_volatile_calls, "Pass the value as a parameter."),
}
