"""Which tests a run contains, and in which process a test runs.

`--select quick` leaves out the tests marked exhaustive or debian, and says so in the last line; `--select rest` runs
only those. Tests that share an expensive fixture run in one process, so that the fixture is made once.
"""

from collections import Counter
from typing import Any

import pytest

LEFT_OUT = {
    "exhaustive": "with more rounds, more volume or more variants",
    "debian": "with programs of Debian",
}
EXPENSIVE = {
    "_built_template": "marts",
    "_empty_template": "marts",
    "fresh_platform": "marts",
    "prepared": "pages",
    "pair": "replicas",
    "million": "plans",
    "audited": "audit",
    "bare": "deployers",
}
_counts = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--select",
        choices=["all", "quick", "rest"],
        default="all",
        help="Which tests: all, those of make test (quick), or those that make test leaves out (rest).",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_counts] = Counter()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = config.getoption("--select")
    reasons = {item: next((name for name in LEFT_OUT if item.get_closest_marker(name)), None) for item in items}
    if chosen != "all":
        kept = [item for item in items if bool(reasons[item]) == (chosen == "rest")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        config.stash[_counts].update(reason for reason in reasons.values() if reason)
        items[:] = kept
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if group := next((EXPENSIVE[name] for name in fixtures if name in EXPENSIVE), None):
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts from a process of pytest-xdist to the one that prints the summary."""
    if output := getattr(session.config, "workeroutput", None):
        output["left_out"] = dict(session.config.stash[_counts])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_counts] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--select") == "quick":
        counts = config.stash[_counts]
        parts = [f"{counts[name]} tests {what}" for name, what in LEFT_OUT.items() if counts[name]]
        parts.append("every test on Postgres 15 and 16")
        terminalreporter.write_line(f"Left out: {', '.join(parts)}. make test-all runs them.", yellow=True)
