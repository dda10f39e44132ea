"""The benchmarks run on the configured server, name both sides of each comparison, and leave nothing on the server.

make test runs the smallest one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.dev.bench.entries import ENTRIES

QUICK = ("--seconds", "1", "--rounds", "1", "--rows", "20000", "--json")
Bench = Callable[..., dict[str, list[dict[str, Any]]]]


@pytest.fixture
def bench(db: psycopg.Connection[Any], stanchion: Callable[..., Any], tmp_path: Path) -> Bench:
    """Return a function that runs benchmarks, checks their page and their scratch databases, and returns results."""

    def run(*args: str) -> dict[str, list[dict[str, Any]]]:
        page = tmp_path / "benchmarks.md"
        outcome = stanchion("bench", *args, "--page", str(page))
        assert outcome.code == 0, outcome.err
        measured = json.loads(outcome.out)
        assert all(result["per_second"] > 0 for results in measured.values() for result in results)
        check_page(page.read_text(encoding="utf-8"), measured, db.info.server_version // 10000)
        assert left_behind(db) == []
        return measured

    return run


def left_behind(db: psycopg.Connection[Any]) -> list[Any]:
    names = "select datname as name from pg_database union all select rolname from pg_roles"
    return db.execute(f"select name from ({names}) as known where name like 'stanchion_bench%'").fetchall()


def check_page(page: str, measured: dict[str, list[dict[str, Any]]], version: int) -> None:
    assert f"Postgres {version}" in page
    for name, results in measured.items():
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines()[5:] if line] == [
            result["what"] for result in results
        ]


def test_options_may_follow_names(stanchion: Callable[..., Any]) -> None:
    outcome = stanchion("bench", "expiry", "--seconds", "x")
    assert outcome.code == 2
    assert "'x' is not a valid float" in outcome.err


@pytest.mark.slow
@pytest.mark.exhaustive
def test_expiry_is_measured_beside_a_plain_drop(bench: Bench) -> None:
    # 2 seconds: plain DROP waits for a reader, and this wait must be longer than that of partitions expire
    ours, drop, *costs = bench("expiry", *QUICK, "--seconds", "2")["expiry"]
    assert "partitions expire, three days" in ours["what"]
    assert "plain DROP, three days" in drop["what"]
    assert ours["ratio"] > 1.5 * drop["ratio"], "a writer is delayed by a plain DROP only"
    assert [cost["what"].split(",")[0] for cost in costs] == ["partitions expire", "plain DROP", "DELETE and VACUUM"]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_events_and_live_keys_are_measured(bench: Bench) -> None:
    measured = bench("events", "claims-live-keys", *QUICK)
    assert [result["what"] for result in measured["claims-live-keys"]] == [
        "random text, 10,000 live",
        "random text, 20,000 live",
        "UUIDv7, 10,000 live",
        "UUIDv7, 20,000 live",
    ]
    notifications = measured["events"][-1]
    assert notifications["what"].startswith("their notifications")
    # at most ten a second; the rate is that of the requested seconds, and the run may end later
    assert notifications["per_second"] <= 15


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_benchmark_of_claims_prints_a_table(db: psycopg.Connection[Any], stanchion: Callable[..., Any]) -> None:
    outcome = stanchion("bench", "claims", "--clients", "2", *QUICK[:6])
    assert outcome.code == 0, outcome.err
    assert "claim_key and complete_key, UUIDv7" in outcome.out
    assert left_behind(db) == []


@pytest.mark.slow
def test_cpu_of_workbooks_and_of_starts_is_measured(bench: Bench) -> None:
    measured = bench("workbooks", "start", *QUICK)
    unpacked, read = measured["workbooks"]
    assert (unpacked["ratio"], read["bar"]) == (None, 0.4)
    assert read["p50_ms"] > unpacked["p50_ms"]
    python, *commands = measured["start"]
    assert [each["what"] for each in commands] == [
        f"stanchion {name}, CPU time" for name in ("--version", "--help", "status")
    ]
    assert all(each["p50_ms"] > python["p50_ms"] for each in commands[1:])


def test_an_unknown_benchmark_is_named(call: Callable[..., Any]) -> None:
    outcome = call("bench", "everything")
    assert outcome.code == 2
    assert f"'everything' is not one of {', '.join(map(repr, ENTRIES))}" in outcome.err
