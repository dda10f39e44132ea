"""Printed tables keep ids on one line, terminals decide about colours, and printed commands work as they are."""

import fcntl
import json
import os
import shlex
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.cli.output import json_text, table_lines
from tests.conftest import PROGRAM
from tests.sessions import Db

ID = "0b4f8f4e-6f5d-4c6e-9a53-8a6d3f9d2c11"
ROW = {
    "game_id": ID,
    "file": "exports/harbour/game_18969_autosave.json",
    "reason": "the clock of period 2 runs backwards at 10:00",
    "at": None,
}


def test_a_wide_table_wraps_between_words_only() -> None:
    lines = list(table_lines([ROW], 100))
    assert max(map(len, lines)) <= 100
    assert len(lines) > 2
    for word in (ID, *str(ROW["reason"]).split(), ROW["file"]):
        assert sum(str(word) in line for line in lines) >= 1


def test_ids_are_whole_even_where_they_do_not_fit() -> None:
    for width in (80, 20, 1):
        text = "\n".join(table_lines([ROW], width))
        assert ID in text
        assert str(ROW["file"]) in text


def test_without_a_width_each_row_is_one_line() -> None:
    header, line = table_lines([ROW], None)
    assert header.split() == ["game", "id", "file", "reason", "at"]
    assert ROW["reason"] in line


def test_columns_are_aligned_after_wide_characters() -> None:
    lines = list(table_lines([{"name": "ホッケー", "n": 1}, {"name": "Ü", "n": 2}], 80))
    assert lines == ["name      n", "ホッケー  1", "Ü         2"]


def on_a_terminal(columns: int, *args: str, **variables: str) -> str:
    """Run a command whose stdout and stderr are a terminal. Return its output."""
    reading, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: text for name, text in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
        env=env | {"TERM": "xterm"} | variables,
    )  # fmt: skip
    os.close(terminal)
    output = b""
    try:
        while part := os.read(reading, 2**16):
            output += part
    except OSError:  # Linux reports the end of a terminal as an error
        pass
    finally:
        os.close(reading)
    process.wait()
    return output.decode()


def test_a_terminal_of_80_columns_shows_whole_ids(dsn: str, tenants: dict[str, str]) -> None:
    printed = on_a_terminal(80, "--dsn", dsn, "tenant", "list")
    assert all(tenant in printed for tenant in tenants.values())
    assert "\x1b[" in printed


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_and_dumb_terminals_get_plain_text(
    variables: dict[str, str], dsn: str, tenants: dict[str, str], tmp_path: Path
) -> None:
    for args in (["tenant", "list"], ["doctor"], ["load", str(tmp_path), "--tenant", "ours"]):
        (tmp_path / "broken.json").write_text("{")
        printed = on_a_terminal(80, "--dsn", dsn, *args, **variables)
        assert "\x1b[1m" not in printed
        assert not any(f"\x1b[{code}m" in printed for code in (0, 2, 31, 32, 33))


HOSTILE = "a\x1b[31mred\x1b]0;title\x07\x7f\x9b2J\u202eb"


def unprintable(text: str) -> list[str]:
    return [char for char in text if not char.isprintable() and char != "\n"]


@pytest.mark.parametrize("args", [("tenant", "list"), ("games", "loads"), ("games", "rejects")])
def test_no_command_prints_an_escape_sequence_of_the_data(
    args: tuple[str, ...], db: Db, tenants: dict[str, str], stanchion: Callable[..., Any]
) -> None:
    ours = tenants["ours"]
    db.execute("update core.tenant set name = %s where slug = 'ours'", [HOSTILE])
    db.execute(
        "insert into landing.load_batch (tenant_id, load_id, state, kind, source, finished_at) "
        "values (%s, 1, 'done', 'games', %s, now())",
        [ours, HOSTILE],
    )
    db.execute(
        "insert into landing.file (tenant_id, load_id, file_no, path, bytes, outcome, reason) "
        "values (%s, 1, 0, %s, 1, 'quarantined', %s)",
        [ours, HOSTILE, HOSTILE],
    )
    of_tenant = () if args[0] == "tenant" else ("--tenant", "ours")
    shown, as_json = stanchion(*args, *of_tenant), stanchion(*args, *of_tenant, "--json")
    assert (shown.code, as_json.code) == (0, 0)
    assert unprintable(shown.out + shown.err + as_json.out + as_json.err) == []
    assert "a\\x1b[31mred\\x1b]0;title\\x07\\x7f\\x9b2J\\x202eb" in shown.out
    assert HOSTILE in json.loads(as_json.out)[0].values()


def test_an_error_escapes_the_text_that_it_repeats(stanchion: Callable[..., Any], db: Db) -> None:
    done = stanchion("games", "loads", "--tenant", HOSTILE)
    assert done.code == 1
    assert unprintable(done.err) == []
    assert "a\\x1b[31mred" in done.err


def test_json_contains_other_characters_as_they_are() -> None:
    value = {"name": f"Žižkov 🏒 {HOSTILE}", "n": [1.5, None]}
    text = json_text(value)
    assert "Žižkov 🏒" in text
    assert unprintable(text) == []
    assert json.loads(text) == value


def test_the_hint_after_a_load_is_a_command(
    tmp_path: Path, stanchion: Callable[..., Any], tenants: dict[str, str]
) -> None:
    (tmp_path / "broken.json").write_text("{")
    loaded = stanchion("load", str(tmp_path), "--tenant", "ours")
    assert loaded.code == 1
    (hint,) = (line for line in loaded.err.splitlines() if line.startswith("Why: stanchion "))
    rejects = stanchion(*shlex.split(hint)[2:], "--json")
    assert rejects.code == 0, rejects.err
    assert [Path(row["file"]).name for row in json.loads(rejects.out)] == ["broken.json"]
