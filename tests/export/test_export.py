"""Exported files contain the rows of the marts: the tests read them back into the database and compare there."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from python_calamine import CalamineWorkbook

from stanchion.access.analysts import add_analyst
from tests.marts.platform import Platform
from tests.program import call_stanchion

Export = Callable[..., str]
OURS = "ours"
MARTS = ("standings", "fact_player_game", "fact_goalie_game", "fact_game_quality", "dim_team", "dim_league_rules")
INFINITE = ("infinity", "-infinity")
HOSTILE = (
    "=1+1",
    'a "quoted" name',
    "two\nlines",
    "a,b",
    "",
    "\\N",
    "\\.",
    "\x01\x02",
    "NULL",
    "t",
    "\u00e9 \U0001f3d2",
)


@pytest.fixture
def export(built: Platform) -> Export:
    """Run the command for a tenant. Return its output, or its error when it is to fail."""

    def export(*args: str, tenant: str = OURS, code: int = 0, dsn: str = built.server.dsn) -> str:
        outcome = call_stanchion("export", "--tenant", tenant, *args, database_url=dsn)
        assert outcome.code == code, outcome.err
        return outcome.err if code else outcome.out

    return export


def assert_same(platform: Platform, mart: str, rows: Iterable[dict[str, Any]]) -> None:
    """Assert that rows from a file are those of a mart for the tenant. Files have no infinite days."""
    conn = platform.conn
    conn.execute("drop table if exists found, expected")
    conn.execute(
        f"create temp table expected as select m.* from marts.{mart} as m join core.tenant as t using (tenant_id) "
        "where t.slug = %s",
        [OURS],
    )
    conn.execute("create temp table found (like expected)")
    types = dict(
        conn.execute(
            "select a.attname, format_type(a.atttypid, null) from pg_attribute as a "
            "where a.attrelid = 'expected'::regclass and a.attnum > 0"
        ).fetchall()
    )
    for name, kind in types.items():
        if kind in ("date", "timestamp with time zone"):
            conn.execute(f"update expected set {name} = null where not isfinite({name})")
    count = 0
    for row in rows:
        assert list(row) == list(types)
        values = [_read(cell, types[name]) for name, cell in row.items()]
        places = sql.SQL(", ").join(sql.SQL("{}::" + kind).format(sql.Placeholder()) for kind in types.values())
        conn.execute(sql.SQL("insert into found values ({})").format(places), values)
        count += 1
    assert count > 0
    both = "(table expected except all table found) union all (table found except all table expected)"
    assert conn.execute(f"select count(*) from ({both}) as different").fetchone() == (0,)


def _read(cell: Any, kind: str) -> Any:
    if cell is None or kind == "text":
        return cell
    if kind == "jsonb":
        return Jsonb(json.loads(cell) if isinstance(cell, str) else cell)
    if kind == "boolean" and cell in ("t", "f"):
        return cell == "t"
    if kind in ("smallint", "integer", "bigint"):
        return int(cell)
    return str(cell)


def read_xlsx(file: Path, sheet: str) -> list[dict[str, Any]]:
    header, *lines = CalamineWorkbook.from_path(file).get_sheet_by_name(sheet).to_python()
    return [
        {str(name): None if cell == "" else cell for name, cell in zip(header, line, strict=True)} for line in lines
    ]


def read_arrow(file: Path) -> list[dict[str, Any]]:
    with pa.ipc.open_file(file) as found:
        return list(found.read_all().to_pylist())


def read_csv(text: str) -> list[dict[str, Any]]:
    """Read CSV, in which null is an empty cell. The marts of the test have no empty text."""
    rows = csv.DictReader(io.StringIO(text))
    return [{name: None if cell in ("", *INFINITE) else cell for name, cell in row.items()} for row in rows]


def test_every_format_has_the_rows_of_the_mart(built: Platform, export: Export, tmp_path: Path) -> None:
    for mart in MARTS:
        files = {form: tmp_path / f"{mart}.{form}" for form in ("json", "parquet", "arrow", "xlsx")}
        for file in files.values():
            export(mart, "--out", str(file))
        rows = json.loads(files["json"].read_bytes())
        assert [json.loads(line) for line in export(mart, "--format", "jsonl").splitlines()] == rows
        assert_same(built, mart, ({k: None if v in INFINITE else v for k, v in row.items()} for row in rows))
        assert_same(built, mart, read_csv(export(mart)))
        assert_same(built, mart, pq.read_table(files["parquet"]).to_pylist())
        assert_same(built, mart, read_arrow(files["arrow"]))
        assert_same(built, mart, read_xlsx(files["xlsx"], mart))
    assert len(list(tmp_path.iterdir())) == 4 * len(MARTS), "no temporary file must remain"


def test_files_contain_one_tenant_only(built: Platform, export: Export, tmp_path: Path) -> None:
    export("--all", "--format", "parquet", "--out", str(tmp_path))
    (row,) = built.rows("select tenant_id::text from core.tenant where slug = %s", OURS)
    found = {file.stem: pq.read_table(file) for file in tmp_path.glob("*.parquet")}
    assert {"standings", "fact_event", "item_velocity"} <= set(found)
    for name, table in found.items():
        if "tenant_id" in table.column_names:
            assert set(table["tenant_id"].to_pylist()) <= {row["tenant_id"]}, name


def test_analyst_gets_the_same_files_for_granted_tenants_only(built: Platform, export: Export) -> None:
    login = "export_reader"
    password = add_analyst(built.conn, login, [OURS])
    reader = make_conninfo(built.server.dsn, user=login, password=password)
    try:
        expected = export("standings")
        assert export("standings", "--as", login) == expected
        assert export("standings", tenant=OURS.title(), dsn=reader) == expected
        assert "cannot read a tenant" in export("standings", tenant="Theirs", dsn=reader, code=1)
        assert "has no right to read theirs" in export("standings", "--as", login, tenant="theirs", code=1)
        assert "analysts do not see loads" in export(
            "standings", "--since", "0", tenant=OURS.title(), dsn=reader, code=1
        )
    finally:
        built.conn.execute(f"drop owned by {login}; drop role {login}")


def test_hostile_names_arrive_unchanged(built: Platform, export: Export, tmp_path: Path) -> None:
    statement = (
        "insert into marts.dim_team select (jsonb_populate_record(null::marts.dim_team, to_jsonb(t) || "
        "jsonb_build_object('team_key', %s::text, 'team_name', %s::text))).* from (select m.* from marts.dim_team as m "
        "join core.tenant as c using (tenant_id) where c.slug = %s limit 1) as t"
    )
    for number, name in enumerate(HOSTILE):
        built.conn.execute(statement, [f"hostile {number}", name, OURS])
    readers: dict[str, Callable[[Path], Iterable[dict[str, Any]]]] = {
        "csv": lambda file: csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")),
        "json": lambda file: json.loads(file.read_bytes()),
        "parquet": lambda file: pq.read_table(file).to_pylist(),
        "arrow": read_arrow,
        "xlsx": lambda file: read_xlsx(file, "dim_team"),
    }
    for form, read in readers.items():
        file = tmp_path / f"teams.{form}"
        export("dim_team", "--out", str(file))
        found = {row["team_key"]: row["team_name"] for row in read(file)}
        expected = [name for name in HOSTILE if name or form != "xlsx"]  # Excel has no empty text
        assert [name for number, name in enumerate(HOSTILE) if found[f"hostile {number}"] == name] == expected, form


def test_workbook_has_a_sheet_for_each_mart_and_continues_on_a_second(
    built: Platform, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = len(json.loads(export("dim_team", "--format", "json")))
    monkeypatch.setattr("stanchion.export.formats.excel._ROWS", teams)  # a header and all rows but one
    export("standings", "dim_team", "--out", str(tmp_path / "season.xlsx"))
    book = CalamineWorkbook.from_path(tmp_path / "season.xlsx")
    assert book.sheet_names[0] == "standings"
    assert book.sheet_names[-2:] == ["dim_team", "dim_team (2)"]
    assert_same(
        built, "dim_team", [row for name in book.sheet_names[-2:] for row in read_xlsx(tmp_path / "season.xlsx", name)]
    )


def changed(platform: Platform, export: Export, lake: Path, since: int) -> dict[str, Any]:
    found = json.loads(
        export("fact_event", "--partition-by", "season_key", "--out", str(lake), "--since", str(since), "--json")
    )
    assert_same(platform, "fact_event", _lake(lake, platform))
    return dict(found)


def _lake(lake: Path, platform: Platform) -> list[dict[str, Any]]:
    """Read the folder as one table, with the columns in the order of the mart."""
    table = ds.dataset(lake / "fact_event", partitioning=ds.partitioning(flavor="hive")).to_table()
    order = [
        row["a"]
        for row in platform.rows(
            "select attname as a from pg_attribute where attrelid = 'marts.fact_event'::regclass and attnum > 0 "
            "order by attnum"
        )
    ]
    return [{name: row[name] for name in order} for row in table.to_pylist()]


def test_partitions_of_changed_games_are_written_again(built: Platform, export: Export, tmp_path: Path) -> None:
    export("fact_event", "--partition-by", "season_key", "--out", str(tmp_path))
    assert_same(built, "fact_event", _lake(tmp_path, built))
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    first = changed(built, export, tmp_path, 0)
    last = int(first["last_load"])
    assert first["games"]
    nothing = changed(built, export, tmp_path, last)
    assert (nothing["games"], nothing["files"][0]["rows"], nothing["last_load"]) == ([], 0, last)
    game = first["games"][0]
    run = call_stanchion("games", "withdraw", game, "--tenant", OURS, "--yes", database_url=built.server.dsn)
    assert run.code == 0, run.err
    built.build()
    after = changed(built, export, tmp_path, last)
    assert after["games"] == [game]
    assert after["last_load"] > last
    assert files


def test_a_failed_export_leaves_the_old_file(built: Platform, export: Export, tmp_path: Path) -> None:
    out = tmp_path / "events.csv"
    out.write_text("old")
    slow = make_conninfo(built.server.dsn, options="-c statement_timeout=1")
    assert "statement timeout" in export("fact_event", "--out", str(out), dsn=slow, code=1)
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["standing"], "There is no mart 'standing' that this login can read; did you mean standings"),
        ([], "Expected the names of marts, or --all, or --list."),
        (["standings", "dim_team"], "Standard output takes one mart"),
        (["standings", "--format", "xlsx"], "Standard output takes one mart, and no workbook"),
        (["standings", "--json"], "--json prints the result on standard output"),
        (["standings", "--partition-by", "season_key"], "it needs --out FOLDER"),
        (["dim_team", "--partition-by", "season_key", "--out", "lake"], "has no column 'season_key'"),
        (["standings", "--since", "9999999"], "--since 9999999 lies after them"),
    ],
)
def test_wrong_arguments_are_refused_with_one_sentence(export: Export, args: list[str], error: str) -> None:
    code = 2 if error.startswith(("Expected", "--json", "it needs")) else 1
    assert error in export(*args, code=code)


def test_list_names_every_readable_mart(export: Export) -> None:
    found = {row["mart"]: row for row in json.loads(export("--list", "--json"))}
    assert found["standings"]["columns"] > 10
    assert "tenant_id" in found["fact_event"]["key"]


MEASURE = """
import resource, sys
from click.testing import CliRunner
from stanchion.cli.main import main
done = CliRunner(catch_exceptions=False).invoke(main, sys.argv[1:])
assert done.exit_code == 0, done.stderr
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_memory_does_not_grow_with_the_rows(built: Platform, tmp_path: Path, form: str) -> None:
    built.conn.execute(
        "create view marts.many with (security_invoker = true) as "
        "select t.tenant_id, n, t.name, md5(n::text) as text "
        "from core.tenant as t cross join generate_series(1, current_setting('test.rows')::integer) as n"
    )
    built.conn.execute("grant select on marts.many to stanchion_builder")
    kilobytes = []
    for rows in (30_000, 300_000):
        dsn = make_conninfo(built.server.dsn, options=f"-c test.rows={rows}")
        command = ["export", "many", "--tenant", OURS, "--out", str(tmp_path / f"many.{form}"), "--dsn", dsn]
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=True, timeout=240
        )
        kilobytes.append(int(done.stdout))
    assert kilobytes[1] < kilobytes[0] * 1.4 + 20_000, kilobytes
