"""SQL modules: the files of the checkout, the rows of the ledger, and the plan that leads from one to the other.

A versioned module is sql/SCHEMA/TOPIC/NNNN_name.sql. It runs once and is never edited after a release. A repeatable
module is sql/SCHEMA/TOPIC/name.sql (a function or a view with its private helpers), policies/SCHEMA.table.sql or
partitions/SCHEMA.table.sql. It is applied again when its text changes. Every file ends with the comment lines
"-- revert: ..." that revert it; a versioned file may have a NNNN_name.revert.sql beside it instead.

A topic is a folder for readers: the ledger does not contain it, so a file can move to another folder of its schema.
"""

import difflib
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from psycopg.rows import class_row

from stanchion.deploy.script import read_sql
from stanchion.deploy.statements import Statement, split
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, is_deployed

SCHEMAS = ("core", "landing", "contest", "stock", "workspace", "ops")  # a module uses core and its own schema
_BY_TABLE = ("policies", "partitions")
_RULES = Path("policies/rules")
_IN_SCHEMA = rf"sql/({'|'.join(SCHEMAS)})/(?:[a-z0-9_]+/)?"
_VERSIONED = re.compile(_IN_SCHEMA + r"([0-9]{4}_[a-z0-9_]+)\.sql")
_REVERT_FILE = re.compile(_IN_SCHEMA + r"([0-9]{4}_[a-z0-9_]+)\.revert\.sql")
_REPEATABLE = re.compile(_IN_SCHEMA + r"([a-z_][a-z0-9_]*)\.sql")
_OF_TABLE = re.compile(rf"({'|'.join(_BY_TABLE)})/((?:{'|'.join(SCHEMAS)})\.[a-z0-9_]+)\.sql")
_PLACES = (
    "a module is sql/SCHEMA/TOPIC/NNNN_name.sql, sql/SCHEMA/TOPIC/name.sql, policies/SCHEMA.table.sql or "
    f"partitions/SCHEMA.table.sql, in lower case, with SCHEMA one of {', '.join(SCHEMAS)}."
)
_CREATES = re.compile(r"^create (?:or replace )?(function|view) ([a-z_]+\.\w+)", re.MULTILINE)
_NEEDS_LINE = re.compile(r"^-- needs: (.*)$", re.MULTILINE)
_REVERT_LINE = re.compile(r"^-- revert: (.*)\n?", re.MULTILINE)
_DROPS = re.compile(r"^drop (function|procedure|view) ([^;]+);", re.MULTILINE)
_SETS_SESSION = re.compile(r"set (?!local\b|constraints\b)")
_ROLES = "stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker, stanchion_dba"
_DIRECTIVES = ("as-deployer", "no-transaction")

