"""The metrics are OpenMetrics, follow the database, and say so when it does not answer. Nagios gets its exit codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from psycopg.conninfo import make_conninfo

from stanchion.audit.findings import CRITICAL, HIGH, WARNING
from stanchion.ops.check import Alert, Check
from stanchion.ops.metrics import CONTENT_TYPE, DOWN, SOURCE, Metric, openmetrics
from stanchion.ops.nagios import nagios, unknown
from stanchion.paths import queries
from tests.sessions import Db

Run = Callable[..., Any]
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Values:
    """Return the value of each name with its labels. The parser of Prometheus' client library refuses other text."""
    return {
        (sample.name.removeprefix("stanchion_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def drop_a_partition(db: Db) -> None:
    (child,) = db.execute(
        "select max(child) from core.partition where relation = 'core.event' and state = 'attached'"
    ).fetchone() or ("",)
    db.execute(f"drop table {child}".encode())


@pytest.mark.slow
def test_metrics_follow_the_database(db: Db, tenants: dict[str, str], call: Run) -> None:
    before = call("metrics")
    assert before.code == 0, before.err
    values = parsed(before.out)
    assert of(values, "up") == 1
    assert of(values, "tenant_count", kind="league", status="active") == 2
    assert of(values, "partition_days_missing", relation="core.event") == 0
    assert of(values, "job_ready", queue="stock.orders") == 0
    assert of(values, "database_size_bytes") > 1_000_000
    assert all(of(values, "alert_count", check="partitions_ahead", severity=each) == 0 for each in (HIGH, WARNING))
    helps = {family.name: family.documentation for family in text_string_to_metric_families(before.out)}
    measured = {name.partition("_")[0] for name, _ in values}
    # no load, mart, replica or measured table is here
    assert set(queries(SOURCE)) - measured <= {"load", "mart", "replication", "table"}
    assert all(text.endswith(".") for text in helps.values())

    drop_a_partition(db)
    db.execute("update core.tenant set status = 'suspended' where slug = 'theirs'")
    after = parsed(call("metrics").out)
    assert of(after, "partition_days_missing", relation="core.event") == 1
    assert of(after, "alert_count", check="partitions_ahead", severity=HIGH) == 1
    assert of(after, "tenant_count", kind="league", status="suspended") == 1
    doctor = call("doctor", "--format", "openmetrics")
    assert of(parsed(doctor.out), "alert_count", check="partitions_ahead", severity=HIGH) == 1
    assert call("doctor", "--format", "nagios").code == 2


@pytest.mark.parametrize("value", ['"', "\\", "\n", '\\n"} 1\nstanchion_up 0', "naïve 🏒", "|"])
def test_labels_cannot_add_lines(value: str) -> None:
    text = openmetrics([Metric("table_bytes", f"Help {value}", ("relation",), [((value,), 1.5)])])
    assert parsed(text) == {("table_bytes", frozenset({("relation", value)})): 1.5}


def test_large_numbers_are_exact() -> None:
    assert of(parsed(openmetrics([Metric("n", "N.", (), [((), 2**53 - 1)])])), "n") == 2**53 - 1


@pytest.mark.slow
def test_file_is_replaced_as_a_whole(tenants: dict[str, str], call: Run, dsn: str, tmp_path: Path) -> None:
    out = tmp_path / "stanchion.prom"
    assert call("metrics", "--out", str(out)).code == 0
    assert of(parsed(out.read_text()), "up") == 1
    assert out.stat().st_mode & 0o777 == 0o644
    gone = call("--dsn", make_conninfo(dsn, port=1), "metrics", "--out", str(out))
    assert gone.code == 1
    assert out.read_text() == openmetrics([DOWN])
    assert of(parsed(out.read_text()), "up") == 0
    assert list(tmp_path.iterdir()) == [out]


@contextmanager
def served(dsn: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run `stanchion metrics --port 0`, and yield its URL."""
    program = [Path(sys.executable).with_name("stanchion"), "metrics", "--port", "0"]
    with subprocess.Popen(
        program, stderr=subprocess.PIPE, text=True, env=os.environ | {"DATABASE_URL": dsn}
    ) as process:
        assert process.stderr
        try:
            line = next(line for line in process.stderr if "serving" in line)
            yield line.split()[-1], process
        finally:
            process.kill()


@pytest.mark.slow
def test_scrapes_at_once_and_after_the_end_of_the_database(db: Db, tenants: dict[str, str], dsn: str) -> None:
    with served(dsn) as (url, process):
        assert url.startswith("http://127.0.0.1:")

        def scrape(_: int = 0) -> str:
            answer = httpx.get(url, timeout=60)
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            return answer.text

        with ThreadPoolExecutor(6) as pool:
            assert {of(parsed(text), "up") for text in pool.map(scrape, range(6))} == {1}
        assert httpx.get(url.replace("/metrics", "/"), timeout=60).status_code == 404
        with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as admin:
            for is_allowed, expected in ((False, 0), (True, 1)):
                admin.execute(f"alter database {db.info.dbname} with allow_connections {is_allowed}".encode())
                assert of(parsed(scrape()), "up") == expected
        assert of(parsed(scrape()), "up") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_port_in_use_and_two_targets_are_refused(call: Run, tenants: dict[str, str], dsn: str) -> None:
    with served(dsn) as (url, _):
        port = url.rpartition(":")[2].partition("/")[0]
        taken = call("metrics", "--port", port)
        assert (taken.code, f"The port {port} of 127.0.0.1 cannot be used" in taken.err) == (1, True), taken.err
    assert call("metrics", "--port", "1", "--out", "x").code == 2


FINE = Check("All is well.", name="fine")
SMALL = Check("No table is odd.", [Alert("A table | is odd.", "Mend\nit.")], "tables")
WORSE = Check("The disk has room.", [Alert("The disk is full.", "Delete files.")], "disk")
LEAK = Check("Rules hold.", [Alert("A row leaks.", "Close it.", severity=CRITICAL)], "rules")


@pytest.mark.parametrize(
    ("checks", "code", "first"),
    [
        ([FINE], 0, "STANCHION OK - 1 checks, 0 alerts | checks=1 alerts=0"),
        ([FINE, SMALL], 1, "STANCHION WARNING - 2 checks, 1 alerts: A table / is odd. | checks=2 alerts=1"),
        ([SMALL, WORSE], 2, "STANCHION CRITICAL - 2 checks, 2 alerts: The disk is full. | checks=2 alerts=2"),
        ([LEAK], 2, "STANCHION CRITICAL - 1 checks, 1 alerts: A row leaks. | checks=1 alerts=1"),
    ],
)
def test_nagios_gets_the_worst_alert_first(checks: list[Check], code: int, first: str) -> None:
    found, text = nagios(checks)
    lines = text.splitlines()
    assert (found, lines[0]) == (code, first)
    assert len(lines) == 1 + sum(len(check.alerts) for check in checks)


def test_nagios_learns_that_the_database_does_not_answer(call: Run, dsn: str) -> None:
    done = call("--dsn", make_conninfo(dsn, port=1), "doctor", "--format", "nagios")
    assert done.code == 3
    assert done.out.startswith("STANCHION UNKNOWN - ")
    assert unknown("a\nb | c") == "STANCHION UNKNOWN - a b / c"
