"""Write marts to a file or a folder. A file is complete or absent, whatever happens while it is written."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stanchion.errors import StanchionError
from stanchion.export.formats.columnar import partitions_with, write_arrow, write_parquet, write_partitions
from stanchion.export.formats.excel import write_xlsx
from stanchion.export.formats.text import write_csv, write_json, write_jsonl
from stanchion.export.marts import Mart, Selection, partitions_of
from stanchion.progress import Report
from stanchion.replacing import replacing
from stanchion.server.connection import Connection

_WRITERS = {
    "csv": write_csv,
    "json": write_json,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "arrow": write_arrow,
}
FORMATS = (*_WRITERS, "xlsx")
STDOUT = Path("-")


@dataclass(frozen=True)
class Written:
    """The rows of a mart in a file or folder."""

    mart: str
    rows: int
    file: str


def format_of(out: Path, given: str | None) -> str:
    """Return the given format, or that of the file's name, or CSV."""
    suffix = out.suffix.removeprefix(".").lower()
    return given or (suffix if suffix in FORMATS else "csv")


def write_marts(
    conn: Connection,
    marts: Sequence[Mart],
    selection: Selection,
    form: str,
    out: Path,
    report: Report = lambda _: None,
) -> list[Written]:
    """Write each mart to a file of its own, and several marts of a workbook to one file with a sheet each.

    `out` is a file for one mart or a workbook, and a folder for several marts. A dash is standard output.
    """
    if out == STDOUT:
        if len(marts) > 1 or form == "xlsx":
            raise StanchionError("Standard output takes one mart, and no workbook: name a file or a folder with --out.")
        rows = _WRITERS[form](conn, marts[0], selection, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return [Written(marts[0].name, rows, "-")]
    is_one = len(marts) == 1 or form == "xlsx"
    files = [_file(out, marts[0] if is_one else mart, form, is_one) for mart in marts]
    if form == "xlsx":
        with replacing(files[0]) as beside, beside.open("wb") as stream:
            counts = write_xlsx(conn, marts, selection, stream)
        return [_written(mart, counts[mart.name], files[0], report) for mart in marts]
    return [
        _written(mart, _write(conn, mart, selection, form, file), file, report)
        for mart, file in zip(marts, files, strict=True)
    ]


def write_partitioned(
    conn: Connection,
    marts: Sequence[Mart],
    selection: Selection,
    by: str,
    out: Path,
    report: Report = lambda _: None,
) -> list[Written]:
    """Write each mart to a folder with a partition for each value of a column.

    With games in the selection, only partitions that contain or contained one of them are written again.
    """
    for mart in marts:
        if not mart.has(by):
            raise StanchionError(f"The mart '{mart.name}' has no column '{by}' to partition by.")
    found = []
    for mart in marts:
        folder = out / mart.name
        folder.parent.mkdir(parents=True, exist_ok=True)
        if selection.games is None or not mart.has("game_key"):
            with replacing(folder) as beside:
                rows = write_partitions(conn, mart, Selection(selection.tenant_id), by, beside)
        else:
            rows = _write_changed(conn, mart, selection, by, folder)
        found.append(_written(mart, rows, folder, report))
    return found


def _write_changed(conn: Connection, mart: Mart, selection: Selection, by: str, folder: Path) -> int:
    """Replace the partitions with a game of the selection, in the mart or in the folder. Other partitions stay."""
    games = selection.games or ()
    old = partitions_with(folder, by, games)
    values = {value for (value,) in conn.execute(partitions_of(mart, selection, by))} | set(old.values())
    only = Selection(selection.tenant_id, partitions=(by, tuple(values)))
    with TemporaryDirectory(prefix=f".{mart.name}.", dir=folder.parent) as beside:
        rows = write_partitions(conn, mart, only, by, Path(beside))
        new = {path.name: path for path in Path(beside).iterdir()}
        folder.mkdir(exist_ok=True)
        for name, path in new.items():
            with replacing(folder / name) as place:
                path.rename(place)
        for name in old.keys() - new.keys():
            shutil.rmtree(folder / name)
    return rows


def _write(conn: Connection, mart: Mart, selection: Selection, form: str, file: Path) -> int:
    with replacing(file) as beside, beside.open("wb") as stream:
        return _WRITERS[form](conn, mart, selection, stream)


def _file(out: Path, mart: Mart, form: str, is_one: bool) -> Path:
    """Return the file of a mart, after making its folder."""
    folder = out if out.is_dir() or not is_one else out.parent
    if out.is_file() and not is_one:
        raise StanchionError(f"{out} is a file, and several marts need a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{mart.name}.{form}" if folder == out else out


def _written(mart: Mart, rows: int, file: Path, report: Report) -> Written:
    report(f"{mart.name}: {rows:,} rows in {file}")
    return Written(mart.name, rows, str(file))
