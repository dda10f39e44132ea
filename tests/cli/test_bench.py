"""The benchmarks run on the configured server, name both sides of each comparison, and leave nothing on the server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.dev.bench.entries import ENTRIES

QUICK = ("--seconds", "1", "--rounds", "1", "--rows", "20000", "--json")


@pytest.mark.slow
@pytest.mark.long
def test_events_and_live_keys_are_measured(
    db: psycopg.Connection[Any], stanchion: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "benchmarks.md"
    outcome = stanchion("bench", "events", "claims-live-keys", "--page", str(file), *QUICK)
    assert outcome.code == 0, outcome.err
    measured = json.loads(outcome.out)
    assert [result["what"] for result in measured["claims-live-keys"]] == [
        "random text, 10,000 live",
        "random text, 20,000 live",
        "UUIDv7, 10,000 live",
        "UUIDv7, 20,000 live",
    ]
    assert all(result["per_second"] > 0 for results in measured.values() for result in results)
    page = file.read_text(encoding="utf-8")
    assert f"Postgres {db.info.server_version // 10000}" in page
    for name, results in measured.items():
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines()[5:] if line] == [
            result["what"] for result in results
        ]
    notifications = measured["events"][-1]
    assert notifications["what"].startswith("their notifications")
    assert notifications["per_second"] <= 10.2


@pytest.mark.slow
def test_expiry_is_measured_beside_a_plain_drop(db: psycopg.Connection[Any], stanchion: Callable[..., Any]) -> None:
    # 2 seconds: plain DROP waits for a reader, and this wait must be longer than that of partitions expire
    outcome = stanchion("bench", "expiry", *QUICK, "--seconds", "2")
    assert outcome.code == 0, outcome.err
    ours, drop, *costs = json.loads(outcome.out)["expiry"]
    assert "partitions expire, three days" in ours["what"]
    assert ours["ratio"] > 1 > drop["ratio"], "a writer is delayed by a plain DROP only"
    assert [cost["what"].split(",")[0] for cost in costs] == ["partitions expire", "plain DROP", "DELETE and VACUUM"]


@pytest.mark.slow
@pytest.mark.long
def test_benchmark_of_claims_leaves_no_database(db: psycopg.Connection[Any], stanchion: Callable[..., Any]) -> None:
    outcome = stanchion("bench", "claims", "--clients", "2", *QUICK[:6])
    assert outcome.code == 0, outcome.err
    assert "claim_key and complete_key, UUIDv7" in outcome.out
    assert db.execute("select datname from pg_database where datname like 'stanchion_bench%'").fetchall() == []
    assert db.execute("select rolname from pg_roles where rolname like 'stanchion_bench%'").fetchall() == []


def test_an_unknown_benchmark_is_named(stanchion: Callable[..., Any]) -> None:
    outcome = stanchion("bench", "everything")
    assert outcome.code == 2
    assert f"'everything' is not one of {', '.join(map(repr, ENTRIES))}" in outcome.err
