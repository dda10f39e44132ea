"""SQL modules: what there is in the checkout, what is in the ledger, and what deploying would do.

A versioned module is sql/SCHEMA/NNNN_name.deploy.sql with its .revert.sql; it runs once and is never
edited after release. A repeatable one is a single file (a function, a view, the policies or the
partitioning of one table) that is applied again when its text changes; how to take it back stands
in its comment lines "-- revert: ...".
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from psycopg.rows import class_row

from stanchion.deploy.script import read_sql
from stanchion.deploy.statements import Statement, split
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, is_deployed

SCHEMAS = ("core", "landing", "contest", "stock", "workspace", "ops")  # a module uses core and itself
_BY_TABLE = ("policies", "partitions")
_RANK = {"versioned": 0, "functions": 1, "views": 2, "policies": 0, "partitions": 1}
_NOT_MODULES = (Path("policies/rules"), Path("sql/recipes"))
_VERSIONED = re.compile(rf"sql/({'|'.join(SCHEMAS)})/([0-9]{{4}}_[a-z0-9_]+)\.(deploy|revert)\.sql")
_REPEATABLE = re.compile(
    rf"sql/({'|'.join(SCHEMAS)})/(functions|views)/([a-z0-9_]+)\.sql"
    rf"|({'|'.join(_BY_TABLE)})/((?:{'|'.join(SCHEMAS)})\.[a-z0-9_]+)\.sql"
)
_REVERT_LINE = re.compile(r"^-- revert: (.*)\n?", re.MULTILINE)
_DROPS = re.compile(r"^drop (function|procedure|view) ([^;]+);", re.MULTILINE)
_SETS_SESSION = re.compile(r"set (?!local\b|constraints\b)")
_ROLES = "stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker, stanchion_dba"

Kind = Literal["versioned", "functions", "views", "policies", "partitions"]
Action = Literal["deploy", "reapply", "mend"]


@dataclass(frozen=True)
class Module:
    name: str
    kind: Kind
    sort_key: str
    path: Path
    text: str
    revert_path: Path
    revert_text: str

    @property
    def checksum(self) -> str:
        """What the module does; how it is taken back is no part of it, so that a broken revert can be mended."""
        does = self.text if self.kind == "versioned" else _REVERT_LINE.sub("", self.text)
        return hashlib.sha256(does.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        return not has_directive(self.text, "no-transaction")

    @property
    def number(self) -> str:
        return self.path.name.split("_")[0]


@dataclass(frozen=True)
class Deployed:
    name: str
    sort_key: str
    checksum: str
    revert_sql: str
    state: str
    deployed_at: Any
    deployed_by: str


@dataclass(frozen=True)
class Step:
    action: Action  # mend: the revert text was edited, nothing else
    module: Module
    undo_first: str | None  # what of the version in force has to go before the new text runs


def has_directive(text: str, directive: str) -> bool:
    """Whether the comment lines at the top of a file include this one."""
    for line in text.splitlines():
        if not line.startswith("--"):
            return False
        if line.removeprefix("--").strip() == directive:
            return True
    return False


def discover(root: Path) -> list[Module]:
    """Every module below a folder, in the order of deployment; everything that is wrong, in one error."""
    problems: list[str] = []
    texts = {path: _read(path, problems) for path in _sql_files(root)}
    modules = sorted((*_versioned(root, texts, problems), *_repeatable(root, texts)), key=lambda m: m.sort_key)
    known = {path for module in modules for path in (module.path, module.revert_path)}
    for path in texts.keys() - known:
        if not _VERSIONED.fullmatch(path.relative_to(root).as_posix()):
            problems.append(
                f"{path} has no place: a module is sql/SCHEMA/NNNN_name.deploy.sql with its .revert.sql, "
                "sql/SCHEMA/functions/name.sql, sql/SCHEMA/views/name.sql, policies/SCHEMA.table.sql or "
                f"partitions/SCHEMA.table.sql, in lower case, with SCHEMA one of {', '.join(SCHEMAS)}."
            )
    problems += [problem for module in modules for problem in _faults(module)]
    if problems:
        raise StanchionError("\n".join(sorted(problems)))
    if not modules:
        raise StanchionError(f"There are no SQL modules under {root}; is this a checkout of Stanchion?")
    return modules


def _sql_files(root: Path) -> Iterator[Path]:
    for folder in ("sql", *_BY_TABLE):
        for path in (root / folder).rglob("*"):
            if path.suffix.lower() == ".sql" and not any(path.is_relative_to(root / each) for each in _NOT_MODULES):
                yield path


def _read(path: Path, problems: list[str]) -> str | None:
    try:
        return read_sql(path)
    except StanchionError as e:
        problems.append(str(e))
        return None


def _versioned(root: Path, texts: dict[Path, str | None], problems: list[str]) -> Iterator[Module]:
    numbers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, text in texts.items():
        if not (match := _VERSIONED.fullmatch(path.relative_to(root).as_posix())):
            continue
        schema, stem, side = match.groups()
        other = path.with_name(f"{stem}.{'revert' if side == 'deploy' else 'deploy'}.sql")
        if other not in texts:
            problems.append(f"{other} is missing: a module can be deployed and taken back.")
        if side == "deploy":
            numbers[schema, stem[:4]].append(f"{schema}/{stem}")
            sort_key = f"{SCHEMAS.index(schema):02}.0.{stem}"
            yield Module(f"{schema}/{stem}", "versioned", sort_key, path, text or "", other, texts.get(other) or "")
    for (_, number), names in numbers.items():
        if len(names) > 1:
            problems.append(f"{' and '.join(sorted(names))} share the number {number}; give one of them another.")


def _repeatable(root: Path, texts: dict[Path, str | None]) -> Iterator[Module]:
    for path, text in texts.items():
        if not (match := _REPEATABLE.fullmatch(path.relative_to(root).as_posix())):
            continue
        schema, folder, name, top, table = match.groups()
        kind: Any = folder or top
        rank = SCHEMAS.index(schema) if schema else len(SCHEMAS)
        full = f"{schema}/{folder}/{name}" if schema else f"{top}/{table}"
        sort_key = f"{rank:02}.{_RANK[kind]}.{name or table}"
        revert_text = "\n".join(_REVERT_LINE.findall(text or ""))
        yield Module(full, kind, sort_key, path, text or "", path, revert_text)


def _faults(module: Module) -> Iterator[str]:
    """What is wrong with the text of a module, a sentence each; a text that could not be read was told already."""
    if module.kind != "versioned" and module.text and not module.revert_text.strip():
        yield f"{module.path} does not say how to take it back; end it with '-- revert: ...'."
    sides = {module.path: module.text, module.revert_path: module.revert_text}
    if module.kind != "versioned":
        sides = {module.path: module.text, Path(f"{module.path} (revert)"): module.revert_text}
    for path, text in sides.items():
        statements = list(split(text))
        for statement in statements:
            if statement.controls_transaction:
                yield f"{path}:{statement.line}: begins or ends a transaction; the deployer does that, take it out."
            if _SETS_SESSION.match(statement.code):
                yield f"{path}:{statement.line}: would hold for the modules after it too; write 'set local'."
        if has_directive(text, "no-transaction") and (len(statements) != 1 or module.kind != "versioned"):
            yield (
                f"{path} has no transaction, so that it must be one statement of a versioned module, "
                f"and it is {len(statements)}; put the others into modules of their own."
            )
    if not module.in_transaction:
        yield from _unsure_drops(module.revert_path, split(module.revert_text))


def _unsure_drops(path: Path, statements: Iterable[Statement]) -> Iterator[str]:
    for statement in statements:
        if statement.code.startswith("drop ") and " if exists " not in statement.code:
            yield (
                f"{path}:{statement.line}: takes back what has no transaction and may be there by half or not at all; "
                "write 'if exists'."
            )


def read_ledger(conn: Connection) -> dict[str, Deployed]:
    """What is deployed, in the order of deployment; nothing in a database without a ledger."""
    if not is_deployed(conn):
        return {}
    cursor = conn.cursor(row_factory=class_row(Deployed))
    cursor.execute(
        "select name, sort_key, checksum, revert_sql, state, deployed_at, deployed_by "
        'from core.module_ledger order by sort_key collate "C"'
    )
    return {row.name: row for row in cursor}


def make_plan(modules: Iterable[Module], ledger: dict[str, Deployed]) -> list[Step]:
    """What deploying would do. Whatever makes it unsafe is refused here, before anything runs."""
    modules = list(modules)
    problems = list(_disagreements(modules, ledger))
    if problems:
        raise StanchionError("\n".join(problems))
    steps = []
    for module in modules:
        have = ledger.get(module.name)
        if have is None:
            steps.append(Step("deploy", module, None))
        elif have.checksum != module.checksum:
            steps.append(Step("reapply", module, _undo(have, module)))
        elif have.revert_sql != module.revert_text:
            steps.append(Step("mend", module, None))
    return steps


def _undo(have: Deployed, module: Module) -> str:
    """What has to go before a repeatable is applied again: all of it, or its grants where it is replaced in place.

    "create or replace" keeps the grants of what it replaces, also those that the new text no longer makes.
    """
    if module.kind == "partitions":
        return ""  # it replaces its row, but for what an operator put there
    if module.kind == "policies" or have.revert_sql != module.revert_text:
        return have.revert_sql
    return "\n".join(
        f"revoke all on {'' if what == 'view' else what} {name} from public, {_ROLES};"
        for what, name in _DROPS.findall(have.revert_sql)
    )


def _disagreements(modules: list[Module], ledger: dict[str, Deployed]) -> Iterable[str]:
    names = {module.name for module in modules}
    for have in ledger.values():
        if have.state == "running":
            yield (
                f"{have.name} died half-way and has no transaction to undo it; run: stanchion revert --only {have.name}"
            )
        elif have.name not in names:
            yield (
                f"{have.name} is deployed but its file is gone; bring it back, "
                f"or run: stanchion revert --only {have.name}"
            )
    last: dict[str, str] = {}
    for module in modules:
        if module.kind == "versioned" and module.name in ledger:
            last[module.path.parent.name] = module.name
    for module in modules:
        if module.kind != "versioned":
            continue
        deployed, newest = ledger.get(module.name), last.get(module.path.parent.name, "")
        if deployed and deployed.checksum != module.checksum:
            yield f"{module.path} was edited after it was deployed; put it back and write a new module instead."
        elif not deployed and module.name < newest:
            yield f"{module.path} would run after {newest}, which is deployed; give it a higher number."


def module_states(modules: list[Module], ledger: dict[str, Deployed]) -> list[dict[str, Any]]:
    """One line per module: deployed, pending, changed, half-way or gone."""
    by_name = {module.name: module for module in modules}
    lines = []
    for name in sorted(
        {m.name: m.sort_key for m in modules} | {n: d.sort_key for n, d in ledger.items()},
        key=lambda n: by_name[n].sort_key if n in by_name else ledger[n].sort_key,
    ):
        module, have = by_name.get(name), ledger.get(name)
        if have is None:
            state = "pending"
        elif have.state == "running":
            state = "half-way"
        elif module is None:
            state = "gone"
        else:
            same = (have.checksum, have.revert_sql) == (module.checksum, module.revert_text)
            state = "deployed" if same else "changed"
        lines.append(
            {
                "module": name,
                "state": state,
                "deployed_at": have.deployed_at.isoformat(timespec="seconds") if have else None,
                "deployed_by": have.deployed_by if have else None,
            }
        )
    return lines
