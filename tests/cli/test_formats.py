"""The commands of formats, and paths under which there is nothing."""

import json
from pathlib import Path

import psycopg
import pytest

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.mapped import tracking_csv
from stanchion.paths import ROOT
from tests.program import call_stanchion

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
MAPPING = ROOT / "docs" / "formats" / "mappings" / "tracking.yaml"


def run(*args, database_url=NOWHERE):
    return call_stanchion(*map(str, args), database_url=database_url)


@pytest.fixture
def game(tmp_path):
    (tmp_path / "game.csv").write_bytes(tracking_csv([book_game(0)]))
    return tmp_path / "game.csv"


def test_list_and_show_need_no_server():
    listed = json.loads(run("formats", "list", "--json").out)
    assert {
        "name": "roster",
        "of": "roster",
        "kind": "json",
        "from": "built-in",
        "recognised by": "gid, homeRoster or awayRoster",
    } in listed
    assert {row["of"] for row in listed if row["name"].startswith(("hockeytech", "shifts"))} == {
        "hockeytech",
        "event csv",
    }
    assert not any(row["name"].startswith("archived") for row in listed)
    shown = run("formats", "show", "event csv")
    assert shown.code == 0
    assert "  date or game date\n" in shown.out
    documents = run("formats", "show", "hockeytech")
    assert documents.out.startswith("hockeytech events (built-in) reads a json file that has these keys:\n  [].event\n")
    assert documents.out.count(" reads a json file ") == 4
    assert len(json.loads(run("formats", "show", "hockeytech", "--json").out)["documents"]) == 4
    assert run("formats", "show", "nothing").err.strip() == (
        "Error: There is no format 'nothing'; stanchion formats list prints all formats."
    )


def test_check_prints_what_a_load_would_find(game):
    done = run("formats", "check", game, "--mapping", MAPPING)
    assert done.code == 0
    assert "league tracking" in done.out
    assert "1 game read, 0 rejected. Nothing was loaded." in done.out
    (found,) = json.loads(run("formats", "check", game, "--mapping", MAPPING, "--json").out)
    assert (found["format"], found["game"], found["rejected"]) == ("league tracking", "7000", 0)


def test_check_exits_with_1_when_something_is_rejected(game):
    done = run("formats", "check", game)
    assert done.code == 1
    assert "match no supported format" in done.out
    game.write_bytes(game.read_bytes() + b"7000,2024-10-03,A,B,1,5,Dance" + b"," * 18 + b"\n")
    done = run("formats", "check", game, "--mapping", MAPPING)
    assert done.code == 1
    assert "No rule of the mapping fits the row." in done.out


def test_new_prints_a_mapping_that_check_accepts(game, tmp_path):
    done = run("formats", "new", game, "--name", "club events")
    (tmp_path / "club.yaml").write_text(done.out)
    done = run("formats", "check", game, "--mapping", tmp_path / "club.yaml")
    assert (done.code, "club events" in done.out) == (0, True)


def test_mapping_with_an_error_or_a_taken_name_is_refused(game, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(MAPPING.read_text().replace("direction: up", "direction: round"))
    done = run("formats", "check", game, "--mapping", bad)
    assert done.code == 1
    assert "line 22, clock.direction: Invalid enum value 'round'" in done.err
    bad.write_text(MAPPING.read_text().replace("name: league tracking", "name: roster"))
    done = run("load", game, "--tenant", "x", "--format", bad)
    assert done.code == 1
    assert "'roster' is the name of another format; rename the mapping." in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("load", "exprots", "--tenant", "ours"),
        ("load", "exprots", "--tenant", "ours", "--dry-run"),
        ("watch", "exprots", "--tenant", "ours", "--once"),
        ("formats", "check", "exprots"),
        ("formats", "new", "exprots"),
        ("formats", "add", "exprots", "--tenant", "ours"),
        ("load", "exports", "--tenant", "ours", "--format", "exprots"),
        ("watch", "exports", "--tenant", "ours", "--once", "--format", "exprots"),
    ],
)
def test_missing_path_is_a_wrong_command_line(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("exports").mkdir()
    done = run(*command)
    assert done.code == 2
    assert "Error: There is no file or folder 'exprots'. The nearest name is 'exports'." in done.err


def test_watched_file_is_no_folder(game):
    done = run("watch", game, "--tenant", "ours")
    assert done.code == 2
    assert "is not a folder" in done.err


def test_stored_mapping_is_listed_shown_and_removed(db: psycopg.Connection, dsn: str, game):
    db.execute("select core.create_tenant('ours', 'Ours', 'league')")
    options = ("--tenant", "ours")
    added = run("formats", "add", MAPPING, *options, database_url=dsn)
    assert added.out.strip() == "ours reads the mapping 'league tracking'."
    again = run("formats", "add", MAPPING, *options, database_url=dsn)
    assert again.out.strip() == "ours already had the mapping 'league tracking'."
    listed = json.loads(run("formats", "list", *options, "--json", database_url=dsn).out)
    assert (listed[0]["name"], listed[0]["from"]) == ("league tracking", "mapping of ours")
    shown = run("formats", "show", "league tracking", *options, database_url=dsn)
    assert shown.out.strip() == MAPPING.read_text().strip()
    assert run("load", game, *options, database_url=dsn).code == 0
    removed = run("formats", "remove", "league tracking", *options, database_url=dsn)
    assert removed.out.strip() == "ours does not read 'league tracking' any more."
    assert run("formats", "remove", "league tracking", *options, database_url=dsn).code == 1
