"""The reference of functions says what the database says."""

import psycopg
import pytest

from .function_reference import REFERENCE, render


def test_the_reference_is_what_the_database_says(deployed_db: psycopg.Connection) -> None:
    if REFERENCE.read_text(encoding="utf-8") != render(deployed_db):
        pytest.fail("docs/functions.md is not what the comments say; run: make catalog", pytrace=False)
