"""Parquet and Arrow. The server renders CSV and Arrow parses it in blocks, so that any file needs little memory."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from psycopg import sql

from stanchion.errors import StanchionError
from stanchion.export.formats.plain import plain
from stanchion.export.marts import Column, Mart, Selection, statement
from stanchion.server.connection import Connection

if TYPE_CHECKING:
    import pyarrow as pa

_GROUP = 128 * 1024  # rows of a row group in Parquet; readers skip groups by their smallest and largest values
_SIZE = re.compile(r"numeric\((\d+),\s*(\d+)\)")


def write_parquet(conn: Connection, mart: Mart, selection: Selection, out: BinaryIO) -> int:
    """Write the rows as one Parquet file, compressed with Zstandard."""
    _require_pyarrow()
    import pyarrow.parquet as pq

    rows = 0
    with (
        _batches(conn, mart, selection) as (schema, batches),
        pq.ParquetWriter(out, schema, compression="zstd") as file,
    ):
        for table in _grouped(schema, batches):
            file.write_table(table)
            rows += table.num_rows
    return rows


def write_arrow(conn: Connection, mart: Mart, selection: Selection, out: BinaryIO) -> int:
    """Write the rows as one file in the format of Arrow, which tools map into memory."""
    _require_pyarrow()
    import pyarrow as pa

    rows = 0
    with _batches(conn, mart, selection) as (schema, batches), pa.ipc.new_file(out, schema) as file:
        for batch in batches:
            file.write_batch(batch)
            rows += batch.num_rows
    return rows


def write_partitions(conn: Connection, mart: Mart, selection: Selection, by: str, out: Path) -> int:
    """Write a folder `by=value` with Parquet for each value of a column, as DuckDB and Polars read it."""
    _require_pyarrow()
    import pyarrow as pa
    import pyarrow.dataset as ds

    rows = 0

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in batches:
            rows += batch.num_rows
            yield batch

    with _batches(conn, mart, selection) as (schema, batches):
        ds.write_dataset(
            pa.RecordBatchReader.from_batches(schema, counted(batches)),
            out,
            format="parquet",
            file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
            partitioning=[by],
            partitioning_flavor="hive",
            max_rows_per_group=_GROUP,
        )
    return rows


def partitions_with(folder: Path, by: str, games: Sequence[str]) -> dict[str, str | None]:
    """Return the partitions of a written folder that contain one of the games: their folders, and their values."""
    _require_pyarrow()
    import pyarrow as pa
    import pyarrow.dataset as ds

    if not folder.is_dir():
        return {}
    written = ds.dataset(folder, format="parquet", partitioning=ds.partitioning(flavor="hive"))
    found: dict[str, str | None] = {}
    for fragment in written.get_fragments():
        if fragment.count_rows(filter=ds.field("game_key").isin(pa.array(games, pa.string()))):
            value = ds.get_partition_keys(fragment.partition_expression).get(by)
            found[Path(fragment.path).parent.name] = None if value is None else str(value)
    return found


@contextmanager
def _batches(
    conn: Connection, mart: Mart, selection: Selection
) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    import pyarrow as pa
    from pyarrow import csv

    types = {each.name: _type(each) for each in mart.columns}
    found = statement(mart, selection, [_named(each) for each in mart.columns])
    with (
        conn.cursor() as cursor,
        cursor.copy(sql.SQL("copy ({}) to stdout (format csv, header)").format(found)) as copy,
    ):
        reader = csv.open_csv(
            io.BufferedReader(_Rows(iter(copy)), 2**20),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=types,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,  # Postgres writes two quotes for an empty text
                true_values=["t"],
                false_values=["f"],
            ),
        )
        yield pa.schema(types.items()), iter(reader)


def _grouped(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Join the batches to tables of a row group, because Arrow parses blocks of a megabyte."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= _GROUP:
            yield pa.Table.from_batches(waiting, schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


class _Rows(io.RawIOBase):
    """The rows of a COPY as a file that can be read."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            row = next(self._rows, None)
            if row is None:
                return 0
            self._rest = memoryview(row)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _named(found: Column) -> sql.Composed:
    return sql.SQL("{} as {}").format(plain(found), sql.Identifier(found.name))


def _type(found: Column) -> pa.DataType:
    import pyarrow as pa

    if size := _SIZE.fullmatch(found.type):
        return pa.decimal128(int(size[1]), int(size[2]))
    return {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp with time zone": pa.timestamp("us", "UTC"),
        "interval": pa.float64(),
        "numeric": pa.float64(),
        "double precision": pa.float64(),
        "real": pa.float32(),
    }.get(found.kind, pa.string())


def _require_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise StanchionError(
            "Parquet and Arrow need a package; install it with: pip install 'stanchion[export]'"
        ) from None
