"""With --log-format json every line on stderr is an object with the same keys, and the exit codes stay the same."""

import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.league import play
from tests.program import running_worker, wait_for
from tests.sessions import Db

KEYS = "time level command event tenant counts exit_code duration_ms error message".split()  # noqa: SIM905
Run = Callable[..., Any]


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log after a check of their shape."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert list(line) == KEYS
        at = datetime.fromisoformat(line["time"])
        assert at.utcoffset() == datetime.now(UTC).utcoffset()
        assert line["level"] in ("info", "error")
        assert all(isinstance(count, int) for count in line["counts"].values())
        assert line["duration_ms"] is None or line["duration_ms"] >= 0
        assert (line["exit_code"] is None) == (line["event"] != "end")
    assert [line["event"] for line in lines][:: len(lines) - 1] == ["start", "end"]
    assert {line["command"] for line in lines} == {lines[0]["command"]}
    return lines


def named(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    for game in play(1, 1000, 2):
        (tmp_path / f"game_{game.game_id}.json").write_bytes(as_json(export(game)))
    return tmp_path


def test_a_load_logs_its_files(tenants: dict[str, str], exports: Path, stanchion: Run) -> None:
    (exports / "bad\x1b[31m\n.json").write_text("no game")
    given = ("load", str(exports), "--tenant", "ours", "--played-on", "2026-10-03", "--log-format", "json")
    outcome = stanchion(*given)
    assert outcome.code == 1
    lines = lines_of(outcome.err)
    files = named(lines, "file")
    assert len(files) == 3
    assert {line["tenant"] for line in files} == {"ours"}
    assert [line["level"] for line in files].count("error") == 1
    (load,) = named(lines, "load")
    assert load["counts"]["rows"] == sum(line["counts"]["rows"] for line in files) > 0
    assert lines[-1]["exit_code"] == 1


def test_a_watch_logs_its_loads(tenants: dict[str, str], exports: Path, stanchion: Run) -> None:
    outcome = stanchion(
        "watch", str(exports), "--tenant", "ours", "--played-on", "2026-10-03", "--once", STANCHION_LOG="json"
    )
    assert outcome.code == 0, outcome.err
    lines = lines_of(outcome.err)
    assert (len(named(lines, "file")), len(named(lines, "load"))) == (2, 1)


def test_a_build_logs_its_models(tenants: dict[str, str], stanchion: Run) -> None:
    failed = stanchion("build", "dim_team", "--log-format", "json")  # its sources are not built yet
    assert failed.code == 1
    (model,) = named(lines_of(failed.err), "model")
    assert (model["level"], "does not exist" in model["error"]) == ("error", True)
    lines = lines_of(stanchion("build", "stg_landing__load_batch", "--log-format", "json").err)
    assert "staging.stg_landing__load_batch built" in [line["message"] for line in named(lines, "model")]
    (build,) = named(lines, "build")
    assert build["counts"]["models_built"] == len(named(lines, "model"))


def test_partition_commands_log_each_partition(db: Db, stanchion: Run) -> None:
    db.execute("update core.partition_set set days_ahead = days_ahead + 1 where relation = 'core.event'")
    for command in ("ensure", "expire", "run"):
        outcome = stanchion("partitions", command, "--log-format", "json")
        assert outcome.code == 0, outcome.err
        lines = lines_of(outcome.err)
        made = named(lines, "partition")
        assert [line["message"].startswith("made core.event 20") for line in made] == [True] * (command == "ensure")
        assert named(lines, "partitions")[0]["counts"] == ({"made": 1} if made else {})


def test_a_worker_logs_each_attempt(db: Db, dsn: str, tenants: dict[str, str], stanchion: Run) -> None:
    db.execute(
        "create function public.fails(p_lease uuid) returns void language plpgsql as $$ begin raise 'no\nway'; end $$; "
        "insert into core.queue (queue, handler, attempts, description) values ('public.fails', 'public.fails', 1, '')"
    )
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.enqueue('public.fails', '{}')")
    db.execute("grant execute on function public.fails(uuid) to stanchion_worker")
    with running_worker(dsn, "run", "--log-format", "json") as process:
        wait_for(db, "exists (select from core.job_dead)")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    (job,) = named(lines_of(err), "job")
    assert (job["level"], job["tenant"], job["counts"]) == ("error", tenants["ours"], {"attempt": 1})
    assert "no\nway" in job["error"]
    drained = lines_of(stanchion("worker", "drain", "--log-format", "json").err)
    assert named(drained, "job") == []
    db.execute("update core.operation set is_enabled = kind = 'stanchion.stats'")
    operated = lines_of(stanchion("worker", "operate", "--log-format", "json").err)
    assert named(operated, "job")[0]["tenant"] is None


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (["load", "/no/such", "--tenant", "ours"], 2, "/no/such"),
        (["worker", "run", "--once", "--queue", "x"], 1, "No queue 'x' has a handler"),
        (["partitions", "run", "--dsn", "host=127.0.0.1 port=1"], 1, "127.0.0.1"),
    ],
)
def test_an_error_is_a_line_of_the_log(
    tenants: dict[str, str], stanchion: Run, args: list[str], code: int, error: str
) -> None:
    outcome = stanchion(*args, STANCHION_LOG="json")
    assert outcome.code == code
    last = lines_of(outcome.err)[-1]
    assert (last["level"], last["exit_code"]) == ("error", code)
    assert error in last["error"]


def test_an_unknown_form_is_refused(stanchion: Run) -> None:
    outcome = stanchion("partitions", "run", STANCHION_LOG="xml")
    assert outcome.code == 2
    assert "'xml' is not one of 'text', 'json'" in outcome.err
