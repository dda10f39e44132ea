"""The command line in the process of the tests."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.conftest import Outcome
from tests.program import call_stanchion


@pytest.fixture
def call(dsn: str) -> Callable[..., Outcome]:
    """Return a function that runs a command in this process, on the database of the fixture db."""
    return partial(call_stanchion, database_url=dsn)
