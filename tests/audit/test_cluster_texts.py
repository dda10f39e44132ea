"""Queries of Python, dbt macros and documentation contain nothing that a cluster runs wrongly, and faults are found."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from stanchion.cluster import texts
from stanchion.cluster.check import distributed_tables
from stanchion.cluster.texts import Text
from tests.sessions import Db

TABLES = frozenset({"stock.item", "core.event", "contest.team", "core.job"})
_Read = Callable[[str, str], Iterator[Text]]


def counted(source: str, place: str) -> Iterator[Text]:
    """Read queries whose number of rows the caller uses."""
    return texts.query_texts(source, place, {"x"})


WRONG: dict[str, list[tuple[_Read, str]]] = {
    "set_local_is_alone": [
        (
            texts.page_texts,
            "```sh\nstanchion psql -c \"begin; set local app.tenant_id = 'a'; select stock.wipe('a'); commit\"\n```\n",
        ),
        (texts.macro_texts, "{% macro steady() -%}\n    set local enable_seqscan = off;\n{%- endmacro %}"),
        (texts.python_texts, "conn.execute(\"set local app.tenant_id = 'a'; delete from core.job\")"),
        (texts.python_texts, "conn.execute(f\"set local app.tenant_id = '{tenant}'; {statement}\")"),
    ],
    "settings_reach_every_node": [
        (texts.python_texts, "conn.execute(\"select set_config('app.tenant_id', %s, true)\", [tenant])"),
        (texts.query_texts, "-- name: x\nselect set_config( 'app.request_id', %(id)s, true)"),
    ],
    "inserts_return_their_rows": [
        (
            texts.query_texts,
            "-- name: x\ninsert into core.event (tenant_id, a)\nselect %(tenant)s, e.a from unnest(%(a)s) as e (a)",
        ),
        (
            texts.python_texts,
            '_MOVE = ("insert into {table} (tenant_id, {columns}) " "select tenant_id, {columns} from {table}")',
        ),
        (
            texts.python_texts,
            'conn.execute("insert into contest.team select * from core.event where tenant_id = %s", [tenant])',
        ),
    ],
    "every_table_names_its_tenant": [
        (
            texts.query_texts,
            "-- name: x\nselect from stock.item as i join core.event as e on e.tenant_id = i.tenant_id\n"
            "where i.tenant_id = %(tenant)s",
        )
    ],
    "tenant_is_a_variable": [
        (texts.query_texts, "-- name: x\nselect from stock.item as i where i.tenant_id = core.required_tenant()")
    ],
    "writes_contain_no_volatile_calls": [
        (
            texts.query_texts,
            "-- name: x\nupdate core.job as j set run_at = core.clock() where j.tenant_id = %(tenant)s",
        ),
        (
            texts.query_texts,
            "-- name: x\ninsert into core.job (tenant_id) values (%(tenant)s)\n"
            "on conflict do update set run_at = clock_timestamp()",
        ),
    ],
    "writes_are_counted": [
        (
            counted,
            "-- name: x\ninsert into core.event (a) select e.a from unnest(%(a)s) as e (a) on conflict do nothing",
        )
    ],
    "rows_are_found_by_keys": [
        (
            texts.query_texts,
            "-- name: x\ndelete from core.job where ctid = any(array(select j.ctid from core.job as j))",
        )
    ],
    "arguments_have_no_queries": [
        (
            texts.page_texts,
            "```sql\nselect stock.buy((select item_id from stock.item where name = 'Chair'), 3, 'order 17');\n```\n",
        ),
        (
            texts.page_texts,
            "```sql\nselect f.a\nfrom stock.buy(coalesce(null, (select i.item_id from stock.item as i))) as f;\n```\n",
        ),
    ],
}
RIGHT: list[tuple[_Read, str]] = [
    (
        texts.page_texts,
        '```sh\nstanchion psql -c begin -c "set local app.tenant_id = \'a\'" -c "select 1" -c commit\n```\n',
    ),
    (
        texts.page_texts,
        "```sql\nbegin;\nset local app.tenant_id = 'a';\nselect stock.buy('b', 3, 'order 17');\ncommit;\n```\n",
    ),
    (texts.page_texts, "A sentence: `set local app.tenant_id = 'a'; select 1`."),
    (
        texts.macro_texts,
        "{% macro steady() -%}\n    select set_config('enable_seqscan', 'off', true);\n{%- endmacro %}",
    ),
    (texts.python_texts, "conn.execute('set local timezone = utc; set local datestyle = iso')"),
    (texts.python_texts, "raise StanchionError('Select a tenant; insert nothing.')"),
    (texts.python_texts, "conn.execute('select core.set_local(%s, %s)', ['app.tenant_id', tenant])"),
    (texts.query_texts, "-- name: x\ninsert into core.event (tenant_id) select %(tenant)s returning 1"),
    (texts.query_texts, "-- name: x\ninsert into core.event (tenant_id) select %(tenant)s on conflict do nothing"),
    (texts.query_texts, "-- name: x\ninsert into core.event (tenant_id) values (%(tenant)s)"),
    (counted, "-- name: x\ninsert into core.event (a) values (%(a)s) on conflict do nothing"),
    (counted, "-- name: x\ninsert into core.event (a) select %(a)s on conflict do nothing returning 1"),
    (texts.query_texts, "-- name: x\ninsert into core.partition_log (relation) select 'a' from stock.item"),
    (texts.query_texts, "-- name: x\nselect from stock.item as i join core.event as e on e.tenant_id = i.tenant_id"),
    (texts.query_texts, "-- name: x\nselect core.clock() from stock.item as i where i.tenant_id = %(tenant)s  -- ctid"),
]


def checked(read: Iterable[Text]) -> list[tuple[str, str]]:
    return [(finding.check, finding.object) for finding in texts.check_texts(read, TABLES)]


@pytest.mark.parametrize(("name", "read", "source"), [(name, *case) for name, cases in WRONG.items() for case in cases])
def test_fault_is_found(name: str, read: _Read, source: str) -> None:
    found = checked(read(source, "file"))
    assert [check for check, _ in found] == [name]
    assert found[0][1].startswith("file:")


@pytest.mark.parametrize(("read", "source"), RIGHT)
def test_correct_text_has_no_finding(read: _Read, source: str) -> None:
    assert checked(read(source, "file")) == []


def test_each_check_has_a_case_that_breaks_it() -> None:
    assert WRONG.keys() == texts.CHECKS.keys()


def test_queries_whose_rows_are_counted_are_known() -> None:
    queries = [text for text in texts.shipped_texts() if text.is_counted]
    assert any("insert into landing.schedule" in text.sql for text in queries)


def test_line_of_a_finding_is_that_of_the_query() -> None:
    read = texts.query_texts("-- name: a\nselect 1\n\n-- name: b\nselect ctid from core.job\n", "file")
    assert checked(read) == [("rows_are_found_by_keys", "file:4")]


def test_shipped_texts_have_no_findings(deployed_db: Db) -> None:
    read = list(texts.shipped_texts())
    assert len(read) > 300
    assert list(texts.check_texts(read, distributed_tables(deployed_db))) == []


def test_documentation_has_no_findings(deployed_db: Db) -> None:
    read = list(texts.documentation())
    assert len(read) > 300
    assert list(texts.check_texts(read, distributed_tables(deployed_db), texts.PAGE_CHECKS)) == []
