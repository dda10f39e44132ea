"""docs/functions.md matches the database."""

import psycopg
import pytest

from .function_reference import REFERENCE, render


def test_function_reference_is_up_to_date(deployed_db: psycopg.Connection) -> None:
    if REFERENCE.read_text(encoding="utf-8") != render(deployed_db):
        pytest.fail("docs/functions.md differs from the comments of the functions; run: make catalog", pytrace=False)
