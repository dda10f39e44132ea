"""A killed import or removal goes on when it is repeated; a killed export leaves no file. Memory stays bounded."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.server.connection import for_tenant
from tests.marts.platform import Maker, Platform
from tests.transfer.test_transfer import digests, exported, id_of, imported, removed, source, traces

__all__ = ["source"]
pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork")


def until_killed(work: Callable[[], Any], statement: int) -> bool:
    """Do the work in a process that is killed before a statement of this number; return whether it was complete."""

    def work_and_die() -> None:
        original, left = psycopg.Cursor.execute, [statement]

        def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, *args, **kwargs)

        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
        work()

    process = FORK.Process(target=work_and_die)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == 0


def repeat_until_complete(work: Callable[[], Any], step: int) -> int:
    """Kill the work at later and later statements until it is complete; return the number of kills."""
    kills = 0
    while not until_killed(work, step * (kills + 1)):
        kills += 1
    return kills


@pytest.mark.parametrize("step", [23, pytest.param(5, marks=pytest.mark.exhaustive)])
def test_a_killed_import_goes_on(source: Any, unloaded_platform: Maker, tmp_path: Path, step: int) -> None:
    file = tmp_path / "ours.zip"
    with source() as platform:
        before = digests(platform, "ours")
        exported(platform, "ours", file)
    with unloaded_platform(tmp_path) as target:
        assert repeat_until_complete(lambda: imported(target, file), step) > 3
        assert imported(target, file).was_complete
        target.build()
        assert digests(target, "ours") == before
        rows = target.rows("select status from core.tenant")
        assert [row["status"] for row in rows] == ["active"]


@pytest.mark.parametrize("step", [23, pytest.param(5, marks=pytest.mark.exhaustive)])
def test_a_killed_removal_goes_on(source: Any, step: int) -> None:
    with source() as platform:
        tenant_id, others = id_of(platform, "ours"), digests(platform, "theirs")

        def remove() -> None:
            if platform.rows("select from core.tenant where slug = 'ours'"):
                removed(platform, "ours")

        assert repeat_until_complete(in_session(platform, remove), step) > 3
        assert traces(platform.conn, tenant_id) == {}
        assert digests(platform, "theirs") == others
        (row,) = platform.rows("select found from core.tenant_removal where finished_at is not null")
        assert sum(row["found"].values()) > 5000


def in_session(platform: Platform, work: Callable[[], Any]) -> Callable[[], Any]:
    """Return the work with a connection of its own process."""

    def opened() -> None:
        with psycopg.connect(platform.server.dsn, autocommit=True) as platform.conn:
            work()

    return opened


@pytest.mark.parametrize("statement", [8, 16])
def test_a_killed_export_leaves_no_file(source: Any, tmp_path: Path, statement: int) -> None:
    with source() as platform:
        file = tmp_path / "ours.zip"
        file.write_text("the export of yesterday", encoding="utf-8")
        assert not until_killed(lambda: exported(platform, "ours", file), statement)
        assert file.read_text(encoding="utf-8") == "the export of yesterday"


@pytest.mark.exhaustive
@pytest.mark.timeout(550)
def test_a_million_rows_need_little_memory(unloaded_platform: Maker, tmp_path: Path) -> None:
    """The processes of the export and the import need less than 200 MB, a quarter of the rows."""
    file = tmp_path / "big.zip"
    with unloaded_platform(tmp_path) as platform:
        platform.conn.execute("select core.create_tenant('big', 'Big', 'team')")
        with for_tenant(platform.conn, "big") as tenant_id:
            platform.conn.execute(
                "insert into workspace.usage_event (tenant_id, used_on, used_at, feature, tokens, cost) "
                "select %s, core.utc_day(core.clock()), core.clock(), repeat('feature ' || n %% 10, 40), n, 0 "
                "from generate_series(1, 1000000) as n",
                [tenant_id],
            )
        out = run(platform, "export", "big", "--out", str(file))
        assert "1,000,00" in out
        run(platform, "remove", "big", "--yes")
        assert traces(platform.conn, str(tenant_id)) == {}
        run(platform, "import", str(file))
        (row,) = platform.rows("select count(*), sum(tokens) from workspace.usage_event")
        assert (row["count"], row["sum"]) == (1000000, 500000500000)


def run(platform: Platform, *args: str) -> str:
    """Run `stanchion tenant` in a process whose memory is limited, and return its output."""
    limited = "import resource, sys; from stanchion.cli.main import main; " + (
        "resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20)); main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "tenant", *args],
        env=os.environ | {"DATABASE_URL": platform.server.dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
