"""Which tests a run contains, and in which process of pytest-xdist a test runs.

`--select quick` leaves out the tests marked exhaustive or debian, and counts them in the last line; `--select rest`
runs only those. The tests of a file run in one process. Files that share an expensive fixture run in the same process,
so that the fixture is made once. The mark xdist_group of pytest-xdist 3.8 has no effect with pytest 9.2.
"""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LEFT_OUT = {
    "exhaustive": "with more rounds, more volume or more variants",
    "debian": "with programs of Debian",
}
SHARED = {
    "tests/marts/": "marts",
    "tests/export/": "marts",
    "tests/transfer/": "marts",
    "tests/conformance/test_benchsight.py": "marts",
    "tests/places/test_postgrest.py": "marts",
    "tests/places/test_superset.py": "marts",
    "tests/docs/test_blocks.py": "demo",
    "tests/docs/test_demo.py": "demo",
    "tests/docs/test_demo_live.py": "demo",
}
left_out = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--select",
        choices=["all", "quick", "rest"],
        default="all",
        help="Which tests: all, those of make test (quick), or those that make test leaves out (rest).",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[left_out] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = config.getoption("--select")
    reasons = {item: next((name for name in LEFT_OUT if item.get_closest_marker(name)), None) for item in items}
    if chosen != "all":
        kept = [item for item in items if bool(reasons[item]) == (chosen == "rest")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        config.stash[left_out].update(reason for reason in reasons.values() if reason)
        items[:] = kept
    # the longest groups first, because a long group that begins last delays the end
    slow = Counter(_group(item.nodeid) for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[_group(item.nodeid)])


def _group(nodeid: str) -> str:
    """Return the file of a test, or the name of the group of files to which it belongs."""
    file = nodeid.partition("::")[0]
    return next((group for path, group in SHARED.items() if file.startswith(path)), file)


class _ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process one group after the other, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return _ByGroup(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts from a process of pytest-xdist to the one that prints the summary."""
    if output := getattr(session.config, "workeroutput", None):
        output["left_out"] = dict(session.config.stash[left_out])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[left_out] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--select") == "quick":
        counts = config.stash[left_out]
        parts = [f"{counts[name]} tests {what}" for name, what in LEFT_OUT.items() if counts[name]]
        parts += ["every test on Postgres 15 and 16", f"{counts['citus']} tests on a Citus cluster"]
        terminalreporter.write_line(f"Left out: {', '.join(parts)}. make test-all runs them.", yellow=True)
