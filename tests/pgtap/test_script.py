"""A test file is refused when it could leave changes in the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from stanchion.dev.pgtap.script import RefusedFileError, read


@pytest.mark.parametrize(
    ("middle", "word"),
    [
        ("commit;", "commit"),
        ("COMMIT AND CHAIN;", "commit"),
        ("end;", "end"),
        ("/* quiet */ begin;", "begin"),
        ("start transaction;", "start"),
        ("rollback;", "rollback"),
        ("abort;", "abort"),
        ("prepare transaction 'later';", "prepare"),
        ("select 1; commit", "commit"),
    ],
)
def test_second_transaction_is_refused_with_its_line(tmp_path: Path, middle: str, word: str) -> None:
    path = tmp_path / "leaky.test.sql"
    path.write_text(f"-- leaky\nbegin;\n{middle};\nrollback;\n")
    with pytest.raises(RefusedFileError, match=rf"leaky\.test\.sql:3: not isolated: {word} in the middle"):
        read(path)


@pytest.mark.parametrize(
    "middle",
    ["savepoint s; rollback to s;", "rollback to savepoint s;", "rollback work to s;", "select 'commit;'"],
)
def test_savepoints_are_allowed(tmp_path: Path, middle: str) -> None:
    path = tmp_path / "savepoint.test.sql"
    path.write_text(f"begin;\n{middle};\nrollback;\n")
    assert read(path).statements[-1].code == "rollback"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "promise.test.sql:1: not isolated: begin the file with begin; and end it with rollback;"),
        ("-- only words\n", "promise.test.sql:1: not isolated: begin the file"),
        ("select 1;\nrollback;", "promise.test.sql:1: not isolated: begin the file"),
        ("begin;", "promise.test.sql:1: not isolated: end the file with rollback;"),
        ("begin;\nselect 1;\n", "promise.test.sql:2: not isolated: end the file with rollback;"),
        ("begin;\nselect 1;\nrollback and chain;", "promise.test.sql:3: not isolated: end the file"),
        ("begin;\nrollback;\ndrop table t;", "promise.test.sql:2: not isolated: rollback in the middle"),
        ("begin;\nrollback;\n\0", "promise.test.sql: contains a NUL character"),
    ],
)
def test_file_without_one_transaction_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "promise.test.sql"
    path.write_text(text)
    with pytest.raises(RefusedFileError) as refused:
        read(path)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("begin;\n\\ir missing.sql\nrollback;", "promise.test.sql:2: \\ir missing.sql: "),
        ("\\ir common.sql\nbegin;\nrollback;", "common.sql:1: not isolated: begin the file"),
        ("begin;\n\\ir common.sql", "common.sql:1: not isolated: end the file with rollback;"),
    ],
)
def test_included_file_must_exist_inside_the_transaction(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "common.sql").write_text("select 1;")
    (tmp_path / "promise.test.sql").write_text(text)
    with pytest.raises(RefusedFileError) as refused:
        read(tmp_path / "promise.test.sql")
    assert sentence in str(refused.value)


def test_included_file_runs_between_the_statements(tmp_path: Path) -> None:
    """Each statement has the line of its own file. An empty file is allowed."""
    (tmp_path / "common.sql").write_text("\nselect 1;")
    (tmp_path / "empty.sql").write_text("-- nothing\n")
    path = tmp_path / "promise.test.sql"
    path.write_text("begin;\n\\ir common.sql\n\\ir empty.sql\nselect 2;\nrollback;\n")
    read_back = [(statement.code, statement.line) for statement in read(path).statements]
    assert read_back == [("begin", 1), ("select 1", 2), ("select 2", 4), ("rollback", 5)]


def test_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.test.sql"
    path.write_bytes("begin;\nselect 'größe';\nrollback;\n".encode("latin-1"))
    with pytest.raises(RefusedFileError, match=r"latin\.test\.sql:2: not UTF-8; save the file as UTF-8\."):
        read(path)


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "bom.test.sql"
    path.write_text("begin; rollback;", encoding="utf-8-sig")
    assert read(path).statements[0].code == "begin"
