"""Fixture of a competition: teams with one player each, and an official."""

from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.contest.live import Cup


@pytest.fixture
def make_cup(db: psycopg.Connection[Any], make_login: Callable[..., str]) -> Callable[..., Cup]:
    """Create a tenant with a competition of the given number of teams, without fixtures."""
    return partial(Cup.make, db, make_login("stanchion_app"))
