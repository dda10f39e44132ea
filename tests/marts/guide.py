"""Writes docs/marts.md, the analysts' guide: what each mart holds, and five questions to it with their answers.

The answers are those of the demo's leagues, asked with an analyst's login on a throw-away server; so what stands in
the guide has been run. `make docs` writes it, with dbt's own site beside it.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst
from stanchion.cli.demo import LEAGUES, add_leagues, load_league
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, make_due_partitions, plan_deploy
from stanchion.marts import build
from stanchion.marts.dbt import invoke
from stanchion.marts.project import target
from stanchion.paths import ROOT
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server

GUIDE = ROOT / "docs" / "marts.md"
QUESTIONS = ROOT / "docs" / "marts"  # MART.sql: five statements, each after a comment that asks
ROWS = 6
HEAD = """# Marts

What analysts read: schema `marts`, with one's own database login (`stanchion analyst add`). Row level security shows
the leagues granted to the login and no others; `tenant_id` says whose a row is. `core.stat_refresh` says how old each
mart is.

Every number is defined once, in the model of its mart. Percentages are shares from 0 to 1, and null where there was
nothing to divide by. `All` is `Regular` and `Playoffs`. Only games that count go into seasons, standings and records:
over, with the official score or accepted with a reason; `fact_game_quality` says which are left out and why.

The answers below are those of the leagues of `stanchion demo`, to an analyst who reads Harbour League. This page is
generated: `make docs`.
"""


def questions(mart: str) -> list[tuple[str, str]]:
    """The questions to a mart, each with its statement."""
    text = (QUESTIONS / f"{mart}.sql").read_text(encoding="utf-8")
    found = re.findall(r"^-- (.+)\n((?:(?!-- ).*\n?)+)", text, re.MULTILINE)
    return [(title, statement.strip().rstrip(";")) for title, statement in found]


def table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows[:ROWS])]
    more = [f"\n... {len(rows) - ROWS} more."] if len(rows) > ROWS else []
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *more])


def _cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value).replace("|", "\\|")


def page(reader: psycopg.Connection[Any], manifest: dict[str, Any]) -> str:
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    parts = [HEAD, *(f"- [`{name}`](#{name}): {models[name]['description']}" for name in sorted(models))]
    for name in sorted(models):
        model = models[name]
        parts += [f"\n## {name}\n", f"{model['description']}\n", "| column | type | |", "| --- | --- | --- |"]
        parts += [f"| `{c['name']}` | {c['data_type']} | {c['description']} |" for c in model["columns"].values()]
        for title, statement in questions(name):
            cursor = reader.execute(statement.encode())
            columns = [column.name for column in cursor.description or ()]
            parts += [f"\n{title}\n", f"```sql\n{statement};\n```\n", table(columns, cursor.fetchall())]
    return "\n".join(parts) + "\n"


@contextmanager
def built() -> Iterator[tuple[Server, str]]:
    """The demo's leagues on a throw-away server, and the DSN of an analyst of one of them."""
    folder = Path(tempfile.mkdtemp(prefix="stanchion-guide-"))
    folder.chmod(0o755)
    embedded = Embedded(folder / "home", fast=True)
    try:
        with embedded:
            server = Server(embedded.dsn(), "embedded", embedded=True, description="throw-away")
            with connect(server) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda _: None)
                make_due_partitions(conn)
                add_leagues(conn)
                for slug in LEAGUES:
                    load_league(server, conn, slug)
                conn.execute((Path(__file__).parent / "shop.sql").read_bytes())
                report = build(server, test=False)
                if report.failed:
                    raise SystemExit("\n".join(node.message for node in report.failed))
                password = add_analyst(conn, "guide", ["harbour"])
            yield server, make_conninfo(server.dsn, user="guide", password=password)
    finally:
        embedded.purge()
        shutil.rmtree(folder, ignore_errors=True)


def guide(server: Server, analyst: str) -> str:
    with psycopg.connect(analyst, autocommit=True) as reader:
        manifest = json.loads((target(server) / "manifest.json").read_text(encoding="utf-8"))
        return page(reader, manifest)


def write_site(server: Server, place: Path) -> None:
    """dbt's own documentation as one file that needs nothing else."""
    failure = invoke(server, ["docs", "generate", "--static"], {}, lambda event: None)
    if failure:
        raise SystemExit(failure)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(target(server) / "static_index.html", place)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="stanchion-dbt-") as folder:
        os.environ["DBT_TARGET_PATH"] = folder
        with built() as (server, analyst):
            GUIDE.write_text(guide(server, analyst), encoding="utf-8")
            write_site(server, ROOT / "build" / "docs" / "index.html")


if __name__ == "__main__":
    main()
