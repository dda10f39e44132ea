"""Which tests run on a Citus cluster (`--pg citus`), and the line that counts them when they do not run.

On the cluster run the tests of tests/cluster, and the tests of the functions: their database is distributed, all of its
tenants have their shards on one worker, and every session of a test enters at that worker.
"""

import re

import pytest

from tests.cluster.nodes import bindir
from tests.selection import left_out

FUNCTIONS = ("tests/core/", "tests/contest/", "tests/stock/", "tests/workspace/")
SERVERS = {"cluster", "db", "empty_db"}  # db and empty_db request cluster only at run time
VARIABLE = "STANCHION_CITUS_BINDIR"

_COUNTS = "counts scans, pages or WAL of tables, which are those of shards on a cluster"
_LOGGED = "every table of a cluster is logged"
_STATISTICS = "refreshes the statistics of tenants, which only the coordinator has"

# tests of functions that cannot run on a cluster, with the reason; a pgTAP file is one test
REASONS: dict[str, str] = {
    "tests/core/partitions.test.sql": "creates partitions, which only the coordinator does",
    "tests/core/test_analysts.py": "adds and revokes analysts, which only the coordinator does",
    "tests/core/test_keys_cost.py": _COUNTS,
    "tests/core/test_limits.py::test_crash_resets_rate_limits_and_keeps_cooldowns": _LOGGED,
    "tests/core/windows.test.sql": "uses marts, which are on another node",
    "tests/stock/test_hot_item.py::test_plans_made_on_empty_tables_suit_full_ones": _COUNTS,
    "tests/workspace/test_presence.py": _COUNTS,
    "tests/workspace/test_search.py::test_search_reads_the_index_and_few_rows": _COUNTS,
    "tests/workspace/test_stats.py::test_only_an_operator_can_refresh_stats": _STATISTICS,
    "tests/workspace/test_stats.py::test_stats_view_filters_before_other_conditions": _STATISTICS,
    "tests/workspace/test_stats.py::test_summary_reads_few_pages_of_its_tenant": _COUNTS,
}


def _uses(item: pytest.Item, *fixtures: str) -> bool:
    return not set(fixtures).isdisjoint(getattr(item, "fixturenames", ()))


def _on_cluster(item: pytest.Item) -> bool:
    return _uses(item, "citus") or (item.nodeid.startswith(FUNCTIONS) and _uses(item, *SERVERS, "pgtap_dsn"))


def reason_of(nodeid: str) -> str | None:
    """Return why a test cannot run on a cluster, or None. A name in REASONS also covers its parameters."""
    return next((REASONS[name] for name in REASONS if re.match(rf"{re.escape(name)}(\[|::|$)", nodeid)), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the chosen server: of Citus, of Postgres 15 or 16, or of Postgres 18 with those without one."""
    server = config.getoption("--pg")
    on_cluster = [item for item in items if _on_cluster(item)]
    if server == "citus":
        kept = on_cluster if bindir() else []
        for item in kept:
            if reason := reason_of(item.nodeid):
                item.add_marker(pytest.mark.skip(reason=f"not on a cluster: {reason}"))
                config.stash[left_out]["not on a cluster"] += 1
    else:
        kept = [item for item in items if not _uses(item, "citus")]
        kept = kept if server == "18" else [item for item in kept if _uses(item, *SERVERS)]
    if server != "citus" or not bindir():
        config.stash[left_out]["citus"] = len(on_cluster)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a run succeed that skipped every test because the cluster is not there."""
    if (
        exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        and session.config.getoption("--pg") == "citus"
        and not bindir()
    ):
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.stash[left_out]["citus"]
    if skipped := config.stash[left_out]["not on a cluster"]:
        terminalreporter.write_line(
            f"Skipped: {skipped} tests of functions that cannot run on a cluster: tests/cluster/leg.py.",
            yellow=True,
        )
    if config.getoption("--pg") == "citus" and count:
        terminalreporter.write_line(
            f"Skipped: {count} tests on a Citus cluster. {VARIABLE} must name a bin folder of Postgres with Citus.",
            yellow=True,
        )
