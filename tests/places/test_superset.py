"""The URI and the pool of the page about Superset read the marts of an analyst through SQLAlchemy 1.4."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.paths import ROOT
from tests.marts.platform import Platform
from tests.provided import provide

PAGE = (ROOT / "docs" / "analysts" / "superset.md").read_text()

pytestmark = [pytest.mark.exhaustive, pytest.mark.long, pytest.mark.slow]


@pytest.fixture
def uri(built: Platform) -> Iterator[str]:
    password = add_analyst(built.conn, "alex", ["ours"])
    server = conninfo_to_dict(built.server.dsn)
    found = re.search(r"^postgresql\+psycopg2://.*$", PAGE, re.MULTILINE)
    assert found
    yield (
        found[0].replace("PASSWORD", password).replace("db.example:5432", f"{server['host']}:{server['port']}")
        .replace("/stanchion", f"/{server['dbname']}")
    )  # fmt: skip
    revoke_analyst(built.conn, "alex", [])


def test_sqlalchemy_lists_and_reads_the_marts(built: Platform, uri: str) -> None:
    python = f"{provide('python-packages', 'tests/places/superset.txt')}/python"
    pool = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert pool
    done = subprocess.run([python, "tests/places/superset.py", uri, pool[1]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    relations = built.rows(
        "select relname, relkind in ('r', 'p') as is_table from pg_class "
        "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'p', 'v') order by 1"
    )
    for kind, is_table in (("tables", True), ("views", False)):
        assert sorted(result[kind]) == [row["relname"] for row in relations if row["is_table"] is is_table]
    assert (result["type"], result["key"]) == ("DATE", ["tenant_id", "game_key", "side"])
    assert result["comment"]
    expected = built.rows(
        "select count(*) as n from marts.fact_team_game join core.tenant using (tenant_id) where slug = 'ours'"
    )
    assert result["counts"] == [expected[0]["n"]] * 12, "twelve readers share the four sessions of the pool"
    assert result["refused"] in ("25006", "42501")
