"""Values of a game reach the tables unchanged, in the right columns, through arrays of rows."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.ingest.reading.rowtext import COLUMNS, _field, _FieldCache
from tests.sessions import Db

# characters with a meaning in rows or arrays, and others
TEXT = st.text(st.sampled_from("\"\\,(){} \t\n\r'aN;$é😀") | st.characters(codec="utf-8", exclude_characters="\0"))


@pytest.fixture(scope="module")
def pairs(deployed_db: Db) -> Db:
    deployed_db.execute(
        "create temporary table pair (tenant_id uuid, played_on date, game_key text, one text, two text)"
    )
    return deployed_db


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(TEXT | st.none(), TEXT | st.sampled_from(["", "NULL", "null", '\\"', "(,)"])), min_size=1)
)
def test_text_in_an_array_of_rows_is_unchanged(rows: list[tuple[str | None, str]], pairs: Db) -> None:
    array = ",".join(f'"(,,,{_field(one)},{_field(two)})"' for one, two in rows)
    found = pairs.execute("select one, two from unnest(%s::pair[])", [f"{{{array}}}"]).fetchall()
    assert found == rows


def test_equal_numbers_have_one_text_in_any_order() -> None:
    for one, other in ((22.0, 22), (0, -0.0), (Decimal("7.0"), 7), (-3, -3.0)):
        cache = _FieldCache()
        assert cache[one] == cache[other] == str(int(other))
    assert (_field(0.25), _field(Decimal("0.250"))) == ("0.25", "0.25")


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_match_the_table_in_order(table: str, deployed_db: Db) -> None:
    columns = deployed_db.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
        "order by attnum",
        [f"contest.{table}"],
    ).fetchall()
    assert ["tenant_id", "played_on", "game_key", *COLUMNS[table]] == [name for (name,) in columns]
