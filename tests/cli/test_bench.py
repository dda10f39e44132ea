"""The benchmarks run on the configured server, name both sides of each comparison, and leave nothing on the server.

make test runs the smallest one."""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.dev.bench.apart import run_apart
from stanchion.dev.bench.compare import Result, as_row
from stanchion.dev.bench.entries import ENTRIES, claims
from stanchion.dev.bench.page import write_pages
from stanchion.dev.bench.peers import PEERS
from stanchion.errors import StanchionError

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
            result["what"] for result in results if not result["is_detail"]
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
def test_purchases_are_measured_with_more_clients_than_a_login_has_connections(bench: Bench) -> None:
    measured = bench("purchases", "usage", *QUICK)
    assert [each["clients"] for each in measured["purchases"] if each["what"] == "stock.buy"] == [16, 64]
    assert [each["clients"] for each in measured["usage"] if each["what"] == "record_usage"] == [1, 8]


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
    assert (unpacked["ratio"], read["bar"]) == (None, 0.6)
    assert min(unpacked["p50_ms"], read["p50_ms"], read["ratio"]) > 0
    python, *commands = measured["start"]
    assert [each["what"] for each in commands] == [
        f"stanchion {name}, CPU time" for name in ("--version", "--help", "status")
    ]
    assert all(each["p50_ms"] > python["p50_ms"] for each in commands[1:])


def test_an_unknown_benchmark_is_named(call: Callable[..., Any]) -> None:
    outcome = call("bench", "everything")
    assert outcome.code == 2
    assert f"'everything' is not one of {', '.join(map(repr, ENTRIES))}" in outcome.err


def test_the_number_of_games_must_be_positive(call: Callable[..., Any]) -> None:
    outcome = call("bench", "season", "--games", "0")
    assert outcome.code == 2
    assert "0 is not in the range x>=1" in outcome.err


@pytest.mark.parametrize(
    ("names", "absent", "message"),
    [
        (["season"], ["polars"], "polars is not installed"),
        (["refresh", "season"], ["duckdb", "polars"], "duckdb, polars are not installed"),
        ([], ["dlt"], "dlt is not installed"),
    ],
)
def test_a_missing_peer_is_one_sentence(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, names: list[str], absent: list[str], message: str
) -> None:
    for package in absent:
        monkeypatch.setitem(sys.modules, package, None)  # so that Python does not find it
    outcome = call("bench", *names, *QUICK)
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.strip() == f"Error: {message}; run: pip install 'stanchion[bench]'"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_a_season_and_its_refresh_are_measured_beside_their_peers(bench: Bench) -> None:
    measured = bench("season", "refresh", *QUICK, "--games", "5")
    ours, duckdb, polars, later, *again = measured["season"]
    assert ours["what"].startswith("5 games from nothing: deploy ")
    assert later["what"].startswith("one more game: load ")
    assert [each["peer"] for each in (ours, duckdb, polars, later, *again)] == [
        None, "DuckDB", "polars", None, "DuckDB", "polars"
    ]  # fmt: skip
    # the peers read five of six games: one is a workbook
    assert duckdb["ratio"] == pytest.approx(duckdb["per_second"] / ours["per_second"])
    assert duckdb["per_second"] == pytest.approx(5 / (duckdb["p50_ms"] / 1000))
    facts, queries, whole, *single = measured["refresh"]
    assert queries["ratio"] == pytest.approx(facts["p50_ms"] / queries["p50_ms"])
    assert whole["p50_ms"] > 0
    assert all(each["is_detail"] and each["what"].startswith("marts.fact_") for each in single)
    assert facts["p50_ms"] == pytest.approx(sum(each["p50_ms"] for each in single if each["peer"] is None))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_loading_is_measured_beside_pandas_and_dlt(bench: Bench, db: psycopg.Connection[Any]) -> None:
    measured = bench("load", *QUICK)["load"]
    for name, (_, bar) in PEERS.items():
        peer, ours = (each for each in measured if name in each["what"])
        assert (peer["peer"], ours["peer"], ours["bar"]) == (name, None, bar)
        assert peer["ratio"] == pytest.approx(1 / ours["ratio"])


def result(what: str, ratio: float | None = None, **more: Any) -> Result:
    return Result(what, 1, 10.0, 1.0, 1.0, ratio, more.pop("bar", None), **more)


def pages(measured: dict[str, list[Result]]) -> dict[str, str]:
    return write_pages("b.md", measured, {"measured": "today"}, dict.fromkeys(measured, claims), as_row)


def test_the_first_paragraph_contains_wins_and_losses() -> None:
    first = pages(
        {
            "claims": [result("plain"), result("claim", 0.9, bar=0.7)],
            "load": [result("load"), result("slow", 0.42, peer="pandas"), result("load", 0.5, bar=1.0)],
            "usage": [result("use", 2.0, bar=1.0)],
            "season": [
                result("ours"),
                result("duck", 63.7, peer="DuckDB", task="from nothing"),
                result("bear", 12.3, peer="polars", task="from nothing"),
                result("again", 0.5, peer="polars", task="one more game"),
            ],
        }
    )["b.md"]
    paragraph = next(part for part in first.split("\n\n") if "**Won:**" in part)
    assert paragraph.endswith(
        "**Won:** Stanchion is faster in [load](#load) (2.4 times as fast as pandas) and [season](#season), one more "
        "game (2 times as fast as polars). Every bar is reached in [claims](#claims) and [usage](#usage). "
        "**Lost:** Other programs are faster in [season](#season), from nothing (DuckDB 64 times as fast and polars 12 "
        "times as fast), with the limits listed there. Bars are missed: 1 of 1 in [load](#load)."
    )


def test_a_run_without_bars_and_peers_has_neither_won_nor_lost() -> None:
    written = pages({"usage": [result("plain")]})
    assert list(written) == ["b.md"]
    first = written["b.md"]
    assert "**Won:** No peer is slower. No benchmark reaches all of its bars." in first
    assert "**Lost:** No peer is faster. No bar is missed.\n" in first


def test_lines_of_single_marts_have_a_page_of_their_own() -> None:
    measured = {"refresh": [result("whole"), result("marts.a | b", is_detail=True)], "usage": [result("plain")]}
    first, second = (pages(measured)[name] for name in ("b.md", "b-marts.md"))
    assert "[a page of their own](b-marts.md#refresh)" in first
    assert "marts.a" not in first
    assert "| marts.a &#124; b | 1 |" in second
    assert "whole" not in second
    assert "## usage" not in second


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise StanchionError("the folder is empty.")


def fill(size: int) -> int:
    return len(b"x" * size)


@pytest.mark.parametrize(
    ("way", "reason"), [(kill, "its process was ended by signal 9."), (refuse, "the folder is empty.")]
)
def test_a_way_that_fails_in_its_process_is_one_sentence(way: Callable[[], None], reason: str) -> None:
    with pytest.raises(StanchionError, match=f"^The peer failed: {reason}$"):
        run_apart("The peer", way)


def test_the_memory_of_a_way_is_that_of_its_process() -> None:
    small, big = (run_apart("a way", partial(fill, size)) for size in (1, 200_000_000))
    assert big.result == 200_000_000
    assert big.megabytes > small.megabytes + 150
