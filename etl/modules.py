"""SQL modules: what there is in the checkout, what is in the ledger, and what deploying would do.

A versioned module is sql/SCHEMA/NNNN_name.deploy.sql with its .revert.sql; it runs once and is never
edited after release. A repeatable one is a single file (a function, a view, the policies or the
partitioning of one table) that is applied again when its text changes; how to take it back stands
in its comment lines "-- revert: ...".
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from psycopg.rows import class_row

from etl.database import Connection, is_deployed
from etl.errors import StanchionError
from etl.script import read_sql, transaction_control

SCHEMAS = ("core", "landing", "contest", "stock", "workspace", "ops")  # a module uses core and itself
_REPEATABLE_FOLDERS = ("functions", "views")

Kind = Literal["versioned", "functions", "views", "policies", "partitions"]
Action = Literal["deploy", "reapply"]


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
        return hashlib.sha256(self.text.encode()).hexdigest()

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
    action: Action
    module: Module
    undo_first: str | None  # the revert text of the version in force, when the new one cannot replace it in place


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
    modules: list[Module] = []
    for schema_rank, schema in enumerate(SCHEMAS):
        folder = root / "sql" / schema
        modules += _versioned(folder, schema, f"{schema_rank:02}.0", problems)
        for kind_rank, kind in enumerate(_REPEATABLE_FOLDERS, 1):
            modules += _repeatable(folder / kind, f"{schema}/{kind}", f"{schema_rank:02}.{kind_rank}", problems)
    modules += _repeatable(root / "policies", "policies", f"{len(SCHEMAS):02}.0", problems)
    modules += _repeatable(root / "partitions", "partitions", f"{len(SCHEMAS):02}.1", problems)
    if problems:
        raise StanchionError("\n".join(problems))
    if not modules:
        raise StanchionError(f"There are no SQL modules under {root}; is this a checkout of Stanchion?")
    return modules


def _versioned(folder: Path, schema: str, rank: str, problems: list[str]) -> list[Module]:
    deploys = {path.name.removesuffix(".deploy.sql"): path for path in sorted(folder.glob("*.deploy.sql"))}
    reverts = {path.name.removesuffix(".revert.sql"): path for path in sorted(folder.glob("*.revert.sql"))}
    for stem in sorted(deploys.keys() ^ reverts.keys()):
        missing = "revert" if stem in deploys else "deploy"
        problems.append(f"{folder / stem}.{missing}.sql is missing: a module can be deployed and taken back.")
    for stray in sorted(folder.glob("*.sql")):
        if not re.fullmatch(r"\d{4}_\w+\.(deploy|revert)\.sql", stray.name):
            problems.append(f"{stray} is not named NNNN_name.deploy.sql or NNNN_name.revert.sql.")
    modules = [
        _module(f"{schema}/{stem}", "versioned", f"{rank}.{stem}", deploys[stem], reverts[stem], problems)
        for stem in sorted(deploys.keys() & reverts.keys())
    ]
    for number, count in Counter(module.number for module in modules).items():
        if count > 1:
            names = " and ".join(module.name for module in modules if module.number == number)
            problems.append(f"{names} share the number {number}; give one of them another.")
    return modules


def _repeatable(folder: Path, prefix: str, rank: str, problems: list[str]) -> list[Module]:
    kind: Any = prefix.rsplit("/", 1)[-1]
    return [
        _module(f"{prefix}/{path.stem}", kind, f"{rank}.{path.stem}", path, path, problems)
        for path in sorted(folder.glob("*.sql"))
    ]


def _module(name: str, kind: Kind, sort_key: str, path: Path, revert_path: Path, problems: list[str]) -> Module:
    text = read_sql(path)
    if kind == "versioned":
        revert_text = read_sql(revert_path)
    else:
        revert_text = "\n".join(re.findall(r"^-- revert: (.*)$", text, re.MULTILINE))
        if not revert_text:
            problems.append(f"{path} does not say how to take it back; end it with '-- revert: ...'.")
    for checked, content in {path: text, revert_path: revert_text}.items():
        if line := transaction_control(content):
            problems.append(f"{checked}:{line}: begins or ends a transaction; the deployer does that, take it out.")
    return Module(name, kind, sort_key, path, text, revert_path, revert_text)


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
            in_place = module.kind != "policies" and have.revert_sql == module.revert_text
            steps.append(Step("reapply", module, None if in_place else have.revert_sql))
    return steps


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
            state = "deployed" if have.checksum == module.checksum else "changed"
        lines.append(
            {
                "module": name,
                "state": state,
                "deployed_at": have.deployed_at.isoformat(timespec="seconds") if have else None,
                "deployed_by": have.deployed_by if have else None,
            }
        )
    return lines
