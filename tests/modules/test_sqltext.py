"""A script is cut into statements where the server cuts it, so that a message names the right line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.deploy.script import results
from stanchion.deploy.statements import line_at, split
from stanchion.paths import ROOT


def codes(text: str) -> list[str]:
    return [statement.code for statement in split(text)]


LITERALS = [
    "'a; b'",
    "'it''s; b'",
    r"E'it\'s; b'",
    r"e'\\'",
    "E'a'\n  'it\\'s; b'",
    "e'a' -- why\n  -- and why\n 'it\\'s; b'",
    "$$a; b$$",
    "$body$a; $$ b$body$",
    "$größe$;$größe$",
    r"'\'",
    "U&'\\0061; b'",
]


@pytest.mark.parametrize("literal", LITERALS)
def test_a_semicolon_in_a_literal_ends_nothing(literal: str) -> None:
    assert [code.removeprefix("select u & ") for code in codes(f"select {literal}; select 2;")][-1] == "select 2"
    assert len(codes(f"select {literal}; select 2;")) == 2


def test_comments_and_empty_statements_are_skipped() -> None:
    assert codes("/* a; /* nested; */ b; */ ;; select 1; -- c;\n;") == ["select 1"]


def test_a_routine_with_a_sql_body_is_one_statement() -> None:
    body = "begin atomic; select case when true then 1 else 2 end; select 2; end"
    assert len(codes(f"create function f() returns int {body}; select 1;")) == 2


def test_a_rule_with_several_actions_is_one_statement() -> None:
    assert len(codes("create or replace rule r as on delete to t do also (select 1; select 2); select 3;")) == 2


def test_statements_know_the_line_of_their_first_word() -> None:
    assert [statement.line for statement in split("begin;\n\n-- why\nselect\n1;\nrollback;")] == [1, 4, 6]


def test_a_dollar_inside_a_name_begins_no_literal() -> None:
    assert codes("select 1 as a$$; select 2 as →$$;") == ["select 1 as a$$", "select 2 as →$$"]


@pytest.mark.parametrize("path", sorted(ROOT.glob("sql/**/*.sql")), ids=lambda path: path.name)
def test_no_statement_of_the_project_is_cut_in_two(path: Path) -> None:
    text = path.read_text()
    for statement in split(text):
        assert statement.code.split()[0].isalpha(), f"{path}:{statement.line} begins with {statement.code[:20]}"
        assert text.splitlines()[statement.line - 1].lstrip().startswith(statement.text.splitlines()[0])


def test_the_server_counts_the_same_statements(empty_db: psycopg.Connection[Any]) -> None:
    script = ";\n".join(
        [
            *(f"select {literal}" for literal in LITERALS),
            "/* a; /* nested; */ b; */ ;; select 1 as a$$",
            "create temp table t (a int); create rule r as on delete to t do also (select 1; select 2)",
            "create function pg_temp.f() returns int begin atomic select case when true then 1 end; select 2; end",
            "create function pg_temp.g() returns void language plpgsql as $f$begin perform 1; end;$f$",
            "select 1/0",
        ]
    )
    done = list(results(empty_db.pgconn, script))
    assert done[-1].error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"22012"
    assert len(done) == len(list(split(script)))


def test_lines_are_counted_from_one() -> None:
    assert [line_at("a\nb", 0), line_at("a\nb", 2)] == [1, 2]
