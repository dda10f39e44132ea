"""A second time limit of each test, which ends the process.

The limit of pytest-timeout raises an exception in the main thread. A test can still hang after it, for example when
an executor waits for a thread that waits for the others. This limit writes the stack of each thread to stderr and ends
the process; pytest-xdist reports the test as failed and starts a new process for the tests that follow.
"""

import faulthandler
import os
import sys
from collections.abc import Iterator

import pytest

GRACE = 120  # seconds after the first limit
stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[stderr] = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)  # before a capture replaces it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    marker = item.get_closest_marker("timeout")
    limit = float(marker.args[0] if marker else item.config.getini("timeout"))
    faulthandler.dump_traceback_later(limit + GRACE, exit=True, file=item.config.stash[stderr])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
