"""Every wrong input ends in one sentence and an exit code, never in a traceback."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import PROGRAM, copy_of_deployed, run_stanchion
from tests.program import call_stanchion

Stanchion = Callable[..., Any]


@pytest.fixture(scope="module")
def refused(deployed: Any, cluster: Any) -> Iterator[Stanchion]:
    """Yield a function that runs a command in a database with two tenants, which refused commands do not change."""
    with copy_of_deployed(deployed, cluster, "refusals") as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("select core.create_tenant(slug, slug, 'league') from unnest(array['ours', 'theirs']) as slug")
        yield partial(call_stanchion, database_url=dsn)


def check_error(outcome: Any, code: int, *words: str) -> None:
    """Check the exit code, and that stderr contains one error with these words and no traceback."""
    assert outcome.code == code, outcome
    assert "Traceback" not in outcome.err
    assert outcome.err.count("Error:") == 1, outcome.err
    for word in words:
        assert word in outcome.err, outcome.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody:secret@127.0.0.1:1/nothing",
        "postgresql://nobody:secret@host.invalid/nothing",
        "host=127.0.0.1 port=1 password=secret",
        "this is no dsn",
    ],
)
def test_an_unreachable_server(url: str) -> None:
    outcome = run_stanchion("status", database_url=url)
    check_error(outcome, 1, "DATABASE_URL")
    assert "secret" not in outcome.err


def test_a_wrong_password(dsn: str) -> None:
    check_error(run_stanchion("status", database_url=dsn + " password=wrong"), 1, "password authentication failed")


def test_a_database_without_stanchion(empty_dsn: str) -> None:
    for command in (["verify"], ["tenant", "list"], ["audit"], ["load-nothing"], ["partitions", "run"]):
        outcome = call_stanchion(*command, database_url=empty_dsn)
        assert outcome.code in (1, 2)
        assert "Traceback" not in outcome.err
    check_error(call_stanchion("tenant", "list", database_url=empty_dsn), 1, "stanchion deploy")


@pytest.mark.parametrize("command", [["deploy"], ["tenant", "add", "x"], ["tenant", "list"], ["audit"], ["verify"]])
def test_a_login_without_privileges(
    command: list[str], db: psycopg.Connection[Any], make_login: Callable[..., str]
) -> None:
    db.execute(
        "delete from core.module_ledger where name = 'policies/core.tenant'"
    )  # so that deploy has a pending module
    check_error(call_stanchion(*command, database_url=make_login()), 1, "permission denied")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ["tenant", "config", "nobody"],
            ["Tenant 'nobody' does not exist", "ours, theirs", "stanchion tenant add nobody"],
        ),
        (["tenant", "config", "ours", "contest.nonsense", "1"], ["unknown setting contest.nonsense"]),
        (["tenant", "config", "ours", "contest.periods", "many"], ["must be a whole number"]),
        (["tenant", "add", "ours"], ["already"]),
        (["tenant", "add", "Not A Slug"], ["tenant_slug_shape"]),
        (["tenant", "add", "x" * 500], ["tenant_slug_shape"]),
        (["tenant", "domain", "ours", "no host"], ["tenant_domain_shape"]),
        (["analyst", "add", "x", "--tenant", "nobody"], ["Tenant 'nobody' does not exist"]),
        (["analyst", "add", "", "--tenant", "ours"], []),
        (["analyst", "revoke", "ghost", "--yes"], ["Analyst 'ghost' does not exist"]),
        (["analyst", "revoke", "ghost"], ["not a terminal"]),
        (["key", "revoke", "ours", "ghost"], ["no active key 'ghost'"]),
        (["key", "create", "ours", ""], ["api_key_name_given"]),
        (
            ["partitions", "hold", "core.nothing", "--reason", "x"],
            ["core.nothing is not a partitioned table", "core.event"],
        ),
        (["revert", "--to", "core/9999_nothing", "--yes"], ["not deployed"]),
        (["revert", "--to", "nothing"], ["not a terminal", "--yes"]),
        (["new", "core/Bad Name"], ["names no module"]),
        (["new", "../../etc/passwd"], ["names no module"]),
    ],
)
def test_a_refused_request(command: list[str], words: list[str], refused: Stanchion) -> None:
    check_error(refused(*command), 1, *words)


@pytest.mark.parametrize(
    "command",
    [
        ["nonsense"],
        ["deploy", "--nonsense"],
        ["tenant", "add"],
        ["tenant", "add", "x", "--kind", "circus"],
        ["tenant", "config", "ours", "contest.periods"],
        ["tenant", "config", "ours", "contest.periods", "3", "--from", "tomorrow"],
        ["revert"],
        ["revert", "--to", "a", "--only", "b"],
        ["partitions", "hold", "core.event"],
        ["partitions", "hold", "core.event", "--reason", " "],
        ["partitions", "hold", "core.event", "--reason", "x", "--lift"],
        ["partitions", "run", "--wait", "long"],
    ],
)
def test_a_wrong_command_line_exits_with_2(command: list[str], refused: Stanchion) -> None:
    check_error(refused(*command), 2)


def test_a_failed_analyst_add_creates_no_role(call: Stanchion, db: Any) -> None:
    call("analyst", "add", "half_made", "--tenant", "nobody")
    assert db.execute("select to_regrole('half_made')").fetchone() == (None,)


def test_a_name_that_looks_like_sql_is_stored_as_text(call: Stanchion, db: Any) -> None:
    name = "Robert'); drop table core.tenant; --"
    assert call("tenant", "add", "school", "--name", name).code == 0
    assert db.execute("select name from core.tenant").fetchall() == [(name,)]


def test_names_in_any_language(call: Stanchion) -> None:
    assert call("tenant", "add", "liga", "--name", "Ледовая Лига 🏒 ÅÄÖ").code == 0
    assert "Ледовая Лига 🏒 ÅÄÖ" in call("tenant", "list").out
    assert "Ледовая Лига" in call("tenant", "list", "--json").out


def test_a_closed_pipe_ends_the_command_without_a_message(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv = [PROGRAM, "sample", "--games", "1", "--out", tmp_path / "league"]
    process = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (process.returncode, process.stderr) == (128 + signal.SIGPIPE, b"")
