"""A competition to play in: teams with a player each, and an official."""

from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.contest.live import Cup


@pytest.fixture
def make_cup(db: psycopg.Connection[Any], make_login: Callable[..., str]) -> Callable[..., Cup]:
    """Make a tenant with a competition of so many teams; what is drawn or added is the caller's."""
    return partial(Cup.make, db, make_login("stanchion_app"))