Kind = Literal["versioned", "function", "view", "policies", "partitions"]
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
        """Hash of the text without its revert lines, so that a broken revert can be corrected after a deploy."""
        return hashlib.sha256(_REVERT_LINE.sub("", self.text).encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        return not has_directive(self.text, "no-transaction")

    @property
    def has_revert_file(self) -> bool:
        return self.revert_path != self.path

    @cached_property
    def creates(self) -> list[str]:
        """Functions and views that the text creates, as SCHEMA.name."""
        return [name for _, name in _CREATES.findall(self.text)]

    @cached_property
    def needs(self) -> list[str]:
        """Functions and views that have to exist before this module runs, from its lines "-- needs: ..."."""
        return [name for line in _NEEDS_LINE.findall(self.text) for name in line.replace(",", " ").split()]


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
    action: Action  # mend: only the revert text or the place in the order changed
    module: Module
    undo_first: str | None  # statements that remove the deployed version before the new text runs


def has_directive(text: str, directive: str) -> bool:
    """Return whether the comment lines at the top of a file contain this directive."""
    for line in text.splitlines():
        if not line.startswith("--"):
            return False
        if line.removeprefix("--").strip() == directive:
            return True
    return False


def discover(root: Path) -> list[Module]:
    """Return every module below a folder in the order of deployment. Raise one error that lists every problem."""
    problems: list[str] = []
    texts = {path: _read(path, problems) for path in _sql_files(root)}
    versioned = list(_versioned(root, texts, problems))
    repeatable = _ordered(list(_repeatable(root, texts, problems)), problems)
    modules = sorted((*versioned, *repeatable, *_of_tables(root, texts)), key=lambda module: module.sort_key)
    known = {path for module in modules for path in (module.path, module.revert_path)}
    problems += [
        f"{path} has no place: {_PLACES}"
        for path in texts.keys() - known
        if texts[path] is not None and not _REVERT_FILE.fullmatch(path.relative_to(root).as_posix())
    ]
    problems += [problem for module in modules for problem in _faults(module)]
    if problems:
        raise StanchionError("\n".join(sorted(problems)))
    if not modules:
        raise StanchionError(f"There are no SQL modules under {root}; run this command in a checkout of Stanchion.")
    return modules


def _sql_files(root: Path) -> Iterator[Path]:
    for folder in ("sql", *_BY_TABLE):
        for path in (root / folder).rglob("*"):
            if path.suffix.lower() == ".sql" and not path.is_relative_to(root / _RULES):
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
        relative = path.relative_to(root).as_posix()
        if match := _REVERT_FILE.fullmatch(relative):
            deploys = path.with_name(f"{match[2]}.sql")
            if deploys not in texts:
                problems.append(f"{deploys} is missing, and {path.name} reverts it.")
            continue
        if not (match := _VERSIONED.fullmatch(relative)):
            continue
        schema, stem = match.groups()
        numbers[schema, stem[:4]].append(f"{schema}/{stem}")
        beside = path.with_name(f"{stem}.revert.sql")
        revert_path, revert_text = (beside, texts[beside] or "") if beside in texts else (path, _revert_lines(text))
        sort_key = f"{SCHEMAS.index(schema):02}.0.{stem}"
        yield Module(f"{schema}/{stem}", "versioned", sort_key, path, text or "", revert_path, revert_text)
    for (_, number), names in numbers.items():
        if len(names) > 1:
            problems.append(f"{' and '.join(sorted(names))} have the same number {number}; renumber one of them.")


def _revert_lines(text: str | None) -> str:
    """Return the statements of the lines "-- revert: ...", below the directives of the file, which apply to both."""
    lines = _REVERT_LINE.findall(text or "")
    directives = [f"-- {each}" for each in _DIRECTIVES if has_directive(text or "", each)]
    return "\n".join([*directives, *lines]) if lines else ""


def _repeatable(root: Path, texts: dict[Path, str | None], problems: list[str]) -> Iterator[Module]:
    """Yield the functions and views. Their sort key is their schema until _ordered completes it."""
    names: dict[str, list[Path]] = defaultdict(list)
    for path, text in texts.items():
        if not (match := _REPEATABLE.fullmatch(path.relative_to(root).as_posix())):
            continue
        schema, stem = match.groups()
        kind: Any = next(iter(kind for kind, _ in _CREATES.findall(text or "")), None)
        if text and not kind:
            problems.append(f"{path} creates no function or view; number it (NNNN_{path.name}) if it runs once.")
        name = f"{schema}/{kind or 'function'}/{stem}"
        names[name].append(path)
        yield Module(
            name, kind or "function", f"{SCHEMAS.index(schema):02}", path, text or "", path, _revert_lines(text)
        )
    for name, paths in names.items():
        if len(paths) > 1:
            problems.append(f"{' and '.join(map(str, sorted(paths)))} are both {name}; rename one of them.")


def _ordered(modules: list[Module], problems: list[str]) -> Iterator[Module]:
    """Give each repeatable its place: behind everything that it needs, else by name.

    The place is the length of the longest chain of needs, so a new module does not move the others.
    """
    makers = {name: module for module in modules for name in module.creates}
    places: dict[str, int] = {}

    def place(module: Module, chain: tuple[Module, ...] = ()) -> int:
        if module in chain:
            cycle = " needs ".join(each.name for each in (*chain[chain.index(module) :], module))
            problems.append(f"{module.path} cannot be ordered: {cycle}.")
            return 0
        if module.name not in places:
            own = [makers[name] for name in module.needs if name in makers and makers[name].sort_key == module.sort_key]
            places[module.name] = max((place(each, (*chain, module)) + 1 for each in own), default=0)
        return places[module.name]

    for module in sorted(modules, key=lambda module: module.name):
        for name in module.needs:
            if name not in makers:
                problems.append(f"{module.path} needs {name}, and no function or view of that name exists.")
            elif makers[name].sort_key > module.sort_key:
                problems.append(f"{module.path} needs {name}, whose schema is deployed later.")
        stem = module.path.stem
        yield replace(module, sort_key=f"{module.sort_key}.1.{place(module):02}.{stem}")


def _of_tables(root: Path, texts: dict[Path, str | None]) -> Iterator[Module]:
    """Yield the policies and the partitioning of each table, which run after every schema."""
    for path, text in texts.items():
        if match := _OF_TABLE.fullmatch(path.relative_to(root).as_posix()):
            kind: Any = match[1]
            sort_key = f"{len(SCHEMAS):02}.{_BY_TABLE.index(kind)}.{match[2]}"
            yield Module(f"{kind}/{match[2]}", kind, sort_key, path, text or "", path, _revert_lines(text))


def _faults(module: Module) -> Iterator[str]:
    """Yield every fault in the text of a module, one sentence each. A file that could not be read has its own error."""
    if module.text and not module.revert_text.strip():
        yield f"{module.path} has no line '-- revert: ...'; end it with the statements that revert it."
    inside = Path(f"{module.path} (revert)")
    sides = {module.path: module.text, module.revert_path if module.has_revert_file else inside: module.revert_text}
    for path, text in sides.items():
        statements = list(split(text))
        for statement in statements:
            if statement.controls_transaction:
                yield f"{path}:{statement.line}: begins or ends a transaction, which only the deployer does; remove it."
            if _SETS_SESSION.match(statement.code):
                yield f"{path}:{statement.line}: changes the session for the modules after it; write 'set local'."
        if has_directive(text, "no-transaction") and (len(statements) != 1 or module.kind != "versioned"):
            yield (
                f"{path} runs without a transaction, so it must be one statement of a versioned module, "
                f"and it is {len(statements)} of a {module.kind} one; give each statement a versioned module."
            )
    if not module.in_transaction:
        yield from _unsure_drops(module.revert_path, split(module.revert_text))


def _unsure_drops(path: Path, statements: Iterable[Statement]) -> Iterator[str]:
    for statement in statements:
        if statement.code.startswith("drop ") and " if exists " not in statement.code:
            yield (
                f"{path}:{statement.line}: reverts a statement without a transaction, whose object may be incomplete "
                "or missing; write 'if exists'."
            )


def read_ledger(conn: Connection) -> dict[str, Deployed]:
    """Return the deployed modules in the order of deployment; none where there is no ledger."""
    if not is_deployed(conn):
        return {}
    cursor = conn.cursor(row_factory=class_row(Deployed))
    cursor.execute(
        "select name, sort_key, checksum, revert_sql, state, deployed_at, deployed_by "
        'from core.module_ledger order by sort_key collate "C"'
    )
    return {row.name: row for row in cursor}


def make_plan(modules: Iterable[Module], ledger: dict[str, Deployed]) -> list[Step]:
    """Return the steps of a deploy. Everything that makes it unsafe is refused here, before anything runs."""
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
        elif (have.revert_sql, have.sort_key) != (module.revert_text, module.sort_key):
            steps.append(Step("mend", module, None))
    return steps


def up_to(steps: list[Step], modules: list[Module], name: str) -> list[Step]:
    """Return the steps up to and including a module.

    Each module needs only earlier ones, so the database is then in a state that every deploy passes through.
    """
    places = {module.name: place for place, module in enumerate(modules)}
    if name not in places:
        near = difflib.get_close_matches(name, places, 3)
        remedy = f"did you mean {' or '.join(near)}?" if near else "stanchion status lists the modules."
        raise StanchionError(f"The module '{name}' does not exist: {remedy}")
    return [step for step in steps if places[step.module.name] <= places[name]]


def _undo(have: Deployed, module: Module) -> str:
    """Return the statements that run before a repeatable module is applied again.

    They drop everything, or revoke the grants where "create or replace" replaces the objects: it would keep the grants
    that the new text no longer contains.
    """
    if module.kind == "partitions":
        return ""  # its text updates its row and keeps the columns that an operator sets
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
                f"{have.name} stopped half-way and ran without a transaction; run: stanchion revert --only {have.name}"
            )
        elif have.name not in names:
            yield (
                f"{have.name} is deployed but its file is missing; restore the file, "
                f"or run: stanchion revert --only {have.name}"
            )
    last: dict[str, str] = {}
    for module in modules:
        if module.kind == "versioned" and module.name in ledger:
            last[_schema(module)] = module.name
    for module in modules:
        if module.kind != "versioned":
            continue
        deployed, newest = ledger.get(module.name), last.get(_schema(module), "")
        if deployed and deployed.checksum != module.checksum:
            yield f"{module.path} was edited after it was deployed; restore it and write a new module instead."
        elif not deployed and module.name < newest:
            yield f"{module.path} would run after {newest}, which is already deployed; give it a higher number."


def _schema(module: Module) -> str:
    return module.name.partition("/")[0]


def module_states(modules: list[Module], ledger: dict[str, Deployed]) -> list[dict[str, Any]]:
    """Return one row per module with its state: deployed, pending, changed, half-way or gone."""
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
            now = (module.checksum, module.revert_text, module.sort_key)
            same = (have.checksum, have.revert_sql, have.sort_key) == now
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
