"""Whatever is put in, what comes out is a sentence and an exit code, never a traceback."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import PROGRAM, run_stanchion

Stanchion = Callable[..., Any]


def says(outcome: Any, code: int, *words: str) -> None:
    """The exit code, one error with these words, and nothing of Python's."""
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
def test_a_server_that_is_not_there(url: str) -> None:
    outcome = run_stanchion("status", database_url=url)
    says(outcome, 1, "DATABASE_URL")
    assert "secret" not in outcome.err


def test_a_password_that_is_wrong(dsn: str) -> None:
    says(run_stanchion("status", database_url=dsn + " password=wrong"), 1, "password authentication failed")


def test_a_database_without_stanchion(empty_dsn: str) -> None:
    for command in (["verify"], ["tenant", "list"], ["audit"], ["load-nothing"], ["partitions", "run"]):
        outcome = run_stanchion(*command, database_url=empty_dsn)
        assert outcome.code in (1, 2)
        assert "Traceback" not in outcome.err
    says(run_stanchion("tenant", "list", database_url=empty_dsn), 1, "stanchion deploy")


@pytest.mark.parametrize("command", [["deploy"], ["tenant", "add", "x"], ["tenant", "list"], ["audit"], ["verify"]])
def test_a_login_that_may_not(command: list[str], db: psycopg.Connection[Any], make_login: Callable[..., str]) -> None:
    db.execute("delete from core.module_ledger where name = 'policies/core.tenant'")  # so that there is something to do
    says(run_stanchion(*command, database_url=make_login()), 1, "permission denied")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["tenant", "config", "nobody"], ["no tenant 'nobody'", "ours, theirs", "stanchion tenant add nobody"]),
        (["tenant", "config", "ours", "contest.nonsense", "1"], ["no setting contest.nonsense"]),
        (["tenant", "config", "ours", "contest.periods", "many"], ["takes a whole number"]),
        (["tenant", "add", "ours"], ["already"]),
        (["tenant", "add", "Not A Slug"], ["tenant_slug_shape"]),
        (["tenant", "add", "x" * 500], ["tenant_slug_shape"]),
        (["tenant", "domain", "ours", "no host"], ["tenant_domain_shape"]),
        (["analyst", "add", "x", "--tenant", "nobody"], ["no tenant 'nobody'"]),
        (["analyst", "add", "", "--tenant", "ours"], []),
        (["analyst", "revoke", "ghost", "--yes"], ["no analyst 'ghost'"]),
        (["analyst", "revoke", "ghost"], ["nobody to ask"]),
        (["key", "revoke", "ours", "ghost"], ["no key 'ghost'"]),
        (["key", "create", "ours", ""], ["api_key_name_given"]),
        (["partitions", "hold", "core.nothing", "--reason", "x"], ["no partitioned table core.nothing", "core.event"]),
        (["revert", "--to", "core/9999_nothing", "--yes"], ["not deployed"]),
        (["revert", "--to", "nothing"], ["nobody to ask", "--yes"]),
        (["new", "core/Bad Name"], ["names no module"]),
        (["new", "../../etc/passwd"], ["names no module"]),
    ],
)
def test_what_cannot_be(command: list[str], words: list[str], tenants: dict[str, str], stanchion: Stanchion) -> None:
    says(stanchion(*command), 1, *words)


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
def test_a_command_line_that_is_not_understood_is_exit_2(command: list[str], stanchion: Stanchion) -> None:
    says(stanchion(*command), 2)


def test_a_tenant_that_could_not_be_configured_was_not_made_half(stanchion: Stanchion, db: Any) -> None:
    stanchion("analyst", "add", "half_made", "--tenant", "nobody")
    assert db.execute("select to_regrole('half_made')").fetchone() == (None,)


def test_text_that_looks_like_sql_is_text(stanchion: Stanchion, db: Any) -> None:
    name = "Robert'); drop table core.tenant; --"
    assert stanchion("tenant", "add", "school", "--name", name).code == 0
    assert db.execute("select name from core.tenant").fetchall() == [(name,)]


def test_any_language(stanchion: Stanchion) -> None:
    assert stanchion("tenant", "add", "liga", "--name", "Ледовая Лига 🏒 ÅÄÖ").code == 0
    assert "Ледовая Лига 🏒 ÅÄÖ" in stanchion("tenant", "list").out
    assert "Ледовая Лига" in stanchion("tenant", "list", "--json").out


def test_whoever_reads_what_is_printed_may_stop(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv = [PROGRAM, "sample", "--games", "1", "--out", tmp_path / "league"]
    done = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")
